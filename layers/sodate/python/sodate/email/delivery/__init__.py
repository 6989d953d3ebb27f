"""The send protocol and the ledger: transactional email, SES calls, sweeper, unknown and failed sends."""
