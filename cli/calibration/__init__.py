"""Integer score rules learnt from outcomes. Needs the extra `calibrate`; `sodate score calibrate` imports it late."""
