"""Segments: definitions, membership of one lead as a pure decision, its items, and the lists of members."""
