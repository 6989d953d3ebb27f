"""One structured log line per invocation, never per email, never with personal data or a token."""

from functools import cache

from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    return Logger(log_uncaught_exceptions=False, use_rfc3339=True, utc=True)
