"""The result as one JSON document; table, report and YAML comments are read off it."""

from typing import Any

import numpy as np

from sodate_cli.calibrate.calibrate import COMPACT, Calibrated
from sodate_cli.calibrate.cuts import among, calibration, deciles
from sodate_cli.calibrate.evidence import Evidence
from sodate_cli.calibrate.logistic import sigmoid
from sodate_cli.calibrate.ruleset import Written
from sodate_cli.calibrate.table import Floats


def figures(found: Calibrated) -> dict[str, Any]:
    options, won = found.options, found.leads.won
    main, compact = found.main, found.validated[min(COMPACT, options.max_rules)]
    unseen = corrected(found)
    return {
        "leads": len(won),
        "won": int(won.sum()),
        "target": options.target,
        "folds": options.folds,
        "repeats": options.repeats,
        "seed": options.seed,
        "auc": main.summary() | {"rules": options.max_rules},
        "auc_compact": compact.summary() | {"rules": min(COMPACT, options.max_rules)},
        "compared": _compared(found),
        "rounding": _rounding(found),
        "lift_by_decile": deciles(unseen, won),
        "calibration": calibration(unseen, won),
        "hot": _hot(found, unseen),
        "mql": _cut(found, unseen, found.cuts.mql),
        "columns": {
            "used": [column.name for column in found.leads.columns],
            "refused": [vars(one) for one in found.screened.refused],
        },
        "warnings": [vars(one) for one in found.warnings],
        "rules": [_rule(rule, proof) for rule, proof in zip(found.rules, found.evidence, strict=True)],
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


def corrected(found: Calibrated) -> Floats:
    """What held-out leads were given, corrected as the final chances are."""
    said = found.main.chances
    return sigmoid(found.chance.correction.log_odds(np.log(said / (1 - said))[:, None]))


def _compared(found: Calibrated) -> dict[str, Any]:
    compared = found.compared
    return {
        **compared.yardsticks,
        "other_score": _rounded(compared.other_score),
        "live_rule_set": _rounded(compared.live),
        "live_rule_set_is": found.base.where if found.base else None,
        "leads_never_seen": _rounded(compared.unseen),
    }


def _rounding(found: Calibrated) -> dict[str, float]:
    """What whole points cost: rank correlation with the weights before rounding, and AUC lost."""
    from scipy.stats import spearmanr

    from sodate_cli.calibrate.validate import auc

    before, after, won = found.model.before_rounding, found.model.score, found.leads.won
    return {
        "spearman": round(float(spearmanr(before, after)[0]), 5),
        "auc_lost": round(auc(won, before) - auc(won, after), 5),
    }


def _hot(found: Calibrated, unseen: Floats) -> dict[str, Any]:
    said = {"threshold": found.cuts.hot, "cool_below": found.cuts.cool, "call_cost": found.options.costs.call}
    return {**_cut(found, unseen, found.cuts.hot), **said, "deal_value": found.options.costs.deal}


def _cut(found: Calibrated, unseen: Floats, cut: int) -> dict[str, Any]:
    """`threshold` is in the points of rules.yaml, which lie `lift` above the learnt ones."""
    least = float(found.chance.of(np.array([float(cut - found.lift)]))[0])
    return {"threshold": cut, "chance": round(least, 4), **among(unseen, found.leads.won, least, found.options.costs)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
