"""Playbooks: marketing as reviewed files. Read, check, compile, plan, apply."""
