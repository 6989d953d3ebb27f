"""`sodate score calibrate`: an integer-point rule set learnt from outcomes. Needs the extra `calibrate`, imported late."""
