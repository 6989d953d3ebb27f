"""Email of every kind: content, delivery, reputation, events of SES."""
