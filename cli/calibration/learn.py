"""Learns rules with integer points by distillation: a tree ensemble predicts, and few readable rules approximate it.

The ensemble's out-of-fold predictions are smoother than 0 and 1, which makes the choice of rules less random; the
outcomes themselves keep a weight of 30 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold

from calibration.candidates import Test, candidates, least_leads, matrix
from calibration.logistic import Fit, fit
from calibration.select import Constraints, Selected, Selector
from calibration.table import Bools, Column, Floats, Outcomes

TEACHER_SHARE = 0.7
_TEACHER_FOLDS = 5
_MOST_CATEGORIES = 200


@dataclass(frozen=True)
class Rule:
    """One or two tests that must all match; integer `points` and the `weight` (log odds) before rounding."""

    tests: tuple[Test, ...]
    points: int
    weight: float

    def holds(self, data: Outcomes) -> Bools:
        result: Bools = np.logical_and.reduce([test.holds(data.columns[test.column]) for test in self.tests])
        return result


@dataclass(frozen=True)
class Learnt:
    """`chance`: logistic fit from score / 100 to the chance of winning, on the training leads."""

    rules: tuple[Rule, ...]
    chance: Fit
    before_rounding: Floats
    score: Floats

    def points(self, data: Outcomes) -> Floats:
        """The plain sum of points, as the scoring engine computes it."""
        total = np.zeros(len(data))
        for rule in self.rules:
            total += rule.points * rule.holds(data)
        return total

    def chances(self, score: Floats) -> Floats:
        return self.chance.chances(score[:, None] / 100)


def learn(
    data: Outcomes, sizes: Sequence[int], most_points: int, constraints: Constraints, seed: int
) -> dict[int, Learnt]:
    """One rule set per size (maximum number of rules). Deterministic for a seed."""
    tests = candidates(data)
    wanted = TEACHER_SHARE * taught(data, constraints, seed) + (1 - TEACHER_SHARE) * data.won
    selector = Selector(tests, matrix(data, tests), constraints, least_leads(len(data)))
    result = selector.path(wanted, sizes)
    return {size: _rounded(data, tests, selected, most_points) for size, selected in result.items()}


def _rounded(data: Outcomes, tests: Sequence[Test], selected: Selected, most_points: int) -> Learnt:
    """Scale the largest weight to `most_points`; rules that round to 0 points are dropped."""
    weights = selected.fit.weights
    largest = max(float(abs(weights).max(initial=0.0)), 1e-9)
    rules = [
        Rule(
            tuple(tests[position] for position in sorted(set(pair))),
            round(float(weight) / largest * most_points),
            float(weight),
        )
        for pair, weight in zip(selected.pairs, weights, strict=True)
    ]
    kept = tuple(sorted((rule for rule in rules if rule.points), key=lambda rule: -abs(rule.points)))
    empty = Learnt(kept, Fit(0.0, np.zeros(1)), selected.fit.log_odds(selected.matches), np.empty(0))
    score = empty.points(data)
    return Learnt(kept, fit(score[:, None] / 100, data.won, 0.01), empty.before_rounding, score)


def taught(data: Outcomes, constraints: Constraints, seed: int) -> Floats:
    """Out-of-fold predictions of the ensemble."""
    result = np.empty(len(data))
    folds = StratifiedKFold(_TEACHER_FOLDS, shuffle=True, random_state=seed)
    for there, here in folds.split(data.won, data.won):
        result[here] = Ensemble(data.take(there), constraints, seed)(data.take(here))
    return result


class Ensemble:
    """Gradient boosting on the raw columns; also the benchmark for the readable rules."""

    def __init__(self, data: Outcomes, constraints: Constraints, seed: int) -> None:
        self._model = HistGradientBoostingClassifier(
            max_depth=3, learning_rate=0.05, max_iter=200, l2_regularization=5.0, min_samples_leaf=20,
            random_state=seed, early_stopping=False,
            categorical_features=[not column.is_number for column in data.columns],
            monotonic_cst=[
                constraints.direction.get(index, 0) if column.is_number else 0
                for index, column in enumerate(data.columns)
            ],
        )  # fmt: skip
        self._model.fit(_features(data), data.won)

    def __call__(self, data: Outcomes) -> Floats:
        result: Floats = self._model.predict_proba(_features(data))[:, 1]
        return result


def _features(data: Outcomes) -> Floats:
    return np.column_stack([_feature(column) for column in data.columns])


def _feature(column: Column) -> Floats:
    """Values; codes of texts are in order of frequency, so the rarest values share one code."""
    return column.values if column.is_number else np.minimum(column.values, _MOST_CATEGORIES)
