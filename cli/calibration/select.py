"""Sparse selection: rules (one test, or two combined) are added one at a time and exchanged while the loss improves.

Each iteration evaluates every pair of tests by two matrix products, without building the pairs. A rule is chosen by
its gain over the rules already selected (a Newton step of the penalised likelihood), within the required sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from calibration.candidates import Matrix, Test
from calibration.logistic import Fit, fit, loss, sigmoid
from calibration.table import Bools, Floats, Ints

RIDGE = 10.0
_SHORTLIST = 64
_CAUTION = 5.0
_LEAST_GAIN = 0.05
#: Gain factor for rules with two tests: at similar gain, a rule with one test is preferred for readability.
_FOR_TWO = 0.9
#: Correlation above which a rule is redundant with a selected one.
_ALIKE = 0.9
Pair = tuple[int, int]


@dataclass(frozen=True)
class Constraints:
    """By column index. `direction`: the score only rises (+1) or falls (-1) with the value. `sign`: of the points."""

    direction: dict[int, int] = field(default_factory=dict)
    sign: dict[int, int] = field(default_factory=dict)


@dataclass
class Selected:
    """`pairs`: indexes of tests, equal for a single test. `matches`: one 0/1 column per rule."""

    pairs: list[Pair]
    matches: Floats
    fit: Fit


class Selector:
    def __init__(self, tests: Sequence[Test], matches: Matrix, constraints: Constraints, least: int) -> None:
        self._matches = matches
        signs = np.array([_sign(test, constraints) for test in tests], dtype=np.int64).reshape(-1, 2)
        self._may_add = np.logical_and.outer(signs[:, 1] > 0, signs[:, 1] > 0)
        self._may_cost = np.logical_and.outer(signs[:, 0] > 0, signs[:, 0] > 0)
        together = matches.T @ matches
        enough = (together >= least) & (together <= len(matches) - least)
        self._possible: Bools = np.triu(enough & _combinable(tests, constraints))

    def path(self, wanted: Floats, sizes: Sequence[int]) -> dict[int, Selected]:
        """The best rules for each size; a larger set starts from the smaller one and may exchange any of its rules."""
        now = Selected([], np.empty((len(wanted), 0)), Fit(_log_odds(float(wanted.mean())), np.empty(0)))
        banned: set[Pair] = set()
        result: dict[int, Selected] = {}
        for size in sorted(sizes):
            while len(now.pairs) < size and (more := self._with_one_more(now, wanted, banned)) is not None:
                now = more
            now = self._exchange(now, wanted, banned, most_exchanges=size)
            result[size] = now
        return result

    def _exchange(self, now: Selected, wanted: Floats, banned: set[Pair], most_exchanges: int) -> Selected:
        best = loss(now.matches, wanted, now.fit, RIDGE)
        for _ in range(most_exchanges if now.pairs else 0):
            weakest = int((now.fit.weights**2 / now.fit.variances(now.matches, RIDGE)[1:]).argmin())
            other = self._with_one_more(_without(now, weakest, wanted), wanted, banned)
            if other is None or len(other.pairs) < len(now.pairs):
                break
            value = loss(other.matches, wanted, other.fit, RIDGE)
            if value > best - _LEAST_GAIN:
                break
            now, best = other, value
        return now

    def _with_one_more(self, now: Selected, wanted: Floats, banned: set[Pair]) -> Selected | None:
        """Add the best rule. A rule that gets a disallowed sign in the joint fit is excluded permanently."""
        while (pair := self._best(now, wanted, banned)) is not None:
            matches = np.column_stack([now.matches, self._matches[:, pair[0]] * self._matches[:, pair[1]]])
            more = Selected([*now.pairs, pair], matches, fit(matches, wanted, RIDGE, start=np.append(now.fit.all, 0.0)))
            wrong = [
                position
                for position, rule in enumerate(more.pairs)
                if not self._allowed(rule, more.fit.weights[position])
            ]
            if not wrong:
                return more
            banned.update(more.pairs[position] for position in wrong)
            for position in reversed(wrong):
                more = _without(more, position, wanted)
            if len(more.pairs) > len(now.pairs):
                return more
            now = more
        return None

    def _allowed(self, pair: Pair, weight: float) -> bool:
        may = self._may_add if weight >= 0 else self._may_cost
        return bool(may[pair])

    def _best(self, now: Selected, wanted: Floats, banned: set[Pair]) -> Pair | None:
        if not self._possible.any():
            return None
        chance = now.fit.chances(now.matches)
        rest = (wanted - chance).astype(np.float32)
        doubt = (chance * (1 - chance)).astype(np.float32)
        pull = self._matches.T @ (self._matches * rest[:, None])
        weight = self._matches.T @ (self._matches * doubt[:, None])
        allowed = self._possible & np.where(pull >= 0, self._may_add, self._may_cost)
        gain = np.where(allowed, pull * pull / (weight + RIDGE + _CAUTION), -1.0)
        for pair in (*now.pairs, *banned):
            gain[pair] = -1.0
        top = min(_SHORTLIST, gain.size)
        best: Ints = np.sort(np.argpartition(-gain, top - 1, axis=None)[:top])
        best = best[gain.ravel()[best] > 0]
        if not len(best):  # no allowed rule is left
            return None
        first, second = np.unravel_index(best, gain.shape)
        added = (self._matches[:, first] * self._matches[:, second]).astype(np.float64)
        gains = _added_gain(now, added, rest, doubt) * np.where(first == second, 1.0, _FOR_TWO)
        gains[_alike(now.matches, added)] = -1.0
        winner = int(gains.argmax())
        if gains[winner] <= 0:
            return None
        return int(first[winner]), int(second[winner])


def _added_gain(now: Selected, added: Floats, rest: Matrix, doubt: Matrix) -> Floats:
    """Gain of each candidate when all selected weights are refitted at the same time (Schur complement)."""
    known = np.column_stack([np.ones(len(rest)), now.matches])
    weighed = known * doubt[:, None]
    among = known.T @ weighed + np.diag(np.r_[1e-6, np.full(now.matches.shape[1], RIDGE)])
    shared = weighed.T @ added
    own = np.einsum("ij,ij->j", added * doubt[:, None], added) - np.einsum(
        "ij,ij->j", shared, np.linalg.solve(among, shared)
    )
    gain: Floats = (added.T @ rest) ** 2 / (own + RIDGE + _CAUTION)
    return gain


def _alike(matches: Floats, added: Floats) -> Bools:
    """Whether each candidate correlates strongly, positively or negatively, with a selected rule."""
    if not matches.shape[1]:
        return np.zeros(added.shape[1], dtype=bool)
    centred, other = added - added.mean(axis=0), matches - matches.mean(axis=0)
    spread = np.outer(np.sqrt((other**2).sum(axis=0)), np.sqrt((centred**2).sum(axis=0)))
    result: Bools = (np.abs(other.T @ centred) > _ALIKE * np.maximum(spread, 1e-12)).any(axis=0)
    return result


def _without(now: Selected, position: int, wanted: Floats) -> Selected:
    matches = np.delete(now.matches, position, axis=1)
    start = np.delete(now.fit.all, position + 1)
    return Selected(
        [*now.pairs[:position], *now.pairs[position + 1 :]], matches, fit(matches, wanted, RIDGE, start=start)
    )


def _sign(test: Test, constraints: Constraints) -> tuple[bool, bool]:
    """Whether the test may cost points, and whether it may give points."""
    cost = give = True
    if (sign := constraints.sign.get(test.column)) is not None:
        cost, give = sign < 0, sign > 0
    if (direction := constraints.direction.get(test.column)) is not None and test.kind in ("at_least", "less_than"):
        upward = direction if test.kind == "at_least" else -direction
        cost, give = cost and upward < 0, give and upward > 0
    return cost, give


def _combinable(tests: Sequence[Test], constraints: Constraints) -> Bools:
    """Allowed pairs: a test with itself, tests of two columns, or an interval of one column without a direction."""
    column = np.array([test.column for test in tests])
    free = np.array([test.column not in constraints.direction for test in tests], dtype=bool)
    low, high = (np.array([test.kind == kind for test in tests], dtype=bool) for kind in ("at_least", "less_than"))
    same = column[:, None] == column[None, :]
    interval = same & free[:, None] & ((low[:, None] & high[None, :]) | (high[:, None] & low[None, :]))
    result: Bools = ~same | interval | np.eye(len(tests), dtype=bool)
    return result


def _log_odds(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


__all__ = ["Constraints", "Pair", "Selected", "Selector", "sigmoid"]
