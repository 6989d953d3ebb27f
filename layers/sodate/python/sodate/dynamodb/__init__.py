"""The table: base model, key strings, lean client, transactions, batches."""
