"""`sodate report …`: reports in the terminal, as CSV, as JSON and as one HTML page."""
