"""Sales: signals, how soon and how sales answered, by owner and by reason, and the outcomes of calls. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sodate.reports.document import Block, Cell, Drawing, Figure, Reason, Report, Unit, share
from sodate.reports.frame import Drawn, Frame, Sheet, count
from sodate.sales.conversation import FeedbackKind


@dataclass(frozen=True)
class SignalFigures:
    """One signal. `feedback`: the latest, None: nothing yet. `answered_at`: of the first. `reason`: a code."""

    at: datetime
    owner: str | None
    feedback: str | None
    answered_at: datetime | None = None
    reason: str = ""
    escalation_level: int = 0


@dataclass(frozen=True)
class SalesFigures:
    """`calls`: outcome → calls. `results`: what the activity log says of the period: meetings, won, lost."""

    signals: Sequence[SignalFigures]
    calls: Counter[str]
    results: Counter[str]


_COLUMNS = (
    ("owner", None), ("signals", Unit.COUNT), ("answered", Unit.PERCENT), ("accepted", Unit.COUNT),
    ("rejected", Unit.COUNT), ("acceptance", Unit.PERCENT), ("hours_to_answer", Unit.HOURS), ("escalated", Unit.COUNT),
)  # fmt: skip
_TERMS = ("answered", "acceptance", "hours_to_answer", "escalated", "win_rate")


def sales_report(figures: SalesFigures, frame: Frame) -> Report:
    signals, results = figures.signals, figures.results
    return frame.report(
        "sales",
        [
            _tiles(signals, results, frame),
            _by_owner(signals, frame),
            _answers(signals, frame),
            Sheet("calls", [("outcome", None), ("calls", Unit.COUNT)],
                  [(frame.words.label("call", one), count(number)) for one, number in figures.calls.most_common()],
                  Drawn(Drawing.BARS, ("calls",))).block(frame),
        ],
        definitions=frame.define(*_TERMS),
    )  # fmt: skip


def _tiles(signals: Sequence[SignalFigures], results: Counter[str], frame: Frame) -> Block:
    won, lost = results["deal_won"], results["deal_lost"]
    figures = {
        "signals": count(len(signals)),
        "answered": share(sum(one.feedback is not None for one in signals), len(signals)),
        "acceptance": _acceptance(signals),
        "hours_to_answer": _hours(signals),
        "meetings": count(results["meeting_set"]),
        "won": count(won),
        "win_rate": share(won, won + lost),
    }
    rows = [(frame.words.text("figure", name), figure) for name, figure in figures.items()]
    return Sheet("sales_tiles", [("figure", None), ("value", Unit.NUMBER)], rows, _TILES).block(frame)


_TILES = Drawn(Drawing.TILES, ("value",))


def _by_owner(signals: Sequence[SignalFigures], frame: Frame) -> Block:
    owners = sorted({one.owner or "" for one in signals})
    rows = [
        _owner(owner or frame.text("no_owner"), [one for one in signals if (one.owner or "") == owner])
        for owner in owners
    ]
    return Sheet("owners", _COLUMNS, rows, Drawn(Drawing.BARS, ("signals", "accepted"))).block(frame)


def _owner(owner: str, signals: Sequence[SignalFigures]) -> tuple[Cell, ...]:
    said = Counter(one.feedback for one in signals)
    return (
        owner,
        count(len(signals)),
        share(sum(one.feedback is not None for one in signals), len(signals)),
        count(_accepted(signals)),
        count(said[FeedbackKind.REJECTED]),
        _acceptance(signals),
        _hours(signals),
        count(sum(one.escalation_level > 0 for one in signals)),
    )


def _answers(signals: Sequence[SignalFigures], frame: Frame) -> Block:
    said = Counter((one.feedback, one.reason) for one in signals if one.feedback is not None)
    rows = [
        (frame.words.label("feedback", str(feedback)), reason, count(number))
        for (feedback, reason), number in sorted(said.items(), key=lambda pair: (-pair[1], str(pair[0])))
    ]
    return Sheet("answers", [("feedback", None), ("reason", None), ("signals", Unit.COUNT)], rows).block(frame)


def _accepted(signals: Sequence[SignalFigures]) -> int:
    """Whoever sales works with was accepted, also when the latest feedback is a later one."""
    return sum(one.feedback not in (None, FeedbackKind.REJECTED) for one in signals)


def _acceptance(signals: Sequence[SignalFigures]) -> Figure:
    return share(_accepted(signals), sum(one.feedback is not None for one in signals))


def _hours(signals: Sequence[SignalFigures]) -> Figure:
    hours = [(one.answered_at - one.at).total_seconds() / 3600 for one in signals if one.answered_at is not None]
    if not hours:
        return Figure(None, Unit.HOURS, reason=Reason.NOTHING_TO_DIVIDE_BY)
    return Figure(float(median(hours)), Unit.HOURS)
