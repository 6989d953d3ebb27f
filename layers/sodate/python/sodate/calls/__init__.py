"""Call tasks: a call (架電) that a scenario asks of a lead's owner, with due time and result."""
