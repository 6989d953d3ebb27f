"""Which of two emails to one lead goes first when a frequency cap has no room for both. Pure.

The email of the lower scenario waits: a few minutes later the other one has left and counts for the cap, or it will not
leave. While no scenario has a precedence there is no order, and nothing is read to keep it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.email.eligibility.caps import free_since, limits, with_email
from sodate.email.eligibility.decide import may_claim
from sodate.email.eligibility.hours import open_from
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState, Enrollment, id_of, key_of
from sodate.playbook.model import Definition, Slug
from sodate.scenarios.decide import due_by_time
from sodate.scenarios.program import Program
from sodate.scenarios.send_policy import valid_until

#: An email that could leave for longer than this, and did not, is not waited for.
PATIENCE = timedelta(minutes=10)
#: Of an enrollment's name and version; None: no email of it leaves now.
ProgramOf = Callable[[str, int], Program | None]


class EmailOrder(Definition):
    """Published with the settings of playbook.yaml, from `precedence` of the scenarios."""

    email_order: tuple[Slug, ...] = ()


def email_order(precedences: Mapping[str, int]) -> tuple[str, ...]:
    """Scenarios and sequences, the first one first, those of equal precedence by id; empty when all are equal."""
    if len(set(precedences.values())) < 2:
        return ()
    return tuple(sorted(precedences, key=lambda name: (-precedences[name], name)))


def may_wait(name: str, order: Sequence[str]) -> bool:
    """Whether any email goes before those of the enrollment with this name."""
    return id_of(name) in order and (order[0] != id_of(name) or key_of(name) is not None)


@dataclass(frozen=True)
class NextEmail:
    """An email at which a lead is. `scenario`: or sequence."""

    scenario: str
    topic: str
    due: datetime
    valid_until: datetime


def emails_before(
    name: str, order: Sequence[str], state: ContactState, program_of: ProgramOf, mailing: Mailing
) -> list[NextEmail]:
    """Of the lead's enrollments that go before `name`, the first one first."""
    ranks = {other: (order.index(id_of(other)), other) for other in state.enrollments if id_of(other) in order}
    found = []
    for other in sorted((one for one in ranks if ranks[one] < ranks[name]), key=ranks.__getitem__):
        enrollment = state.enrollments[other]
        program = program_of(other, enrollment.version)
        if program is not None and program.is_email(enrollment.step):
            found.append(_next_email(program, enrollment, state, mailing))
    return found


def _next_email(program: Program, enrollment: Enrollment, state: ContactState, mailing: Mailing) -> NextEmail:
    visit, step = enrollment.visit, program.send_at(enrollment.step)
    began = visit.began if visit is not None else datetime.fromisoformat(enrollment.since)
    due = due_by_time(program, enrollment.step, began, state.zone, mailing) or began
    return NextEmail(program.id, program.topic_of(step), due, valid_until(step, due))


def waits_for(
    state: ContactState, topic: str, before: Iterable[NextEmail], mailing: Mailing, now: datetime
) -> str | None:
    """The scenario whose email takes the room that an email about `topic` needs. None: there is room for it, or there
    is none anyway.
    """
    own = limits(mailing.caps, topic)
    if not may_claim(state, topic, own, now):
        return None
    for email in before:
        if _leaves_now(state, email, mailing, now):
            state = with_email(state, limits(mailing.caps, email.topic), email.topic, now)
            if not may_claim(state, topic, own, now):
                return email.scenario
    return None


def _leaves_now(state: ContactState, email: NextEmail, mailing: Mailing, now: datetime) -> bool:
    known = limits(mailing.caps, email.topic)
    if now > email.valid_until or not may_claim(state, email.topic, known, now):
        return False
    paused = datetime.fromisoformat(state.pause_until) if state.pause_until else email.due
    since = open_from(max(email.due, paused, free_since(known, state, email.topic)), state.zone, mailing)
    return since <= now <= since + PATIENCE
