"""The log: one item per fact about a lead, in order of time."""
