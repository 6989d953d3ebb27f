"""What a person may ask of stored data: export, erasure and its ledger, merges, access log, retention."""
