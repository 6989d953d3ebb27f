"""Whether an email may be sent to a lead now: frequency caps, open hours, and the claim that decides it."""
