"""Sends that an operator may have to look at: those with an unknown outcome, and failed ones."""
