"""Plans another attempt of a send with an unknown outcome, hours later, when evidence shows that it never left.

SES reports on every email that it accepts. So an email without any report for hours, while SES reports on emails of
the same time, never left; sending it again causes no duplicate (docs/decisions/0073). Without that evidence the send
stays on the list of unknown sends and is checked again until `valid_hours` ends.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.delivery.sweep import NEIGHBOURHOOD
from sodate.email.delivery.watch import AFTER
from sodate.email.events.report_coverage import Coverage, coverage
from sodate.email.ledger.states import BROADCAST
from sodate.email.ledger.store import SendItem, find_sends
from sodate.email.mailing import Mailing
from sodate.email.operator_lists.unknown import is_open
from sodate.errors import Conflict, NotFound
from sodate.leads.store import find_state
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.decide import due_by_time
from sodate.scenarios.lane import lane_of
from sodate.scenarios.program import Program
from sodate.scenarios.programs import program
from sodate.scenarios.watch import StepCheck
from sodate.scheduling import store as due

#: Time between two checks of an attempt for which there is no evidence yet.
_CHECK_AGAIN_AFTER = timedelta(hours=3)


@dataclass(frozen=True)
class NextAttempts:
    """`has_event_letters`: a dead-letter queue contains reports of SES, which are therefore not in the ledger yet."""

    definitions: Definitions
    has_event_letters: Callable[[], bool]

    def check(self, entry: StepCheck, now: datetime) -> int:
        """Number of attempts planned."""
        batch, began = entry.batch, entry.began
        compiled = program(self.definitions, batch.sequence, batch.version)
        if self._is_strict(compiled, batch.step):
            return 0
        enrollments = [
            enrollment
            for enrollment in _still_open(batch)
            if now <= self._valid_until(compiled, batch.step, enrollment, began)
        ]
        if not enrollments:
            return 0
        evidence = neighbours(began, entry.listed, now)
        if not evidence.shows_that_reports_arrived or self.has_event_letters():
            again = replace(entry, batch=batch.of(enrollments))
            due.plan(now + _CHECK_AGAIN_AFTER, due.WATCH, again.ref, again, now)
            return 0
        plan_next_attempt(compiled, batch.of(enrollments), str(evidence), now)
        return len(enrollments)

    def _is_strict(self, compiled: Program, step: int) -> bool:
        topics = {topic.id: topic for topic in self._mailing.topics}
        topic = topics.get(compiled.topic_of(compiled.send_at(step)))
        return compiled.strict or (topic is not None and topic.strict)

    @property
    def _mailing(self) -> Mailing:
        return parsed(self.definitions.live("mailing"), Mailing)

    def _valid_until(self, compiled: Program, step: int, enrollment: EnrollmentRef, began: datetime) -> datetime:
        begin = enrollment.visit.began if enrollment.visit else enrollment.since or began
        at = due_by_time(compiled, step, begin, enrollment.time_zone, self._mailing)
        return (at or begin) + timedelta(hours=compiled.send_at(step).valid_hours)


def neighbours(attempted: datetime, listed: datetime, now: datetime) -> Coverage:
    """Emails that SES accepted around the attempt and its listing, and reported on; if none then, those accepted since.

    SES has an hour to report on the youngest of them.
    """
    near = coverage(attempted - NEIGHBOURHOOD, listed + NEIGHBOURHOOD)
    return near if near.accepted else coverage(attempted - NEIGHBOURHOOD, now - NEIGHBOURHOOD)


def plan_next_attempt(compiled: Program, batch: EnrollmentBatch, evidence: str, now: datetime) -> None:
    """The send protocol then checks consent, caps, quiet hours and `valid_hours` again."""
    again = replace(batch, attempt=batch.attempt + 1, evidence=evidence)
    due.plan(now, lane_of(compiled), again.id, again, now)


def _still_open(batch: EnrollmentBatch) -> list[EnrollmentRef]:
    sends = find_sends([(ref.lead_id, batch.ref(ref).send_id) for ref in batch.enrollments])
    return [
        enrollment
        for enrollment, send in zip(batch.enrollments, sends, strict=True)
        if send is not None and is_open(send)
    ]


def evidence_about(sends: Iterable[SendItem], now: datetime) -> str:
    """Text: what SES reported on around the attempts of these sends."""
    attempts = sorted(datetime.fromisoformat(str(send.attempted_at or send.planned_at)) for send in sends)
    return str(neighbours(attempts[0], attempts[-1] + AFTER, now))


def attempt_again(definitions: Definitions, send: SendItem, evidence: str, now: datetime) -> None:
    """Plan another attempt of one unknown step mail, requested by an operator.

    Raises:
        NotFound: the send is not a step mail.
        Conflict: the send is not unknown (any more), its enrollment has ended, or its lead does not exist.
    """
    if send.name == BROADCAST:
        raise NotFound(
            Message(
                "send {send_id} is of a broadcast, which is not attempted again; resolve it as lost",
                send_id=send.send_id,
            )
        )
    if send.sequence is None or send.step is None or send.sequence_version is None or send.enrollment_id is None:
        raise NotFound(
            Message(
                "send {send_id} is no step mail; resolve it as lost, and the next post asks anew", send_id=send.send_id
            )
        )
    if not is_open(send):
        raise Conflict(
            Message("send {send_id} is not unknown any more; look at the lead's timeline", send_id=send.send_id)
        )
    state = find_state(send.lead_id)
    enrollment = state.enrollments.get(send.sequence) if state else None
    if state is None or enrollment is None or enrollment.id != send.enrollment_id:
        raise Conflict(Message("the enrollment through the sequence was ended or replaced"))
    version, since = int(send.sequence_version), datetime.fromisoformat(enrollment.since)
    ref = EnrollmentRef(send.lead_id, enrollment.id, since, state.zone, send.step_visit)
    batch = EnrollmentBatch(send.sequence, version, int(send.step), (ref,), int(send.attempt or 1))
    plan_next_attempt(program(definitions, send.sequence, version), batch, evidence, now)
