"""Plays the live scenarios and broadcasts through with imagined people, before anybody gets an email."""
