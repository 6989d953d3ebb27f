"""The funnel from lead to order: counts, drop-off and time between stages, for all and per scope. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from sodate.reports.document import Block, Cell, Column, Drawing, Figure, Reason, Report, Unit, share, table
from sodate.reports.frame import Drawn, Frame, Sheet, count

#: In order. A stage that nothing counts yet is left out.
STAGES = ("visitor", "lead", "mql", "sql", "deal", "won")


@dataclass(frozen=True)
class Stage:
    """`reached`: how many came as far. `hours`: mean time from the stage before, of those for whom it is known."""

    id: str
    reached: int
    hours: float | None = None


@dataclass(frozen=True)
class FunnelRow:
    """The funnel of one scope, e.g. a campaign. `kind`: of the scope."""

    kind: str
    name: str
    stages: Sequence[Stage]


@dataclass(frozen=True)
class LeavingPoint:
    """A touchpoint after which leads went silent."""

    name: str
    leads: int


def funnel_report(
    whole: Sequence[Stage], scopes: Sequence[FunnelRow], frame: Frame, leaving: Sequence[LeavingPoint] = ()
) -> Report:
    blocks = [_whole(whole, frame)]
    for kind in dict.fromkeys(one.kind for one in scopes):
        blocks.append(_scopes(kind, [one for one in scopes if one.kind == kind], frame))
    if leaving:
        rows = [(one.name, count(one.leads)) for one in leaving]
        drawn = Drawn(Drawing.BARS, ("leads",))
        blocks.append(Sheet("leaving", [("touchpoint", None), ("leads", Unit.COUNT)], rows, drawn).block(frame))
    return frame.report(
        "funnel",
        blocks,
        definitions=frame.define("stage_lead", "stage_mql", "stage_sql", "stage_deal", "stage_won", "of_previous"),
        notes=[frame.text("funnel")],
    )


def _whole(stages: Sequence[Stage], frame: Frame) -> Block:
    rows: list[tuple[Cell, ...]] = []
    for number, stage in enumerate(stages):
        before = stages[number - 1].reached if number else None
        rows.append(
            (
                _name(stage.id, frame),
                count(stage.reached),
                None if before is None else share(stage.reached, before),
                None if before is None else share(stage.reached, stages[0].reached),
                None if before is None else count(max(0, before - stage.reached)),
                None if before is None else _days(stage),
            )
        )
    columns = [
        ("stage", None), ("reached", Unit.COUNT), ("of_previous", Unit.PERCENT), ("of_first", Unit.PERCENT),
        ("dropped", Unit.COUNT), ("days_between", Unit.DAYS),
    ]  # fmt: skip
    return Sheet("funnel", columns, rows, Drawn(Drawing.FUNNEL, ("reached",))).block(frame)


def _days(stage: Stage) -> Figure:
    if stage.hours is None:
        return Figure(None, Unit.DAYS, reason=Reason.NOTHING_TO_DIVIDE_BY)
    return Figure(stage.hours / 24, Unit.DAYS)


def _scopes(kind: str, scopes: Sequence[FunnelRow], frame: Frame) -> Block:
    """One row per scope: each stage, and the share of the first one that came as far as the last."""
    ids = list(dict.fromkeys(stage.id for one in scopes for stage in one.stages))
    columns = [frame.column(kind), *(Column(one, _name(one, frame), Unit.COUNT) for one in ids)]
    columns.append(frame.column("of_first", Unit.PERCENT))
    rows: list[tuple[Cell, ...]] = []
    for one in scopes:
        reached = {stage.id: stage.reached for stage in one.stages}
        first, last = one.stages[0].reached, one.stages[-1].reached
        rows.append((one.name, *(count(reached.get(stage)) for stage in ids), share(last, first)))
    title = frame.words.text("block", f"funnel_{kind}")
    return Block(f"funnel_{kind}", title, table(columns, rows), nothing=frame.text("nothing"))


def _name(stage: str, frame: Frame) -> str:
    return frame.words.text("figure", f"stage_{stage}")
