"""Changes of the table become domain events."""
