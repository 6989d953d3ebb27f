"""A deterministic Amazon SES: one core for tests in process and for the local cloud over HTTP."""
