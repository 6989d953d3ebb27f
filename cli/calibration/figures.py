"""The result as one JSON document, from which tables, report and YAML comments are made."""

from typing import Any

import numpy as np

from calibration.calibrate import COMPACT, Calibrated
from calibration.cuts import among, calibration, deciles
from calibration.evidence import Evidence
from calibration.logistic import sigmoid
from calibration.ruleset import Written
from calibration.table import Floats


def figures(calibrated: Calibrated) -> dict[str, Any]:
    options, won = calibrated.options, calibrated.leads.won
    main, compact = calibrated.main, calibrated.validated[min(COMPACT, options.max_rules)]
    unseen = corrected(calibrated)
    return {
        "leads": len(won),
        "won": int(won.sum()),
        "target": options.target,
        "folds": options.folds,
        "repeats": options.repeats,
        "seed": options.seed,
        "auc": main.summary() | {"rules": options.max_rules},
        "auc_compact": compact.summary() | {"rules": min(COMPACT, options.max_rules)},
        "compared": _compared(calibrated),
        "rounding": _rounding(calibrated),
        "lift_by_decile": deciles(unseen, won),
        "calibration": calibration(unseen, won),
        "hot": _hot(calibrated, unseen),
        "mql": _cut(calibrated, unseen, calibrated.cuts.mql),
        "columns": {
            "used": [column.name for column in calibrated.leads.columns],
            "refused": [vars(one) for one in calibrated.screened.rejected],
        },
        "warnings": [vars(one) for one in calibrated.warnings],
        "rules": [_rule(rule, proof) for rule, proof in zip(calibrated.rules, calibrated.evidence, strict=True)],
    }


def _rule(rule: Written, proof: Evidence) -> dict[str, Any]:
    low, high = (-proof.high, -proof.low) if rule.turned else (proof.low, proof.high)
    return {
        "id": rule.id,
        "label": rule.label,
        "when": rule.when,
        "points": rule.points,
        "leads": proof.leads,
        "won": proof.won,
        "rate": round(proof.rate, 4),
        "points_low": low,
        "points_high": high,
        "picked_by_models": round(proof.picked, 2),
        "turned": rule.turned,
        "doubt": proof.unstable,
    }


def corrected(calibrated: Calibrated) -> Floats:
    """Out-of-fold chances with the correction of the final model."""
    said = calibrated.main.chances
    return sigmoid(calibrated.chance.correction.log_odds(np.log(said / (1 - said))[:, None]))


def _compared(calibrated: Calibrated) -> dict[str, Any]:
    compared = calibrated.compared
    return {
        **compared.yardsticks,
        "other_score": _rounded(compared.other_score),
        "live_rule_set": _rounded(compared.live),
        "live_rule_set_is": calibrated.base.where if calibrated.base else None,
        "leads_never_seen": _rounded(compared.unseen),
    }


def _rounding(calibrated: Calibrated) -> dict[str, float]:
    """Effect of rounding to integer points: rank correlation with the weights, and lost AUC."""
    from scipy.stats import spearmanr

    from calibration.validate import auc

    before, after, won = calibrated.model.before_rounding, calibrated.model.score, calibrated.leads.won
    return {
        "spearman": round(float(spearmanr(before, after)[0]), 5),
        "auc_lost": round(auc(won, before) - auc(won, after), 5),
    }


def _hot(calibrated: Calibrated, unseen: Floats) -> dict[str, Any]:
    said = {
        "threshold": calibrated.cuts.hot,
        "cool_below": calibrated.cuts.cool,
        "call_cost": calibrated.options.costs.call,
    }
    return {**_cut(calibrated, unseen, calibrated.cuts.hot), **said, "deal_value": calibrated.options.costs.deal}


def _cut(calibrated: Calibrated, unseen: Floats, cut: int) -> dict[str, Any]:
    """`threshold` is in points of rules.yaml, which are `lift` above the learnt ones."""
    least = float(calibrated.chance.of(np.array([float(cut - calibrated.lift)]))[0])
    return {
        "threshold": cut,
        "chance": round(least, 4),
        **among(unseen, calibrated.leads.won, least, calibrated.options.costs),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
