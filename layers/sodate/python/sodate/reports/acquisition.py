"""Cohorts: leads by the month in which they were acquired, and the share that has reached each stage since. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sodate.reports.document import Block, Cell, Column, Drawing, Report, Unit, share, table
from sodate.reports.frame import Frame, count

STAGES = ("mql", "sql", "deal", "won")


@dataclass(frozen=True)
class AcquisitionRow:
    """`month`: `2026-11`. `reached`: stage → leads of the cohort that came as far."""

    month: str
    leads: int
    reached: Mapping[str, int]


def acquisition_report(months: Sequence[AcquisitionRow], frame: Frame) -> Report:
    columns = [frame.column("cohort"), frame.column("leads", Unit.COUNT)]
    columns += [Column(stage, frame.words.text("figure", f"stage_{stage}"), Unit.PERCENT) for stage in STAGES]
    rows: list[tuple[Cell, ...]] = [
        (one.month, count(one.leads), *(share(one.reached.get(stage, 0), one.leads) for stage in STAGES))
        for one in months
    ]
    title, nothing = frame.words.text("block", "cohorts"), frame.text("nothing")
    block = Block("cohorts", title, table(columns, rows), Drawing.HEAT_MAP, STAGES, nothing=nothing)
    terms = frame.define("cohort", *(f"stage_{stage}" for stage in STAGES))
    return frame.report("cohort", [block], definitions=terms, notes=[frame.text("cohort")])
