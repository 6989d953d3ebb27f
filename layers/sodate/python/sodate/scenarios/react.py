"""After new activities of a lead: enrollments end, continue or begin, as the scenarios say.

Everything is idempotent: an activity that is delivered again finds its enrollment moved, or begun by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sodate.activities.activity import Activity
from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.leads.contact_state import ContactState, Enrollment
from sodate.leads.store import find_state
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.admission import Cause, entries_of, may_react, name_by
from sodate.scenarios.advance import Advance
from sodate.scenarios.carry_out import CarryOut
from sodate.scenarios.engine import on_event
from sodate.scenarios.enroll import commit_enrollment
from sodate.scenarios.entries import Entry
from sodate.scenarios.experiment_steps import chosen_arms, with_choices
from sodate.scenarios.lead_now import LeadItems, LeadNow
from sodate.scenarios.next_steps import plan_steps
from sodate.scenarios.program import Program, key_in
from sodate.scenarios.programs import has_scenarios, live_program, live_programs, program
from sodate.scenarios.progress import active

_TRIES = 5


def react(lead_id: str, activities: Sequence[Activity], definitions: Definitions, now: datetime) -> int:
    """Number of entries that wait for an operator (`max_entries_per_hour`).

    Raises: `Transient` when the lead keeps changing.
    """
    relevant = sorted((one for one in activities if may_react(one)), key=lambda one: one.position)
    if not relevant or not has_scenarios(definitions):
        return 0
    waiting = set[str]()
    for activity in relevant:
        for _ in range(_TRIES):
            state = find_state(lead_id)
            if state is None or _is_written(_Reaction(definitions, state, activity, now, waiting)):
                break
        else:
            raise Transient(Message("lead {lead_id} has concurrent changes: try again", lead_id=lead_id))
    return len(waiting)


def _is_written(reaction: "_Reaction") -> bool:
    """False: something else changed the lead; read it again."""
    try:
        return reaction.is_written()
    except NotFound:
        if find_state(reaction.state.lead_id) is None:
            return True  # erased meanwhile
        raise


@dataclass
class _Reaction:
    """One activity. `state`: as it was read, and as it is after each write. `waiting`: names of enrollments."""

    definitions: Definitions
    state: ContactState
    activity: Activity
    now: datetime
    waiting: set[str]

    @cached_property
    def _items(self) -> LeadItems:
        return LeadItems(self.state.lead_id, self.definitions, self.now)

    def is_written(self) -> bool:
        """False: something else changed the lead; read it again."""
        for name in tuple(self.state.enrollments):
            enrollment = self.state.enrollments.get(name)  # an enrollment before it may have ended this one
            if enrollment is not None and enrollment.visit is not None and not self._continued(name, enrollment):
                return False
        return all(self._began(compiled, entry) for compiled, entry in self._entries())

    # -- enrollments that exist ----------------------------------------------------------------------------------------

    def _continued(self, name: str, enrollment: Enrollment) -> bool:
        compiled = program(self.definitions, name, enrollment.version)
        if (enrollment.is_complete and not compiled.goals) or not _is_running(self.definitions, name):
            return True
        lead = self._lead(compiled, name)

        def advance_with(chosen: Mapping[str, str]) -> Advance | None:
            seen = active(compiled, name, enrollment, chosen)
            return on_event(compiled, seen, lead, self.activity, self.now, mailing=self._mailing)

        advance = with_choices(compiled, enrollment, advance_with, lambda: chosen_arms(compiled))
        if advance is None:
            return True
        plan_steps(compiled, name, [(lead, advance)], self.now)
        carry_out = CarryOut(self.definitions, self._mailing, lead, name, self.now)
        after = carry_out.write(advance)
        if after is None:
            return False
        self.waiting |= carry_out.waiting
        self.state = after
        return True

    # -- enrollments that begin ----------------------------------------------------------------------------------------

    def _entries(self) -> Iterator[tuple[Program, Entry]]:
        for compiled in live_programs(self.definitions):
            for entry in entries_of(compiled, self.activity, self.state):
                yield compiled, entry

    def _began(self, compiled: Program, entry: Entry) -> bool:
        name = name_by(compiled, self.activity, self.state, self.now)
        if name is None:
            return True
        if entry.when is not None and not self._lead(compiled, name).holds(entry.when):
            return True
        return self._enrolled(compiled, name)

    def _enrolled(self, compiled: Program, name: str) -> bool:
        cause = Cause(self.activity.type, self.activity.key, self.activity.at)
        after = commit_enrollment(compiled, name, self.state, cause, self._mailing, self.now)
        if after is None:
            return False
        if after is self.state:
            self.waiting.add(name)
        self.state = after
        return True

    # -- what both need ------------------------------------------------------------------------------------------------

    def _lead(self, compiled: Program, name: str) -> LeadNow:
        return LeadNow(self.state, compiled, self._items, key_in(compiled, name))

    @property
    def _mailing(self) -> Mailing:
        return parsed(self.definitions.live("mailing"), Mailing)


def _is_running(definitions: Definitions, name: str) -> bool:
    """While a scenario is paused its events wait in the log: the engine finds them before the next step."""
    try:
        return live_program(definitions, name).is_running
    except NotFound:  # retired: who is in it goes on
        return True
