"""Answers about leads: overview, timeline and explanation of one, export of all. Reads only."""
