"""Stacks: they only wire components together. What must survive is in `stateful`, the rest in `stateless` (0077)."""
