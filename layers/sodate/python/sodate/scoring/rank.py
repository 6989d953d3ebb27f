"""Ranks: fit (A, B, C: the attribute total) × engagement (1, 2, 3: the behaviour total)."""

from enum import StrEnum


class Rank(StrEnum):
    A1 = "A1"
    A2 = "A2"
    A3 = "A3"
    B1 = "B1"
    B2 = "B2"
    B3 = "B3"
    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
