"""Playbook directories: reading, linting, compiling, planning, publishing.

Needs the extra `cli` and runs where people work, never on Lambda (docs/decisions/0076).
"""
