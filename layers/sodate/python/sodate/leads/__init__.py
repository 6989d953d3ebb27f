"""Profile and contact state of a lead, addresses, time zones."""
