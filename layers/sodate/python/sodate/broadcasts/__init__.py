"""Broadcasts: definition, runs, audience, sending to a segment once per person, approval and test sends."""
