"""Candidate tests of one attribute: round thresholds near quantiles, single values, groups of similar values."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from calibration.table import Bools, Column, Floats, Ints, Outcomes

Kind = Literal["at_least", "less_than", "any_of", "present", "absent"]
Matrix = npt.NDArray[np.float32]
THRESHOLDS = 15
#: Most distinct values per column that become candidates, by frequency.
LEVELS = 40
#: Longest value that the rule language accepts.
LONGEST_VALUE = 200
_RAREST_IN_GROUP = 5
_PRIOR = 10


@dataclass(frozen=True)
class Test:
    """One test of one column, in the terms of the rule language. `column`: index in `Outcomes.columns`."""

    column: int
    kind: Kind
    bound: float = 0.0
    levels: tuple[int, ...] = ()

    def holds(self, column: Column) -> Bools:
        """Rows that match, as in production: a missing value matches only `absent`."""
        if self.kind in ("present", "absent"):
            return column.given if self.kind == "present" else ~column.given
        if self.kind == "any_of":
            return np.isin(column.codes, self.levels)
        with np.errstate(invalid="ignore"):  # NaN compares false, which is what is wanted
            return column.values >= self.bound if self.kind == "at_least" else column.values < self.bound


def least_leads(rows: int) -> int:
    """Minimum number of leads that a rule must match, and must not match, to be statistically meaningful."""
    return max(10, round(rows * 0.006))


def candidates(data: Outcomes) -> list[Test]:
    """Distinct tests. Simple ones come first, so that of two equivalent tests the simpler one is kept."""
    least, seen, result = least_leads(len(data)), set[tuple[int, bytes]](), []
    for position, column in enumerate(data.columns):
        for test in _of_number(position, column) if column.is_number else _of_text(position, column, data.won):
            matches = test.holds(column)
            key = (position, np.packbits(matches).tobytes())
            if least <= matches.sum() <= len(data) - least and key not in seen:
                seen.add(key)
                result.append(test)
    return result


def matrix(data: Outcomes, tests: list[Test]) -> Matrix:
    """One column per test: 1 where it matches, else 0."""
    matches = np.empty((len(data), len(tests)), dtype=np.float32)
    for position, test in enumerate(tests):
        matches[:, position] = test.holds(data.columns[test.column])
    return matches


def _of_number(position: int, column: Column) -> Iterator[Test]:
    values = column.values[column.given]
    if len(values):
        distinct = np.unique(values)
        quantiles = np.linspace(0, 1, THRESHOLDS + 2)[1:-1]
        cuts = {float(cut) for cut in np.quantile(values, quantiles, method="nearest")}
        bounds = sorted({round_between(_below(distinct, cut), cut) for cut in cuts if cut > distinct[0]})
        yield from (Test(position, "at_least", bound) for bound in bounds)
        yield from (Test(position, "less_than", bound) for bound in bounds)
    yield Test(position, "present")
    yield Test(position, "absent")


def _below(distinct: Floats, cut: float) -> float:
    return float(distinct[int(np.searchsorted(distinct, cut)) - 1])


def round_between(low: float, high: float) -> float:
    """The roundest number in (`low`, `high`]: it splits the leads as `high` does and is easier to read.

    Whole numbers get whole bounds.
    """
    scale = 10.0 ** math.ceil(math.log10(max(abs(low), abs(high), 1e-9)))
    while scale > (high - low) * 1e-6:
        for part in (1.0, 0.5, 0.25):
            step = scale * part
            bound = float(f"{math.floor(high / step) * step:.12g}")
            if low < bound <= high and (bound.is_integer() or not high.is_integer()):
                return bound
        scale /= 10
    return high


def _of_text(position: int, column: Column, won: Floats) -> Iterator[Test]:
    counts, wins = _counts(column.codes, won, len(column.levels))
    usual = [int(code) for code in np.argsort(-counts, kind="stable") if len(column.levels[code]) <= LONGEST_VALUE]
    frequent = [code for code in usual[:LEVELS] if counts[code] >= _RAREST_IN_GROUP]
    yield Test(position, "present")
    yield Test(position, "absent")
    yield from (Test(position, "any_of", levels=(code,)) for code in sorted(frequent))
    rate = (wins + _PRIOR * won.mean()) / (counts + _PRIOR)
    ordered = sorted(frequent, key=lambda code: (rate[code], code))
    for end in range(2, len(ordered)):  # as decision trees split categories: by prefix of the win rate
        yield Test(position, "any_of", levels=tuple(sorted(ordered[:end])))
        yield Test(position, "any_of", levels=tuple(sorted(ordered[-end:])))


def _counts(codes: Ints, won: Floats, size: int) -> tuple[Floats, Floats]:
    given = codes >= 0
    counts = np.bincount(codes[given], minlength=size).astype(np.float64)
    wins: Floats = np.bincount(codes[given], weights=won[given], minlength=size).astype(np.float64)
    return counts, wins
