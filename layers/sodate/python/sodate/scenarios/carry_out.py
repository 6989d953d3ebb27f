"""Carries out one `Advance`: the enrollment moves, and its effects are written with it, in one conditional write."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sodate.activities.store import activity_item
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.leads.contact_state import ContactState, Enrollment, Visit, id_of, name_of
from sodate.leads.store import state_change
from sodate.playbook.store import Definitions
from sodate.scenarios.advance import (
    AddInterest,
    AddTag,
    Advance,
    CreateCallTask,
    Effect,
    Enroll,
    Leave,
    RemoveTag,
    SendSignal,
    SetField,
)
from sodate.scenarios.enroll import Cause, begin, may_enter
from sodate.scenarios.experiment_steps import arms_taken_by_chance
from sodate.scenarios.lead_now import LeadNow
from sodate.scenarios.programs import live_program
from sodate.scenarios.progress import activities, after
from sodate.scenarios.steps import INTERESTS, TAGS
from sodate.scenarios.store import as_enrolled, profile_change
from sodate.scoring.signal import signal_of

LEFT = "left"


@dataclass(frozen=True)
class CarryOut:
    """`name`: of the enrollment, which is in `lead.state`."""

    definitions: Definitions
    mailing: Mailing
    lead: LeadNow
    name: str
    now: datetime

    def write(self, advance: Advance) -> ContactState | None:
        """The state afterwards; None: something else changed the enrollment meanwhile, and nothing was written.

        The due entry of the step that follows must have been written before.

        Raises: `NotFound` when the lead was erased meanwhile.
        """
        state, enrollment = self.lead.state, self.lead.state.enrollments[self.name]
        moved = state.enroll({self.name: after(enrollment, advance, self.now)})
        moved, writes = self._effects(moved, enrollment, advance)
        writes += [
            Put(activity_item(one)) for one in activities(state.lead_id, self.name, enrollment, advance, self.now)
        ]
        writes += arms_taken_by_chance(self.lead.program, self.name, state.lead_id, enrollment, advance, self.now)
        change = state_change(state, moved, (), as_enrolled(self.name, enrollment))
        try:
            if writes:
                table.commit([change, *writes])
            elif moved != state:
                table.update(change.item, change.actions, change.condition)  # half the price of a transaction
        except ConditionFailed:
            return None
        return moved

    def _effects(
        self, state: ContactState, enrollment: Enrollment, advance: Advance
    ) -> tuple[ContactState, list[Write]]:
        writes, reasons = list[Write](), list[str]()
        for effect in dict.fromkeys(advance.effects):  # two equal steps of one moment have one effect
            match effect:
                case Enroll():
                    state, entries = self._enrolled(state, enrollment, effect)
                    writes += entries
                case Leave(scenario):
                    state = leave(state, scenario)
                case CreateCallTask(_, title, due):
                    local = due.astimezone(ZoneInfo(self.lead.program.time_zone))
                    reasons.append(f"{title} ({local:%Y-%m-%d %H:%M})")
                case SendSignal(_, reason):
                    reasons.append(reason)
        if reasons:
            writes.append(self._signal(reasons))
        values = self._profile_values(advance.effects)
        if values:
            writes.append(profile_change(self.lead.items.profile, values, self.now))
        return state, writes

    def _enrolled(
        self, state: ContactState, enrollment: Enrollment, effect: Enroll
    ) -> tuple[ContactState, list[Write]]:
        """Unchanged when the other scenario does not run, or does not let the lead in (again)."""
        try:
            other = live_program(self.definitions, effect.scenario)
        except NotFound:
            return state, []
        name = name_of(other.id, effect.key[1] if effect.key is not None and other.key else None)
        if not other.is_published or not may_enter(other, state.enrollments.get(name), self.now):
            return state, []
        visit = enrollment.visit or Visit(0, 0)
        cause = Cause(f"scenario:{self.name}", f"{self.name}/{enrollment.id}/{visit.number}", self.now)
        started, puts = begin(other, name, state, cause, self.mailing, self.now)
        return state.enroll({name: started}), [*puts]

    def _signal(self, reasons: list[str]) -> Write:
        """One signal, whatever the number of reasons: its key is the time."""
        items, rules = self.lead.items, self.lead.items.rules
        signal = signal_of(
            items.profile, items.score.score_state, rules.version, rules.engine, self.now, reasons
        )  # fmt: skip
        return Put.new(signal)

    def _profile_values(self, effects: tuple[Effect, ...]) -> dict[str, Any]:
        """New values by path."""
        values: dict[str, Any] = {}

        def change(path: str, *, add: str | None = None, remove: str | None = None) -> None:
            stored = values.get(path, self.lead.attribute(path)) or []
            listed = [*(stored if isinstance(stored, list) else [stored]), *([add] if add else [])]
            values[path] = [one for one in dict.fromkeys(listed) if one != remove]

        for effect in effects:
            match effect:
                case SetField(path, value):
                    values[path] = value
                case AddTag(tag):
                    change(TAGS, add=tag)
                case RemoveTag(tag):
                    change(TAGS, remove=tag)
                case AddInterest(interest):
                    change(INTERESTS, add=interest)
        return values


def leave(state: ContactState, scenario: str) -> ContactState:
    """Every enrollment of the scenario ends, whatever its key."""
    ended = {
        name: replace(enrollment, step=enrollment.steps, ended=LEFT)
        for name, enrollment in state.enrollments.items()
        if id_of(name) == scenario and not enrollment.is_complete
    }
    return state.enroll(ended)
