"""Scenarios: who entered, who is at which step, who ended how, and what the emails of each step did. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sodate.reports.document import Block, Drawing, Report, Unit, share
from sodate.reports.frame import Drawn, Frame, Sheet, count
from sodate.reports.template import TERMS, EmailRow, email_blocks


@dataclass(frozen=True)
class ScenarioRow:
    """`entered`, `ended`, `goals`: in the period; `inside`: now. `ended`: reason → number of enrollments."""

    id: str
    version: int
    status: str
    entered: int
    inside: int
    ended: Mapping[str, int] = field(default_factory=dict)
    goals: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StepRow:
    """`leads`: at the step now, of any version. `kind`: of the step."""

    id: str
    kind: str
    leads: int


@dataclass(frozen=True)
class ScenarioFigures:
    """`steps`: of one scenario. `emails`: by step of one scenario; of several, by scenario."""

    scenarios: Sequence[ScenarioRow]
    steps: Sequence[StepRow] = ()
    emails: Sequence[EmailRow] = ()


def scenario_report(figures: ScenarioFigures, frame: Frame) -> Report:
    blocks = [_overview(figures.scenarios, frame)]
    if figures.steps:
        blocks.append(_steps(figures.steps, frame))
    blocks += [_goals(figures.scenarios, frame), _ends(figures.scenarios, frame)]
    terms, notes = ["entered_scenario", "inside", "goal_rate"], []
    if figures.emails:
        blocks += email_blocks("step" if figures.steps else "scenario", figures.emails, frame)
        terms, notes = [*terms, *TERMS], [frame.text("people_only")]
    return frame.report("scenario", blocks, definitions=frame.define(*terms), notes=notes)


def _overview(scenarios: Sequence[ScenarioRow], frame: Frame) -> Block:
    rows = [
        (
            one.id,
            frame.words.label("status", one.status),
            count(one.entered),
            count(one.inside),
            count(sum(one.ended.values())),
            count(sum(one.goals.values())),
        )
        for one in scenarios
    ]
    columns = [
        ("scenario", None), ("status", None), ("entered_scenario", Unit.COUNT), ("inside", Unit.COUNT),
        ("ended", Unit.COUNT), ("goals_reached", Unit.COUNT),
    ]  # fmt: skip
    return Sheet("scenarios", columns, rows, Drawn(Drawing.BARS, ("entered_scenario", "inside"))).block(frame)


def _steps(steps: Sequence[StepRow], frame: Frame) -> Block:
    rows = [(one.id, frame.words.label("step_kind", one.kind), count(one.leads)) for one in steps]
    columns = [("step", None), ("kind", None), ("leads_at_step", Unit.COUNT)]
    return Sheet("steps", columns, rows, Drawn(Drawing.BARS, ("leads_at_step",))).block(frame)


def _goals(scenarios: Sequence[ScenarioRow], frame: Frame) -> Block:
    rows = [
        (one.id, goal, count(reached), share(reached, one.entered))
        for one in scenarios
        for goal, reached in sorted(one.goals.items())
    ]
    columns = [("scenario", None), ("goal", None), ("goals_reached", Unit.COUNT), ("goal_rate", Unit.PERCENT)]
    return Sheet("goals", columns, rows, notes=(frame.text("goal_after_entry"),) if rows else ()).block(frame)


def _ends(scenarios: Sequence[ScenarioRow], frame: Frame) -> Block:
    rows = [
        (one.id, frame.words.label("ended", reason), count(number))
        for one in scenarios
        for reason, number in sorted(one.ended.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return Sheet("ends", [("scenario", None), ("reason", None), ("enrollments", Unit.COUNT)], rows).block(frame)
