"""Plans a failed step mail again if its enrollment is at the step directly after it.

The failed attempt sent nothing. Its claim is released, so a new claim decides again about consent, caps, quiet hours
and `valid_hours`. An enrollment that is further on is not moved back: its lead already has a later email.
"""

from datetime import datetime

from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.store import find_send, planned_again
from sodate.errors import Conflict, NotFound
from sodate.leads.store import find_state
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.lane import lane_of
from sodate.scenarios.programs import program
from sodate.scenarios.store import step_change, visit_change
from sodate.scheduling import store as due


def retry_step(definitions: Definitions, lead_id: str, send_id: str, now: datetime) -> None:
    """Ledger, enrollment and due entry in one write.

    Raises:
        NotFound: there is no such step mail.
        Conflict: it cannot be planned again; the message has the reason.
    """
    send, state = find_send(lead_id, send_id), find_state(lead_id)
    if send is None or send.sequence is None or send.step is None or send.sequence_version is None:
        raise NotFound(Message("no step mail {send_id} of lead {lead_id}", send_id=send_id, lead_id=lead_id))
    name, step, version = send.sequence, int(send.step), int(send.sequence_version)
    enrollment = state.enrollments.get(name) if state else None
    if state is None or enrollment is None or enrollment.id != send.enrollment_id:
        raise Conflict(Message("the enrollment through the sequence was ended or replaced"))
    if enrollment.version != version:
        raise Conflict(Message("the enrollment was migrated to version {version} since", version=enrollment.version))
    if never := state.permanent_rejection(str(send.topic)):
        raise Conflict(never)
    since, visit = datetime.fromisoformat(enrollment.since), send.step_visit
    batch = EnrollmentBatch(name, version, step, (EnrollmentRef(lead_id, enrollment.id, since, state.zone, visit),))
    compiled = program(definitions, name, version)
    then = compiled.nodes[step].next[0]
    is_next = enrollment.visit is None or visit is None or enrollment.visit.number == visit.number + 1
    if not is_next or state.position(name, enrollment.id, then, enrollment.visit) != "here":
        raise Conflict(Message("a later step has begun since, or the scenario has ended for this lead"))
    if visit is None or enrollment.visit is None:
        back = step_change(lead_id, name, enrollment.id, then, step)
    else:
        back = visit_change(lead_id, name, (enrollment.id, version), (then, enrollment.visit), (step, visit))
    entry = due.due_item(now, lane_of(compiled), batch.id, batch, now)
    try:
        table.commit([planned_again(send, Reason.RETRIED), back, Put(entry)])
    except ConditionFailed as error:
        raise Conflict(Message("send {send_id} has not failed (any more)", send_id=send_id)) from error
