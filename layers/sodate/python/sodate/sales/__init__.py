"""Hand-off to sales: assignment, notification, feedback, escalation, recycling."""
