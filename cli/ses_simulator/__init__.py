"""A deterministic Amazon SES in process: a value, and a client with boto3's parameters. Knows nothing of Sodate."""
