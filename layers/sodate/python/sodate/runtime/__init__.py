"""What a Lambda function needs around a use case: clients, settings, batches, HTTP, logs, metrics."""
