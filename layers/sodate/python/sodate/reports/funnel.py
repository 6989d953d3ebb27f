"""The funnel from visitor to order: counts, drop-off and time between stages, for all and per group. Pure.

Visitors and leads are different populations: who came before the period, with another device, or never to the site is
a lead without being a visitor. So leads per visitor is a ratio without an interval and without a drop-off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sodate.kpis.funnel import dropped
from sodate.reports.document import Block, Cell, Column, Drawing, Figure, Reason, Report, Unit, share, table
from sodate.reports.frame import Drawn, Frame, Sheet, count
from sodate.scoring.score_state import FUNNEL

VISITOR = "visitor"
#: A lead that did nothing for so long has left.
SILENT_DAYS = 14


@dataclass(frozen=True)
class Stage:
    """`reached`: how many came as far. `hours`: mean time from the stage before, of those for whom it is known."""

    id: str
    reached: int
    hours: float | None = None


@dataclass(frozen=True)
class FunnelRow:
    """The funnel of one group, e.g. a campaign. `kind`: what kind of group."""

    kind: str
    name: str
    stages: Sequence[Stage]


@dataclass(frozen=True)
class LeavingPoint:
    """A touchpoint after which leads went silent. `stage`: how far they had come."""

    name: str
    leads: int
    stage: str = "lead"


def funnel_report(
    whole: Sequence[Stage],
    scopes: Sequence[FunnelRow],
    frame: Frame,
    leaving: Sequence[LeavingPoint] = (),
    *,
    drops: bool = True,
    notes: Sequence[str] = (),
) -> Report:
    """`drops`: also drop-off and days by group, a table of nine columns. `notes`: more of them."""
    blocks = [_whole(whole, frame)]
    for kind in dict.fromkeys(one.kind for one in scopes):
        of_kind = [one for one in scopes if one.kind == kind]
        blocks += [_scopes(kind, of_kind, frame), *([_drops(kind, of_kind, frame)] if drops else [])]
    if leaving:
        rows = [(one.name, _name(one.stage, frame), count(one.leads)) for one in leaving]
        drawn, columns = Drawn(Drawing.BARS, ("leads",)), [("touchpoint", None), ("stage", None), ("leads", Unit.COUNT)]
        note = frame.text("leaving", days=SILENT_DAYS)
        blocks.append(Sheet("leaving", columns, rows, drawn, (note,)).block(frame))
    has_visitors = any(stage.id == VISITOR for stages in (whole, *(one.stages for one in scopes)) for stage in stages)
    terms = [*(["stage_visitor"] if has_visitors else []), *_TERMS]
    said = ["funnel", *(["funnel_groups"] if any(one.kind != "form" for one in scopes) else [])]
    return frame.report("funnel", blocks, definitions=frame.define(*terms), notes=[*map(frame.text, said), *notes])


_TERMS = ("stage_lead", "stage_mql", "stage_sql", "stage_deal", "stage_won", "of_previous", "of_first")


def _whole(stages: Sequence[Stage], frame: Frame) -> Block:
    rows: list[tuple[Cell, ...]] = []
    for number, stage in enumerate(stages):
        before = stages[number - 1] if number else None
        rows.append((_name(stage.id, frame), count(stage.reached), *_compared(stage, before, stages)))
    columns = [
        ("stage", None), ("reached", Unit.COUNT), ("of_previous", Unit.PERCENT), ("of_first", Unit.PERCENT),
        ("dropped", Unit.COUNT), ("days_between", Unit.DAYS),
    ]  # fmt: skip
    return Sheet("funnel", columns, rows, Drawn(Drawing.FUNNEL, ("reached",))).block(frame)


def _compared(stage: Stage, before: Stage | None, stages: Sequence[Stage]) -> tuple[Cell, ...]:
    """Share of the stage before and of all leads, drop-off, days: of the stages after the first."""
    if before is None:
        return None, None, None, None
    if before.id == VISITOR:
        return Figure(100 * stage.reached / before.reached, Unit.PERCENT) if before.reached else None, None, None, None
    leads = next(one.reached for one in stages if one.id != VISITOR)
    of_before, of_leads = share(stage.reached, before.reached), share(stage.reached, leads)
    return of_before, of_leads, _dropped(stage, before), _days(stage)


def _days(stage: Stage) -> Figure:
    if stage.hours is None:
        return Figure(None, Unit.DAYS, reason=Reason.NOTHING_TO_DIVIDE_BY)
    return Figure(stage.hours / 24, Unit.DAYS)


def _scopes(kind: str, scopes: Sequence[FunnelRow], frame: Frame) -> Block:
    """One row per group: each stage, and the share of its leads that came as far as the last."""
    present = {stage.id for one in scopes for stage in one.stages}
    ids = [one for one in (VISITOR, *FUNNEL) if one in present]
    columns = [frame.column(kind), *(Column(one, _name(one, frame), Unit.COUNT) for one in ids)]
    columns.append(frame.column("won_of_leads", Unit.PERCENT))
    rows: list[tuple[Cell, ...]] = []
    for one in scopes:
        reached = {stage.id: stage.reached for stage in one.stages}
        won = share(reached[FUNNEL[-1]], reached[FUNNEL[0]])
        rows.append((one.name or frame.text("no_group"), *(count(reached.get(stage)) for stage in ids), won))
    title = frame.words.text("block", f"funnel_{kind}")
    return Block(f"funnel_{kind}", title, table(columns, rows), nothing=frame.text("nothing"))


def _drops(kind: str, scopes: Sequence[FunnelRow], frame: Frame) -> Block:
    """One row per group: how many of the stage before came no further, and after how many days the others."""
    columns = [frame.column(kind)]
    for stage in FUNNEL[1:]:
        name = _name(stage, frame)
        columns.append(Column(f"dropped_{stage}", frame.text("dropped_before", stage=name), Unit.COUNT))
        columns.append(Column(f"days_{stage}", frame.text("days_until", stage=name), Unit.DAYS))
    rows: list[tuple[Cell, ...]] = []
    for one in scopes:
        stages = [stage for stage in one.stages if stage.id != VISITOR]
        pairs = pairwise(stages)
        cells = [cell for before, stage in pairs for cell in (_dropped(stage, before), _days(stage))]
        rows.append((one.name or frame.text("no_group"), *cells))
    title = frame.words.text("block", f"drops_{kind}")
    return Block(f"drops_{kind}", title, table(columns, rows), nothing=frame.text("nothing"))


def _dropped(stage: Stage, before: Stage) -> Figure:
    return count(dropped(before.reached, stage.reached))


def _name(stage: str, frame: Frame) -> str:
    return frame.words.text("figure", f"stage_{stage}")
