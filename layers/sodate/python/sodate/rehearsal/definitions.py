"""The definitions that a rehearsal plays, from the files of a playbook or from what is live."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

from sodate.broadcasts.broadcast import Broadcast
from sodate.conditions.language import ActivityTest, Condition, tests
from sodate.email.content.template import Template
from sodate.email.mailing import Mailing
from sodate.facts.fold import FactFold
from sodate.forms.definition import Form
from sodate.playbook.model import read
from sodate.sales.definition import Sales
from sodate.scenarios.precedence import EmailOrder
from sodate.scenarios.program import Program, compile_scenario, compile_sequence
from sodate.scenarios.programs import is_scenario
from sodate.scenarios.scenario import Exit, Goal, Scenario, ScenarioStatus
from sodate.scenarios.sequence import Sequence
from sodate.scenarios.steps import BranchStep, WaitForStep
from sodate.scenarios.triggers import Trigger, types_of
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.rules import RuleSet
from sodate.segments.membership import Segments
from sodate.segments.segment import SegmentSet

#: Kinds of definitions that send email and have a title.
_TITLED = ("sequence", "broadcast")


class Definition(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Rehearsed:
    """Scenarios and sequences are those that are published, and those that were asked for by name.

    `titles`: of scenarios, sequences and broadcasts that have one.
    """

    mailing: Mailing
    programs: Mapping[str, Program]
    broadcasts: tuple[Broadcast, ...] = ()
    templates: Mapping[str, Template] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    engine: ScoringEngine | None = None
    segments: Segments | None = None
    sales: Sales | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    email_order: tuple[str, ...] = ()

    @classmethod
    def of(cls, definitions: Iterable[Definition], also: Iterable[str] = ()) -> "Rehearsed":
        """`also`: ids of scenarios that are played as if they were published.

        Raises: pydantic's `ValidationError`, `ScenarioInvalid` for definitions that this release cannot read.
        """
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for one in definitions:
            found.setdefault(one.kind, {})[one.id] = one.body
        single = {kind: next(iter(bodies.values())) for kind, bodies in found.items()}
        programs = {name: program_of(body) for name, body in sorted(found.get("sequence", {}).items())}
        played = {
            name: replace(program, status=ScenarioStatus.PUBLISHED)
            for name, program in programs.items()
            if program.is_published or name in also
        }
        broadcasts = (read(Broadcast, body) for _, body in sorted(found.get("broadcast", {}).items()))
        return cls(
            read(Mailing, single["mailing"]),
            played,
            tuple(one for one in broadcasts if one.status == "released"),
            {name: read(Template, body) for name, body in found.get("template", {}).items()},
            {name: read(Form, body) for name, body in sorted(found.get("form", {}).items())},
            ScoringEngine(read(RuleSet, single["rules"])) if "rules" in single else None,
            Segments(read(SegmentSet, single["segments"]), 1) if "segments" in single and "rules" in single else None,
            read(Sales, single["sales"]) if "sales" in single else None,
            {
                name: body["title"]
                for kind in _TITLED
                for name, body in found.get(kind, {}).items()
                if body.get("title")
            },
            read(EmailOrder, single["mailing"]).email_order,
        )

    def asks_to_confirm(self, form: str | None) -> bool:
        """Whether a post of the form causes an opt-in email."""
        known = self.forms.get(form or "")
        return known is not None and known.consent is not None and known.consent.double_opt_in

    @cached_property
    def fold(self) -> FactFold:
        """Of every condition: what a lead's facts have to answer."""
        conditions = [condition for program in self.programs.values() for condition in _conditions(program)]
        if self.segments is not None:
            conditions += [one.when for one in self.segments.definitions.segments if one.when is not None]
        return FactFold(conditions)

    @cached_property
    def logged_types(self) -> frozenset[str]:
        """Types of activities that a wait, a goal or an exit looks for in the log."""
        types = {
            type_ for program in self.programs.values() for trigger in _triggers(program) for type_ in types_of(trigger)
        }
        for program in self.programs.values():
            for condition in _conditions(program):
                types |= {
                    str(one.activity) for one in tests(condition) if isinstance(one, ActivityTest) and one.same_key
                }
        return frozenset(types)

    def reacts_to(self, program: Program) -> frozenset[str] | None:
        """Types of activities that can move an enrollment; None: any."""
        return self._reactions[program.id]

    @cached_property
    def _reactions(self) -> Mapping[str, frozenset[str] | None]:
        found: dict[str, frozenset[str] | None] = {}
        for program in self.programs.values():
            asks = any(ending.when is not None for ending in (*program.goals, *program.exits))
            types = frozenset(type_ for trigger in _triggers(program) for type_ in types_of(trigger))
            found[program.id] = None if asks else types
        return found


def program_of(body: Mapping[str, Any]) -> Program:
    if is_scenario(body):
        return compile_scenario(read(Scenario, body), 1)
    return compile_sequence(read(Sequence, body), 1)


def _endings(program: Program) -> tuple[Goal | Exit, ...]:
    return (*program.goals, *program.exits)


def _triggers(program: Program) -> Iterator[Trigger]:
    yield from (ending.on for ending in _endings(program) if ending.on is not None)
    yield from (node.step.wait_for for node in program.nodes if isinstance(node.step, WaitForStep))


def _conditions(program: Program) -> Iterator[Condition]:
    yield from (ending.when for ending in _endings(program) if ending.when is not None)
    yield from (entry.when for entry in program.entry if entry.when is not None)
    for node in program.nodes:
        if isinstance(node.step, BranchStep):
            yield from (case.when for case in node.step.branch)
