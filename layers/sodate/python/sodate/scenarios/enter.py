"""One lead enters a scenario because of a date or a schedule: read, decide, one conditional write."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.leads.contact_state import ContactState
from sodate.leads.store import find_state
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.admission import Cause, may_begin
from sodate.scenarios.enroll import commit_enrollment
from sodate.scenarios.entries import DateEntry, ScheduleEntry
from sodate.scenarios.lead_now import LeadItems, LeadNow
from sodate.scenarios.program import Program

_TRIES = 5
#: Outcome of an entry over `max_entries_per_hour`.
WAITING = "entry_waiting"
#: Why the lead enters, or the outcome when it does not.
CauseOf = Callable[[LeadNow], Cause | str]


@dataclass(frozen=True)
class Entrance:
    definitions: Definitions
    mailing: Mailing
    program: Program
    entry: DateEntry | ScheduleEntry
    now: datetime

    def enter(self, lead_id: str, cause_of: CauseOf) -> str:
        """Returns the outcome.

        Raises: `Transient` when the lead keeps changing; `Invalid` for a log that the entry's condition cannot read.
        """
        for _ in range(_TRIES):
            state = find_state(lead_id)
            if state is None:
                return "erased"
            try:
                outcome = self._outcome(state, cause_of)
            except NotFound:
                if find_state(lead_id) is None:
                    return "erased"
                raise
            if outcome is not None:
                return outcome
        raise Transient(Message("lead {lead_id} has concurrent changes: try again", lead_id=lead_id))

    def _outcome(self, state: ContactState, cause_of: CauseOf) -> str | None:
        """None: something else changed the lead meanwhile."""
        program, when = self.program, self.entry.when
        lead = LeadNow(state, program, LeadItems(state.lead_id, self.definitions, self.now))
        cause = cause_of(lead)
        if isinstance(cause, str):
            return cause
        if not may_begin(program, program.id, state, cause, self.now):
            return "may_not_enter"
        if when is not None and not lead.holds(when):
            return "condition_does_not_hold"
        after = commit_enrollment(program, program.id, state, cause, self.mailing, self.now)
        return None if after is None else WAITING if after is state else "entered"
