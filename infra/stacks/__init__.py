"""Stacks: they only wire components together."""
