"""Segments: how many members, in which phase they are, and how many of them move on. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sodate.reports.document import Block, Cell, Column, Drawing, Report, Unit, share, table
from sodate.reports.frame import Drawn, Frame, Sheet, count


@dataclass(frozen=True)
class SegmentRow:
    """`members` now. `by_phase`, `by_stage`: members by phase id and lifecycle stage. `engaged`: with an activity of
    their own in the period. `entered`, `left`: in the period.
    """

    id: str
    title: str
    members: int
    by_phase: Mapping[str, int] = field(default_factory=dict)
    by_stage: Mapping[str, int] = field(default_factory=dict)
    engaged: int = 0
    entered: int = 0
    left: int = 0


_STAGES = ("mql", "sql", "customer")


def segment_report(segments: Sequence[SegmentRow], phases: Mapping[str, str], frame: Frame) -> Report:
    """`phases`: id → label, in order."""
    columns = [
        ("segment", None), ("members", Unit.COUNT), ("entered", Unit.COUNT), ("left", Unit.COUNT),
        ("engaged", Unit.PERCENT), *((f"reached_{stage}", Unit.PERCENT) for stage in _STAGES),
    ]  # fmt: skip
    members = Sheet("segments", columns, [_row(one) for one in segments], Drawn(Drawing.BARS, ("members",)))
    blocks = [members.block(frame), _phases(segments, phases, frame)]
    return frame.report("segment", blocks, definitions=frame.define("engaged", "reached_mql"))


def _row(one: SegmentRow) -> tuple[Cell, ...]:
    return (
        one.title or one.id,
        count(one.members),
        count(one.entered),
        count(one.left),
        share(one.engaged, one.members),
        *(share(reached(one.by_stage, stage), one.members) for stage in _STAGES),
    )


def reached(by_stage: Mapping[str, int], stage: str) -> int:
    """Members that are at this stage or came past it. Who was rejected came as far as `mql`, who was lost to `sql`."""
    later = {"mql": ("mql", "rejected", "sql", "lost", "customer"), "sql": ("sql", "lost", "customer")}
    return sum(by_stage.get(one, 0) for one in later.get(stage, (stage,)))


def _phases(segments: Sequence[SegmentRow], phases: Mapping[str, str], frame: Frame) -> Block:
    columns = [frame.column("segment"), *(Column(phase, label, Unit.COUNT) for phase, label in phases.items())]
    rows: list[tuple[Cell, ...]] = [
        (one.title or one.id, *(count(one.by_phase.get(phase, 0)) for phase in phases)) for one in segments
    ]
    title = frame.words.text("block", "segment_phases")
    return Block(
        "segment_phases", title, table(columns, rows), Drawing.HEAT_MAP, tuple(phases), nothing=frame.text("nothing")
    )
