"""Sparse selection: rules (a test, or two tests together) are added one by one, and exchanged while that helps.

Every pair of tests is looked at in each round, through two matrix products and without building the pairs. A rule is
taken for what it adds to the rules already there (a Newton step of the penalised likelihood), with the sign asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sodate_cli.calibrate.candidates import Matrix, Test
from sodate_cli.calibrate.logistic import Fit, fit, loss, sigmoid
from sodate_cli.calibrate.table import Bools, Floats, Ints

RIDGE = 10.0
_SHORTLIST = 64
_CAUTION = 5.0
_LEAST_GAIN = 0.05
#: Of two rules that help alike the one with a single test is taken: it is easier to read.
_FOR_TWO = 0.9
#: A rule about nearly the same leads as another says nothing new, and sharing weights is no reason for it.
_ALIKE = 0.9
Pair = tuple[int, int]


@dataclass(frozen=True)
class Constraints:
    """By place of the column. `direction`: the score only rises (+1) or falls (-1) with it. `sign`: of its points."""

    direction: dict[int, int] = field(default_factory=dict)
    sign: dict[int, int] = field(default_factory=dict)


@dataclass
class Selected:
    """`pairs` index into the tests; the two are equal for a rule of a single test."""

    pairs: list[Pair]
    held: Floats
    fit: Fit


class Selector:
    def __init__(self, tests: Sequence[Test], held: Matrix, constraints: Constraints, least: int) -> None:
        self._held = held
        signs = np.array([_sign(test, constraints) for test in tests], dtype=np.int64).reshape(-1, 2)
        self._may_add = np.logical_and.outer(signs[:, 1] > 0, signs[:, 1] > 0)
        self._may_cost = np.logical_and.outer(signs[:, 0] > 0, signs[:, 0] > 0)
        together = held.T @ held
        enough = (together >= least) & (together <= len(held) - least)
        self._possible: Bools = np.triu(enough & _combinable(tests, constraints))

    def path(self, wanted: Floats, sizes: Sequence[int]) -> dict[int, Selected]:
        """The best rules found of each size; a larger set begins with the smaller one and may exchange any of it."""
        now = Selected([], np.empty((len(wanted), 0)), Fit(_log_odds(float(wanted.mean())), np.empty(0)))
        banned: set[Pair] = set()
        found: dict[int, Selected] = {}
        for size in sorted(sizes):
            while len(now.pairs) < size and (more := self._with_one_more(now, wanted, banned)) is not None:
                now = more
            now = self._exchange(now, wanted, banned, rounds=size)
            found[size] = now
        return found

    def _exchange(self, now: Selected, wanted: Floats, banned: set[Pair], rounds: int) -> Selected:
        best = loss(now.held, wanted, now.fit, RIDGE)
        for _ in range(rounds if now.pairs else 0):
            weakest = int((now.fit.weights**2 / now.fit.variances(now.held, RIDGE)[1:]).argmin())
            other = self._with_one_more(_without(now, weakest, wanted), wanted, banned)
            if other is None or len(other.pairs) < len(now.pairs):
                break
            value = loss(other.held, wanted, other.fit, RIDGE)
            if value > best - _LEAST_GAIN:
                break
            now, best = other, value
        return now

    def _with_one_more(self, now: Selected, wanted: Floats, banned: set[Pair]) -> Selected | None:
        """A rule whose sign turns wrong when all are weighed together is never looked at again."""
        while (pair := self._best(now, wanted, banned)) is not None:
            held = np.column_stack([now.held, self._held[:, pair[0]] * self._held[:, pair[1]]])
            more = Selected([*now.pairs, pair], held, fit(held, wanted, RIDGE, start=np.append(now.fit.all, 0.0)))
            wrong = [place for place, rule in enumerate(more.pairs) if not self._allowed(rule, more.fit.weights[place])]
            if not wrong:
                return more
            banned.update(more.pairs[place] for place in wrong)
            for place in reversed(wrong):
                more = _without(more, place, wanted)
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
        chance = now.fit.chances(now.held)
        rest = (wanted - chance).astype(np.float32)
        doubt = (chance * (1 - chance)).astype(np.float32)
        pull = self._held.T @ (self._held * rest[:, None])
        weight = self._held.T @ (self._held * doubt[:, None])
        allowed = self._possible & np.where(pull >= 0, self._may_add, self._may_cost)
        gain = np.where(allowed, pull * pull / (weight + RIDGE + _CAUTION), -1.0)
        for pair in (*now.pairs, *banned):
            gain[pair] = -1.0
        top = min(_SHORTLIST, gain.size)
        best: Ints = np.sort(np.argpartition(-gain, top - 1, axis=None)[:top])
        best = best[gain.ravel()[best] > 0]
        if not len(best):  # nothing is left that may be added
            return None
        first, second = np.unravel_index(best, gain.shape)
        added = (self._held[:, first] * self._held[:, second]).astype(np.float64)
        gains = _added_gain(now, added, rest, doubt) * np.where(first == second, 1.0, _FOR_TWO)
        gains[_alike(now.held, added)] = -1.0
        winner = int(gains.argmax())
        if gains[winner] <= 0:
            return None
        return int(first[winner]), int(second[winner])


def _added_gain(now: Selected, added: Floats, rest: Matrix, doubt: Matrix) -> Floats:
    """What each would add when the rules already there are weighed anew at the same time (Schur complement)."""
    known = np.column_stack([np.ones(len(rest)), now.held])
    weighed = known * doubt[:, None]
    among = known.T @ weighed + np.diag(np.r_[1e-6, np.full(now.held.shape[1], RIDGE)])
    shared = weighed.T @ added
    own = np.einsum("ij,ij->j", added * doubt[:, None], added) - np.einsum(
        "ij,ij->j", shared, np.linalg.solve(among, shared)
    )
    gain: Floats = (added.T @ rest) ** 2 / (own + RIDGE + _CAUTION)
    return gain


def _alike(held: Floats, added: Floats) -> Bools:
    """Correlates strongly with a rule that is there already, the same way or the contrary."""
    if not held.shape[1]:
        return np.zeros(added.shape[1], dtype=bool)
    centred, other = added - added.mean(axis=0), held - held.mean(axis=0)
    spread = np.outer(np.sqrt((other**2).sum(axis=0)), np.sqrt((centred**2).sum(axis=0)))
    found: Bools = (np.abs(other.T @ centred) > _ALIKE * np.maximum(spread, 1e-12)).any(axis=0)
    return found


def _without(now: Selected, place: int, wanted: Floats) -> Selected:
    held = np.delete(now.held, place, axis=1)
    start = np.delete(now.fit.all, place + 1)
    return Selected([*now.pairs[:place], *now.pairs[place + 1 :]], held, fit(held, wanted, RIDGE, start=start))


def _sign(test: Test, constraints: Constraints) -> tuple[bool, bool]:
    """May it cost points, may it give points?"""
    cost = give = True
    if (sign := constraints.sign.get(test.column)) is not None:
        cost, give = sign < 0, sign > 0
    if (direction := constraints.direction.get(test.column)) is not None and test.kind in ("at_least", "less_than"):
        upward = direction if test.kind == "at_least" else -direction
        cost, give = cost and upward < 0, give and upward > 0
    return cost, give


def _combinable(tests: Sequence[Test], constraints: Constraints) -> Bools:
    """Itself; tests of two columns; or from a number to a number of one column, if it need not be monotone."""
    column = np.array([test.column for test in tests])
    free = np.array([test.column not in constraints.direction for test in tests], dtype=bool)
    low, high = (np.array([test.kind == kind for test in tests], dtype=bool) for kind in ("at_least", "less_than"))
    same = column[:, None] == column[None, :]
    interval = same & free[:, None] & ((low[:, None] & high[None, :]) | (high[:, None] & low[None, :]))
    found: Bools = ~same | interval | np.eye(len(tests), dtype=bool)
    return found


def _log_odds(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


__all__ = ["Constraints", "Pair", "Selected", "Selector", "sigmoid"]
