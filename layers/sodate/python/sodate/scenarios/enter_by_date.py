"""The instant of an entry by date has come: the lead enters, unless the date has moved or the scenario has changed."""

from datetime import datetime

from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.leads.contact_state import ContactState
from sodate.leads.store import find_state
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.admission import may_begin
from sodate.scenarios.date_entry import cause_of, date_entries, day_of, entry_id, instant_of
from sodate.scenarios.due_entry import DateReached
from sodate.scenarios.enroll import commit_enrollment
from sodate.scenarios.entries import DateEntry
from sodate.scenarios.lead_now import LeadItems, LeadNow
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program
from sodate.scheduling import store as due

_TRIES = 5


def enter_by_date(reached: DateReached, definitions: Definitions, now: datetime) -> str:
    """Returns the outcome.

    Raises: `Transient` when the lead keeps changing; `Invalid` for a log that the entry's condition cannot read.
    """
    found = _entry(reached, definitions)
    if found is None:
        return "stale"
    for _ in range(_TRIES):
        state = find_state(reached.lead_id)
        if state is None:
            return "erased"
        try:
            outcome = _outcome(reached, *found, state, definitions, now)
        except NotFound:
            if find_state(reached.lead_id) is None:
                return "erased"
            raise
        if outcome is not None:
            return outcome
    raise Transient(f"lead {reached.lead_id} has concurrent changes: try again")


def _entry(reached: DateReached, definitions: Definitions) -> tuple[Program, DateEntry] | None:
    """None: the scenario was retired, does not run, or has another entry now."""
    try:
        program = live_program(definitions, reached.scenario)
    except NotFound:
        return None
    entry = next((one for one in date_entries(program) if entry_id(one) == reached.entry), None)
    return (program, entry) if entry is not None and program.is_published else None


def _outcome(
    reached: DateReached, program: Program, entry: DateEntry, state: ContactState, definitions: Definitions,
    now: datetime,
) -> str | None:  # fmt: skip
    """None: something else changed the lead meanwhile."""
    lead = LeadNow(state, program, LeadItems(state.lead_id, definitions, now))
    mailing = parsed(definitions.live("mailing"), Mailing)
    at = instant_of(entry, program, lead, mailing)
    if at is None or day_of(entry, lead) != reached.day:
        return "stale"
    if at > now:  # the time zone of the lead has changed
        due.plan(at, due.DECAY, reached.ref, reached, now)
        return "later"
    cause = cause_of(entry, reached.day, at)
    if not may_begin(program, program.id, state, cause, now):
        return "may_not_enter"
    if entry.when is not None and not lead.holds(entry.when):
        return "condition_does_not_hold"
    return "entered" if commit_enrollment(program, program.id, state, cause, mailing, now) else None
