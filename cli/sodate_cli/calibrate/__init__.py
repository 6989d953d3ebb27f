"""`sodate score calibrate`: integer points learnt from outcomes. Needs the extra `calibrate`, imported late."""
