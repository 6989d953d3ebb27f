"""Reports: one document per report, and the terminal text, CSV, JSON, HTML page and email that are made from it."""
