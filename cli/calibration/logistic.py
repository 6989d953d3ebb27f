"""Ridge logistic regression on few columns, for targets between 0 and 1 (scikit-learn's takes classes only)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from calibration.table import Floats

_FREE = 1e-6
_STEPS = 25


@dataclass(frozen=True)
class Fit:
    intercept: float
    weights: Floats

    @property
    def all(self) -> Floats:
        return np.append(self.intercept, self.weights)

    def log_odds(self, matches: Floats) -> Floats:
        result: Floats = self.intercept + matches @ self.weights
        return result

    def chances(self, matches: Floats) -> Floats:
        return sigmoid(self.log_odds(matches))

    def variances(self, matches: Floats, ridge: float) -> Floats:
        """Of intercept and weights, from the curvature of the penalised likelihood."""
        chance = self.chances(matches)
        result: Floats = np.diag(np.linalg.inv(_curvature(_known(matches), chance * (1 - chance), ridge)))
        return result


def sigmoid(log_odds: Floats) -> Floats:
    result: Floats = expit(log_odds)
    return result


def fit(matches: Floats, wanted: Floats, ridge: float, start: Floats | None = None) -> Fit:
    """Newton's method with half steps; the intercept is not penalised."""
    known = _known(matches)
    weights = np.zeros(known.shape[1]) if start is None else start.astype(np.float64)
    penalty = np.r_[_FREE, np.full(matches.shape[1], ridge)]
    value = _loss(known, wanted, weights, penalty)
    for _ in range(_STEPS):
        chance = sigmoid(known @ weights)
        slope = known.T @ (wanted - chance) - penalty * weights
        step = np.linalg.solve(_curvature(known, chance * (1 - chance), ridge), slope)
        while (next_value := _loss(known, wanted, weights + step, penalty)) > value + 1e-9 and abs(step).max() > 1e-6:
            step = step / 2
        weights, value = weights + step, next_value
        if abs(step).max() < 1e-4:
            break
    return Fit(float(weights[0]), weights[1:])


def loss(matches: Floats, wanted: Floats, model: Fit, ridge: float) -> float:
    penalty = np.r_[_FREE, np.full(matches.shape[1], ridge)]
    return _loss(_known(matches), wanted, model.all, penalty)


def _loss(known: Floats, wanted: Floats, weights: Floats, penalty: Floats) -> float:
    log_odds = known @ weights
    return float(np.sum(np.logaddexp(0, log_odds) - wanted * log_odds) + penalty @ weights**2 / 2)


def _known(matches: Floats) -> Floats:
    return np.column_stack([np.ones(len(matches)), matches])


def _curvature(known: Floats, doubt: Floats, ridge: float) -> Floats:
    result: Floats = (known.T * doubt) @ known + np.diag(np.r_[_FREE, np.full(known.shape[1] - 1, ridge)])
    return result
