"""Campaigns (施策): what they cost, whom they reached, and the revenue that is attributed to their touches."""
