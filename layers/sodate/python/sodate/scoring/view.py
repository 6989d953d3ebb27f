"""The score view: points per rule at one moment, and the totals that they add up to."""

from collections.abc import Callable
from dataclasses import dataclass

from sodate.conditions.language import ScoreTest
from sodate.leads.lead import Totals


@dataclass(frozen=True)
class Line:
    """Points of one rule (by number). `before_caps`: its points without the cap of its group."""

    rule: int
    points: int
    before_caps: int
    times: int


@dataclass(frozen=True)
class View:
    """Points per rule and their totals, as of one minute."""

    lines: tuple[Line, ...]
    by_category: dict[str, Totals]
    overall: Totals
    total: int
    """The sum of `overall`, clamped to the floor and the ceiling."""


def total_of(view: View) -> int:
    return view.total


def behaviour_of(view: View) -> int:
    return view.overall.behaviour_plus + view.overall.behaviour_minus


def reader_of(test: ScoreTest) -> Callable[[View], int]:
    def read(view: View) -> int:
        if test.category is None and test.score == "total":
            return view.total
        totals = view.overall if test.category is None else view.by_category.get(test.category, Totals())
        return {
            "total": totals.total,
            "attribute": totals.attribute_plus + totals.attribute_minus,
            "behaviour": totals.behaviour_plus + totals.behaviour_minus,
            "attribute_plus": totals.attribute_plus,
            "attribute_minus": totals.attribute_minus,
            "behaviour_plus": totals.behaviour_plus,
            "behaviour_minus": totals.behaviour_minus,
        }[test.score]

    return read
