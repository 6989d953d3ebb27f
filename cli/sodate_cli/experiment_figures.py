"""The figures of an analysis, as a document and as rows of a table.

`evidence`: `calibration.experiment_statistics.evidence`, which needs a statistics library.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sodate.experiments.analysis import Analysis
from sodate.experiments.decision import Comparison
from sodate.experiments.intervals import Count, Interval

if TYPE_CHECKING:
    from calibration.experiment_statistics import Evidence

Gather = Callable[[Count, Count | None, float], "Evidence"]


def figures(analysis: Analysis, evidence: Gather) -> dict[str, Any]:
    verdict = analysis.verdict
    return {
        "name": str(analysis.name),
        "metric": analysis.experiment.metric,
        "level": analysis.experiment.level,
        "always_valid": analysis.experiment.always_valid,
        "default": analysis.arms.default,
        "outcome": verdict.outcome.value,
        "winner": verdict.variant,
        "open": analysis.open,
        "note": analysis.note,
        "variants": [_variant(analysis, variant, evidence) for variant in analysis.arms.weights],
    }


def rows_of(analysis: Analysis, evidence: Gather) -> list[tuple[object, ...]]:
    return [_row(analysis, variant, evidence) for variant in analysis.arms.weights]


def _variant(analysis: Analysis, variant: str, evidence: Gather) -> dict[str, Any]:
    count, found = _count(analysis, variant), _evidence(analysis, variant, evidence)
    comparison = analysis.comparison(variant)
    compared = None
    if comparison is not None:
        compared = {"scale": comparison.scale, **vars(comparison.interval), "value": _value(analysis, comparison)}
    return {
        "variant": variant,
        "leads": count.leads,
        "successes": count.successes,
        "rate": count.rate,
        "interval": vars(found.interval),
        "against_default": compared,
        "p_value": found.p_value,
        "detectable_difference": found.detectable,
        "robot_share": analysis.robot_share(variant),
    }


def _row(analysis: Analysis, variant: str, evidence: Gather) -> tuple[object, ...]:
    count, found = _count(analysis, variant), _evidence(analysis, variant, evidence)
    comparison = analysis.comparison(variant)
    robots = analysis.robot_share(variant)
    return (
        f"{variant} (default)" if comparison is None else variant,
        count.leads,
        count.successes,
        _percent(count.rate),
        _span(found.interval, _percent),
        "" if comparison is None else _against(analysis, comparison),
        "" if found.p_value is None else f"{found.p_value:.3f}",
        "" if robots is None else _percent(robots),
    )


def _count(analysis: Analysis, variant: str) -> Count:
    return analysis.counts.get(variant, Count())


def _evidence(analysis: Analysis, variant: str, evidence: Gather) -> "Evidence":
    base = None if analysis.comparison(variant) is None else _count(analysis, analysis.arms.default)
    return evidence(_count(analysis, variant), base, analysis.experiment.level)


def _value(analysis: Analysis, comparison: Comparison) -> float | None:
    own, base = _count(analysis, comparison.variant).rate, _count(analysis, analysis.arms.default).rate
    if comparison.scale == "difference":
        return own - base
    return own / base if base else None


def _against(analysis: Analysis, comparison: Comparison) -> str:
    value = _value(analysis, comparison)
    if comparison.scale == "ratio":
        shown = "" if value is None else f"× {value:.2f} "
        return f"{shown}{_span(comparison.interval, lambda ratio: f'× {ratio:.2f}')}"
    return f"{_points(value or 0.0)} {_span(comparison.interval, _points)}"


def _span(interval: Interval, shown: Any) -> str:
    return f"({shown(interval.low)} … {shown(interval.high)})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f} points"
