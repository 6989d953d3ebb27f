"""Experiments: assignment of variants, what counts as a success, the decision between variants, what was decided."""
