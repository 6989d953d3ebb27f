"""Cuts: the chance of winning at each score, and the lowest score at which a call pays for itself."""

import math
from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sodate.errors import Invalid

from calibration.learn import Learnt
from calibration.logistic import Fit, fit, sigmoid
from calibration.table import Floats

#: Hysteresis: `cool_below` is where the odds are 20 % below those of `hot`, so that a lead does not flap.
_COOL_ODDS = 0.8
_HOT_SHARE, _MQL_SHARE = 0.2, 0.4
_DECILES = 10


@dataclass(frozen=True)
class Costs:
    """Amounts in one currency. None: not given; the cuts are then shares of the leads."""

    call: float | None = None
    mql: float | None = None
    deal: float | None = None
    most_called: float | None = None

    @property
    def hot_chance(self) -> float | None:
        """The chance above which a call pays (chance × deal > call)."""
        return None if self.call is None or self.deal is None else self.call / self.deal

    @property
    def mql_chance(self) -> float | None:
        if self.hot_chance is None or self.deal is None:
            return None
        return self.hot_chance / 3 if self.mql is None else self.mql / self.deal

    def checked(self) -> "Costs":
        if (self.call is None) != (self.deal is None):
            raise Invalid("--call-cost and --deal-value go together: a call pays when chance × deal value > its cost")
        if self.mql is not None and self.deal is None:
            raise Invalid("--mql-cost needs --deal-value and --call-cost")
        amounts = [amount for amount in (self.call, self.mql, self.deal) if amount is not None]
        if any(not math.isfinite(amount) or amount <= 0 for amount in amounts):
            raise Invalid("costs and values are above 0")
        if self.hot_chance is not None and self.mql_chance is not None and not self.mql_chance <= self.hot_chance < 1:
            raise Invalid("--mql-cost ≤ --call-cost < --deal-value is needed, or no lead is ever worth a call")
        if self.most_called is not None and not 0 < self.most_called <= 1:
            raise Invalid("--most-called is a share of the leads, such as 0.2")
        return self


@dataclass(frozen=True)
class Chance:
    """P(won | score), logistic, corrected for the optimism measured on held-out leads."""

    model: Learnt
    correction: Fit

    def of(self, score: Floats) -> Floats:
        log_odds = self.model.chance.log_odds(score[:, None] / 100)
        return self.correction.chances(log_odds[:, None])

    def first_score(self, chance: float) -> int:
        """The lowest score whose chance is at least `chance`."""
        odds = math.log(chance / (1 - chance))
        inner = (odds - self.correction.intercept) / float(self.correction.weights[0])
        return math.ceil(100 * (inner - self.model.chance.intercept) / float(self.model.chance.weights[0]) - 1e-9)


@dataclass(frozen=True)
class Cuts:
    hot: int
    cool: int
    mql: int


def chance_of(model: Learnt, unseen: Floats, won: Floats) -> Chance:
    """`unseen`: predicted chances of held-out leads.

    Raises: `Invalid` when the scores do not rank the leads.
    """
    log_odds = np.log(unseen / (1 - unseen))
    correction = fit(log_odds[:, None], won, 1.0)
    if correction.weights[0] <= 0 or model.chance.weights[0] <= 0:
        raise Invalid(
            "no rule ranks leads better than chance on leads it has not seen: nothing can be learnt from this"
        )
    return Chance(model, correction)


def cuts(chance: Chance, score: Floats, costs: Costs) -> Cuts:
    """Cuts within the observed scores; a chance that no score reaches gives the highest one."""
    hot_chance, mql_chance = costs.hot_chance, costs.mql_chance
    if hot_chance is None or mql_chance is None:
        hot, mql = _of_share(score, _HOT_SHARE), _of_share(score, _MQL_SHARE)
    else:
        hot, mql = chance.first_score(hot_chance), chance.first_score(mql_chance)
    lowest, highest = int(score.min()), int(score.max())
    hot, mql = min(max(hot, lowest), highest), min(max(mql, lowest), highest)
    if costs.most_called is not None:
        hot = max(hot, _of_share(score, costs.most_called))
    odds = _COOL_ODDS * math.exp(
        math.log(at := _clipped(float(chance.of(np.array([float(hot)]))[0]))) - math.log(1 - at)
    )
    cool = min(hot - 1, chance.first_score(odds / (1 + odds)))
    return Cuts(hot, cool, min(mql, hot))


def _clipped(chance: float) -> float:
    return min(max(chance, 1e-9), 1 - 1e-9)


def _of_share(score: Floats, share: float) -> int:
    """The lowest score that at most this share of the leads reaches."""
    return int(np.floor(np.quantile(score, 1 - share, method="higher"))) + (share < 1)


def deciles(chances: Floats, won: Floats) -> list[dict[str, float]]:
    """Best tenth first; by chance, so that the scales of different folds compare."""
    order = np.argsort(-chances, kind="stable")
    parts = np.array_split(order, _DECILES)
    return [
        {
            "decile": number,
            "leads": len(part),
            "won": int(won[part].sum()),
            "rate": round(float(won[part].mean()), 4),
            "lift": round(float(won[part].mean() / won.mean()), 2),
            "said": round(float(chances[part].mean()), 4),
        }
        for number, part in enumerate(parts, start=1)
    ]


def calibration(chances: Floats, won: Floats) -> dict[str, object]:
    """Predicted against observed chances: Brier score, mean gap over tenths, isotonic curve."""
    tenths = deciles(chances, won)
    gap = sum(one["leads"] * abs(one["said"] - one["rate"]) for one in tenths) / len(won)
    curve = IsotonicRegression(out_of_bounds="clip").fit(chances, won)
    grid = np.linspace(0.0, 1.0, 21)
    return {
        "brier": round(float(np.mean((chances - won) ** 2)), 4),
        "mean_gap": round(gap, 4),
        "curve": [[round(float(x), 2), round(float(y), 3)] for x, y in zip(grid, curve.predict(grid), strict=True)],
    }


def among(chances: Floats, won: Floats, least: float, costs: Costs) -> dict[str, float]:
    """Outcome of calling every lead whose out-of-fold chance is at least `least`."""
    called = chances >= least
    result = {
        "share": round(float(called.mean()), 4),
        "precision": round(float(won[called].mean()), 4) if called.any() else 0.0,
        "recall": round(float(won[called].sum() / won.sum()), 4),
    }
    if costs.call is not None and costs.deal is not None:
        result["gain_per_100_leads"] = round(100 * float((won * costs.deal - costs.call)[called].sum()) / len(won), 0)
        result["gain_if_all_are_called"] = round(100 * float(np.mean(won * costs.deal - costs.call)), 0)
    return result


__all__ = ["Chance", "Costs", "Cuts", "among", "calibration", "chance_of", "cuts", "deciles", "sigmoid"]
