"""Leads and suppressions from files: mapping, decisions per row, checkpoints."""
