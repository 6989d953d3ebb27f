"""The ledger: one item per planned email, its states, and what an SES event does to it."""
