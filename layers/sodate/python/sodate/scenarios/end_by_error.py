"""A step that failed for one lead, with `on_error: stop`, ends the lead's enrollment."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import Transient
from sodate.leads.contact_state import about_enrollment
from sodate.leads.store import find_state, state_change
from sodate.messages import Message
from sodate.scenarios.store import as_enrolled

_TRIES = 5


def end_by_error(
    lead_id: str, name: str, enrollment_id: str, step: str, now: datetime, also: Sequence[Write] = ()
) -> bool:
    """`name`: of the enrollment. `also`: written with it. False, and nothing written: it has ended already, or another
    one began.

    Raises: `Transient` when the lead keeps changing.
    """
    reason, type_ = f"error:{step}", ActivityType.SCENARIO_ENDED.value
    for _ in range(_TRIES):
        state = find_state(lead_id)
        enrollment = state.enrollments.get(name) if state is not None else None
        if state is None or enrollment is None or enrollment.id != enrollment_id or enrollment.is_complete:
            return False
        ended = replace(enrollment, step=enrollment.steps, ended=reason)
        about = {**about_enrollment(name), "version": enrollment.version, "reason": reason}
        activity = Activity(lead_id, type_, now, activity_key(type_, name, enrollment.id, reason), about)
        change = state_change(state, state.enroll({name: ended}), (), as_enrolled(name, enrollment))
        try:
            table.commit([change, Put(activity_item(activity)), *also])
        except ConditionFailed:
            continue
        return True
    raise Transient(Message("lead {lead_id} has concurrent changes: try again", lead_id=lead_id))
