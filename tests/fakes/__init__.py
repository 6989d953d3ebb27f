"""Fakes of AWS services and of time, one of each, for tests, simulation and benchmarks.

Each module says what of AWS it keeps and what it does not. None of them imports a playbook, an invariant or a world:
what a caller needs (a clock, a crash point, a fault) it passes in.
"""
