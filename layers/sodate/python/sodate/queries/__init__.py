"""Answers about one lead: overview, timeline, explanation. Reads only."""
