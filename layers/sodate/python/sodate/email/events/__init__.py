"""SES events: parsing, their effect on ledger and lead, coverage of reports."""
