"""Commands of companies, deals, API tokens, and of files with activities or deals."""
