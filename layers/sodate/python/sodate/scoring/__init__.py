"""Scores: compiled rules, engine, replay, signals on an upward crossing."""
