"""Due entries of the steps that follow.

That of an email is written in the transaction that moves the enrollment: one of a move that was lost would later look
like an email that was claimed, and be attempted again. Those of other steps are written before, together for many
leads: when their enrollment is elsewhere, the engine drops them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sodate.dynamodb import table
from sodate.dynamodb.item import encode
from sodate.dynamodb.table import Put
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.scenarios.advance import Advance
from sodate.scenarios.lane import lane_of
from sodate.scenarios.lead_now import LeadNow
from sodate.scenarios.program import Program
from sodate.scenarios.progress import after
from sodate.scheduling import store as due


def plan_steps(program: Program, name: str, advances: Iterable[tuple[LeadNow, Advance]], now: datetime) -> None:
    """Before the enrollments move, so that none is left without an entry. Emails are left out (`email_entry`)."""
    groups: dict[tuple[int, datetime], list[EnrollmentRef]] = defaultdict(list)
    for lead, advance in advances:
        if advance.due is not None and not program.is_email(advance.node):
            ref = _ref(name, lead, advance, now)
            groups[advance.node, due.due_minute(advance.due, now)].append(ref)
    table.put_many([encode(_entry(program, name, *at, refs, now)) for at, refs in groups.items()])


def email_entry(program: Program, name: str, lead: LeadNow, advance: Advance, now: datetime) -> list[Put]:
    """For the transaction that moves the enrollment to an email; empty for every other step."""
    if advance.due is None or not program.is_email(advance.node):
        return []
    refs = [_ref(name, lead, advance, now)]
    return [Put(_entry(program, name, advance.node, due.due_minute(advance.due, now), refs, now))]


def _ref(name: str, lead: LeadNow, advance: Advance, now: datetime) -> EnrollmentRef:
    state, enrollment = lead.state, after(lead.state.enrollments[name], advance, now)
    since = datetime.fromisoformat(enrollment.since)
    return EnrollmentRef(state.lead_id, enrollment.id, since, state.zone, enrollment.visit)


def _entry(
    program: Program, name: str, step: int, minute: datetime, refs: Sequence[EnrollmentRef], now: datetime
) -> due.DueItem:
    batch = EnrollmentBatch(name, program.version, step, tuple(refs))
    return due.due_item(minute, lane_of(program), batch.id, batch, now)
