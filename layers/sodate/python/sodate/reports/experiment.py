"""Experiments: rates of the variants with intervals, differences from the default, and the verdict. Pure."""

from collections.abc import Sequence
from math import isfinite

from sodate.experiments.analysis import Analysis
from sodate.experiments.decision import Outcome
from sodate.reports.document import Block, Cell, Drawing, Figure, Reason, Report, Unit, share
from sodate.reports.frame import Drawn, Frame, Sheet, count

_COLUMNS = (
    ("variant", None), ("leads", Unit.COUNT), ("successes", Unit.COUNT), ("rate", Unit.PERCENT),
    ("difference", Unit.PERCENT), ("ratio", Unit.NUMBER), ("robot_clicks", Unit.PERCENT),
)  # fmt: skip


def experiment_report(analyses: Sequence[Analysis], frame: Frame) -> Report:
    """One block per analysis; `rate` has the interval of the experiment's own level."""
    blocks = [_block(one, frame) for one in analyses]
    return frame.report("experiment", blocks, definitions=frame.define("rate", "difference", "ratio", "robot_clicks"))


def verdict_in_words(analysis: Analysis, frame: Frame) -> str:
    verdict = analysis.verdict
    names = {"variant": verdict.variant or "", "default": analysis.arms.default}
    return frame.words.text("outcome", Outcome(verdict.outcome).value, **names)


def _block(analysis: Analysis, frame: Frame) -> Block:
    notes = [verdict_in_words(analysis, frame)]
    if analysis.open:
        notes.append(frame.text("still_open", number=analysis.open))
    rows = [_row(analysis, variant, frame) for variant in analysis.arms.weights]
    of = f"{analysis.name} ({analysis.experiment.metric})"
    return Sheet("variants", _COLUMNS, rows, Drawn(Drawing.BARS, ("rate",)), tuple(notes), of).block(frame)


def _row(analysis: Analysis, variant: str, frame: Frame) -> tuple[Cell, ...]:
    counted = analysis.counts.get(variant)
    leads, successes = (counted.leads, counted.successes) if counted else (0, 0)
    comparison = analysis.comparison(variant)
    robots = analysis.robot_share(variant)
    name = variant if variant != analysis.arms.default else frame.text("default_variant", variant=variant)
    return (
        name,
        count(leads),
        count(successes),
        _rate(analysis, variant, leads, successes),
        _compared(analysis, variant, "difference") if comparison else None,
        _compared(analysis, variant, "ratio") if comparison else None,
        Figure(100 * robots, Unit.PERCENT) if robots is not None else None,
    )


def _rate(analysis: Analysis, variant: str, leads: int, successes: int) -> Figure:
    if not leads:
        return share(successes, leads)
    interval = analysis.interval(variant)
    return Figure(100 * successes / leads, Unit.PERCENT, interval=(100 * interval.low, 100 * interval.high))


def _compared(analysis: Analysis, variant: str, scale: str) -> Figure | None:
    """None where the experiment compares on the other scale. A bound that is infinite is no bound: no interval."""
    comparison = analysis.comparison(variant)
    if comparison is None or comparison.scale != scale:
        return None
    own, default = (analysis.counts.get(one) for one in (variant, analysis.arms.default))
    if own is None or default is None or not own.leads or not default.leads:
        return Figure(None, _unit(scale), reason=Reason.NOTHING_TO_DIVIDE_BY)
    low, high = comparison.interval.low, comparison.interval.high
    if scale == "difference":
        return Figure(100 * (own.rate - default.rate), Unit.PERCENT, interval=(100 * low, 100 * high))
    if not default.rate:
        return Figure(None, Unit.NUMBER, reason=Reason.NOTHING_TO_DIVIDE_BY)
    interval = (low, high) if isfinite(high) else None
    return Figure(own.rate / default.rate, Unit.NUMBER, interval=interval)


def _unit(scale: str) -> Unit:
    return Unit.PERCENT if scale == "difference" else Unit.NUMBER
