"""An operator puts one lead into a scenario, or takes one out."""

from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.email.mailing import Mailing
from sodate.errors import Conflict, Invalid, NotFound
from sodate.leads.contact_state import LONGEST_KEY, about_enrollment, id_of, name_of
from sodate.leads.store import load_state, state_change
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.admission import Cause, rejection
from sodate.scenarios.enroll import enrolling
from sodate.scenarios.entries import ManualEntry
from sodate.scenarios.lead_now import LeadItems, LeadNow
from sodate.scenarios.program import Program, key_in
from sodate.scenarios.programs import live_program
from sodate.scenarios.progress import LEFT, leave
from sodate.scenarios.store import as_enrolled

_IN_WORDS = {
    "was_in_it": "the lead was in it before, and `re_entry` is `never`",
    "already_in_it": "the lead is in it already",
    "interval": "the lead was in it too recently (`re_entry.interval_days`)",
}


def enroll_by_hand(definitions: Definitions, lead_id: str, scenario: str, key: str | None, now: datetime) -> None:
    """Raises: `NotFound` for an unknown scenario or lead; `Conflict` with the reason why the lead may not enter."""
    program, entry = _manual_entry(definitions, scenario, key)
    state, name = load_state(lead_id), name_of(program.id, key)
    why = rejection(program, state.enrollments.get(name), now)
    if why is not None:
        raise Conflict(_IN_WORDS[why])
    lead = LeadNow(state, program, LeadItems(lead_id, definitions, now), key_in(program, name))
    if entry.when is not None and not lead.holds(entry.when):
        raise Conflict(Message("the condition of the entry (`when`) does not hold for this lead"))
    mailing = parsed(definitions.live("mailing"), Mailing)
    _, writes = enrolling(program, name, state, Cause("manual", now.isoformat(), now), mailing, now)
    try:
        table.commit(writes)
    except ConditionFailed as error:
        raise Conflict(Message("the lead changed meanwhile; try again")) from error


def _manual_entry(definitions: Definitions, scenario: str, key: str | None) -> tuple[Program, ManualEntry]:
    program = live_program(definitions, scenario)
    entry = next((one for one in program.entry if isinstance(one, ManualEntry)), None)
    if entry is None:
        raise Conflict(Message("{scenario} has no entry `manual: true`", scenario=scenario))
    if not program.is_published:
        raise Conflict(Message("{scenario} is {status}: nobody enters", scenario=scenario, status=program.status))
    if program.key is None and key is not None:
        raise Invalid(Message("{scenario} has no key", scenario=scenario), "key")
    if program.key is not None and not 1 <= len(key or "") <= LONGEST_KEY:
        raise Invalid(
            Message("give --key, the {key}: 1 to {longest_key} characters", key=program.key, longest_key=LONGEST_KEY),
            "key",
        )
    return program, entry


def take_out(lead_id: str, scenario: str, now: datetime) -> list[str]:
    """Names of the enrollments that ended.

    Raises: `NotFound` when the lead is not in the scenario; `Conflict` when the lead changed meanwhile.
    """
    state = load_state(lead_id)
    names = [name for name, one in state.enrollments.items() if id_of(name) == scenario and not one.is_complete]
    if not names:
        raise NotFound(Message("the lead is not in {scenario}", scenario=scenario))
    condition = as_enrolled(names[0], state.enrollments[names[0]])
    for name in names[1:]:
        condition &= as_enrolled(name, state.enrollments[name])
    activities = [_left(lead_id, name, state.enrollments[name].id, now) for name in names]
    try:
        table.commit([state_change(state, leave(state, scenario), (), condition), *activities])
    except ConditionFailed as error:
        raise Conflict(Message("the lead changed meanwhile; try again")) from error
    return names


def _left(lead_id: str, name: str, enrollment_id: str, now: datetime) -> Put:
    type_ = ActivityType.SCENARIO_ENDED.value
    about = {**about_enrollment(name), "reason": LEFT}
    return Put(activity_item(Activity(lead_id, type_, now, activity_key(type_, name, enrollment_id, LEFT), about)))
