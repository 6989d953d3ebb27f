"""Figures: exact counters per scope and hour, their definitions and targets, and the funnel."""
