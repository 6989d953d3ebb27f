"""Formats the figures for the terminal, the comments of rules.yaml and the report."""

from collections.abc import Mapping
from typing import Any

RULES = ("points", "rule", "leads", "won", "points when resampled", "chosen by")
TENTHS = ("tenth", "leads", "won", "rate", "lift", "said")
Said = Mapping[str, Any]


def summary(said: Said) -> dict[str, str]:
    compared, hot, mql = said["compared"], said["hot"], said["mql"]
    result = {
        "leads": f"{said['leads']:,}, {said['won']:,} won ({said['won'] / said['leads']:.0%})",
        f"AUC, {said['auc']['rules']} rules at most": auc(said["auc"]),
        f"AUC, {said['auc_compact']['rules']} rules at most": auc(said["auc_compact"]),
        "gradient boosting": f"{compared['gradient_boosting']:.3f} (cannot be read)",
        "logistic regression": f"{compared['logistic_regression']:.3f} (a weight for every value)",
        "another tool's score": _or_none(compared["other_score"]),
        "live rule set": _or_none(compared["live_rule_set"]),
        "leads never seen": _or_none(compared["leads_never_seen"]),
        "whole points": f"rank correlation {said['rounding']['spearman']}, AUC lost {said['rounding']['auc_lost']:.5f}",
        "chances": f"{said['calibration']['mean_gap']:.1%} beside the truth on average",
        "hot": _cut(hot) + f", cool below {hot['cool_below']}",
        "MQL": _cut(mql),
    }
    if "gain_per_100_leads" in hot:
        result["calling the hot"] = (
            f"gains {hot['gain_per_100_leads']:,.0f} per 100 leads; calling all {hot['gain_if_all_are_called']:,.0f}"
        )
    return {name: value for name, value in result.items() if value}


def auc(said: Said) -> str:
    shuffles = said["by_shuffle"]
    spread = f", shuffles {min(shuffles):.3f} to {max(shuffles):.3f}" if len(shuffles) > 1 else ""
    return f"{said['mean']:.4f} (folds ± {said['sd_of_folds']:.3f}{spread}; pooled {said['pooled']:.4f})"


def rules(said: Said) -> list[tuple[str, ...]]:
    return [
        (
            f"{rule['points']:+}", rule["label"], f"{rule['leads']:,}", f"{rule['rate']:.0%}",
            f"{rule['points_low']:+} to {rule['points_high']:+}",
            f"{rule['picked_by_models']:.0%}",
        )
        for rule in said["rules"]
    ]  # fmt: skip


def tenths(said: Said) -> list[tuple[str, ...]]:
    return [
        (
            str(one["decile"]), f"{one['leads']:,}", f"{one['won']:,}", f"{one['rate']:.0%}", f"{one['lift']:.2f}",
            f"{one['said']:.0%}",
        )
        for one in said["lift_by_decile"]
    ]  # fmt: skip


def rejected(said: Said) -> list[tuple[str, str]]:
    return [(one["column"], f"{one['reason']} ({one['rule']})") for one in said["columns"]["refused"]]


def warned(said: Said) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["about"], one["text"]) for one in said["warnings"]]


def comments(said: Said) -> list[str]:
    """The head of rules.yaml. No date and no file name: the same history gives the same bytes."""
    lines = ["Learnt by `sodate score calibrate`; read docs/calibration.md, review, then `sodate playbook check`.", ""]
    lines += [f"{name}: {value}" for name, value in summary(said).items()]
    lines += ["", *(f"warning ({kind}) {about}: {text}" for kind, about, text in warned(said))]
    return [" ".join(line.split()) for line in lines]


def _cut(cut: Said) -> str:
    return (
        f"from {cut['threshold']} (chance {cut['chance']:.1%}): {cut['share']:.0%} of the leads,"
        f" {cut['precision']:.0%} of them won, {cut['recall']:.0%} of all won"
    )


def _or_none(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
