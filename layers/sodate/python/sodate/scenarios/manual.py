"""An operator puts one lead into a scenario, or takes one out."""

from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.email.mailing import Mailing
from sodate.errors import Conflict, Invalid, NotFound
from sodate.leads.store import load_state, state_change
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.carry_out import LEFT, left
from sodate.scenarios.enroll import Cause, enrolling
from sodate.scenarios.entries import ManualEntry
from sodate.scenarios.lead_now import LeadNow
from sodate.scenarios.program import id_of, key_in, name_of
from sodate.scenarios.programs import live_program
from sodate.scenarios.store import as_enrolled

_IN_WORDS = {
    "was_in_it": "the lead was in it before, and `re_entry` is `never`",
    "already_in_it": "the lead is in it already",
    "interval": "the lead was in it too recently (`re_entry.interval_days`)",
}


def enroll_by_hand(definitions: Definitions, lead_id: str, scenario: str, key: str | None, now: datetime) -> None:
    """Raises: `NotFound` for an unknown scenario or lead; `Conflict` with the reason why the lead may not enter."""
    program = live_program(definitions, scenario)
    entry = next((one for one in program.entry if isinstance(one, ManualEntry)), None)
    if entry is None:
        raise Conflict(f"{scenario} has no entry `manual: true`")
    if not program.is_published:
        raise Conflict(f"{scenario} is {program.status}: nobody enters")
    if (key is None) != (program.key is None):
        raise Invalid(f"give --key, the {program.key}" if program.key else f"{scenario} has no key", "key")
    state, name = load_state(lead_id), name_of(program.id, key)
    before = state.enrollments.get(name)
    if before is not None:
        since = datetime.fromisoformat(before.since)
        why = program.re_entry.rejection(since, is_complete=before.is_complete, now=now)
        if why is not None:
            raise Conflict(_IN_WORDS[why])
    lead = LeadNow(state, program, definitions, now, key_in(program, name))
    if entry.when is not None and not lead.holds(entry.when):
        raise Conflict("the condition of the entry (`when`) does not hold for this lead")
    mailing = parsed(definitions.live("mailing"), Mailing)
    _, writes = enrolling(program, name, state, Cause("manual", now.isoformat(), now), mailing, now)
    try:
        table.commit(writes)
    except ConditionFailed as error:
        raise Conflict("the lead changed meanwhile; try again") from error


def take_out(lead_id: str, scenario: str, now: datetime) -> list[str]:
    """Names of the enrollments that ended.

    Raises: `NotFound` when the lead is not in the scenario; `Conflict` when the lead changed meanwhile.
    """
    state = load_state(lead_id)
    names = [name for name, one in state.enrollments.items() if id_of(name) == scenario and not one.is_complete]
    if not names:
        raise NotFound(f"the lead is not in {scenario}")
    condition = as_enrolled(names[0], state.enrollments[names[0]])
    for name in names[1:]:
        condition &= as_enrolled(name, state.enrollments[name])
    activities = [_left(lead_id, name, state.enrollments[name].id, now) for name in names]
    try:
        table.commit([state_change(state, left(state, scenario), (), condition), *activities])
    except ConditionFailed as error:
        raise Conflict("the lead changed meanwhile; try again") from error
    return names


def _left(lead_id: str, name: str, enrollment_id: str, now: datetime) -> Put:
    type_ = ActivityType.SCENARIO_ENDED.value
    about = {"scenario": name, "reason": LEFT}
    return Put(activity_item(Activity(lead_id, type_, now, activity_key(type_, name, enrollment_id, LEFT), about)))
