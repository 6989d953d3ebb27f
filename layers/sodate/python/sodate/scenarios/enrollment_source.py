"""Enrollments at one send step as a source of email: their part of the claim, their due entries, their ledger items."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sodate.dynamodb import table
from sodate.dynamodb.item import encode
from sodate.dynamodb.table import Condition, Update
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.delivery.ses import OutgoingEmail
from sodate.email.delivery.watch import plan_watch
from sodate.email.eligibility.store import Guard
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.states import StepRef
from sodate.email.ledger.store import SendItem, sent_step, step_send
from sodate.email.mailing import Mailing
from sodate.email.send_request import SendRequest
from sodate.leads.contact_state import ContactState, StepPosition
from sodate.leads.lead import Profile
from sodate.leads.store import find_state
from sodate.scenarios.compose import StepComposer
from sodate.scenarios.decide import due_by_time
from sodate.scenarios.end_by_error import end_by_error
from sodate.scenarios.lane import lane_of
from sodate.scenarios.pauses import NO_PAUSE, Pauses
from sodate.scenarios.program import Program
from sodate.scenarios.send_policy import retry_at, valid_until
from sodate.scenarios.steps import SendStep
from sodate.scenarios.store import enrolled, step_change, step_guard, visit_change, visit_guard
from sodate.scenarios.watch import StepWatch
from sodate.scheduling import store as due


@dataclass
class EnrollmentSource:
    """One batch of enrollments. `began`: when the invocation began; the visits of the next step begin then. `pauses`:
    of the scenario that have ended.

    Raises: `Invalid` when the program has no email at the step of the batch.
    """

    batch: EnrollmentBatch
    program: Program
    mailing: Mailing
    composer: StepComposer
    began: datetime
    pauses: Pauses = NO_PAUSE
    ended: str = Reason.ENROLLMENT_ENDED
    _step: SendStep = field(init=False)
    _then: int = field(init=False)
    _due_times: dict[tuple[datetime, str | None, int], datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._step = self.program.send_at(self.batch.step)
        self._then = self.program.nodes[self.batch.step].next[0]

    def requests(self) -> list[SendRequest]:
        return [self._request(self._dated(enrollment)) for enrollment in self.batch.enrollments]

    # -- what the send protocol asks ----------------------------------------------------------------------------------

    @property
    def topic(self) -> str:
        return self.program.topic_of(self._step)

    @property
    def skips_over_cap(self) -> bool:
        return self._step.over_cap == "skip"

    @property
    def guard(self) -> Guard:
        return step_guard(self.batch.sequence) if self.program.is_sequence else visit_guard(self.batch.sequence)

    def parameters(self, request: SendRequest) -> dict[str, Any]:
        enrollment = _enrollment(request)
        parameters = {"enrollment": enrollment.enrollment_id, "step": self.batch.step, "then": self._then}
        if enrollment.visit is None:
            return parameters
        following = enrollment.visit.next(self.began)
        numbers = {"version": self.batch.version, "visit": enrollment.visit.number, "entered": enrollment.visit.at}
        return {**parameters, **numbers, "next_visit": following.number, "next_entered": following.at}

    def in_time_zone(self, request: SendRequest, time_zone: str | None) -> SendRequest:
        return self._request(replace(_enrollment(request), time_zone=time_zone))

    def position(self, state: ContactState, request: SendRequest) -> StepPosition:
        """`gone` for an enrollment that was migrated: what an old version planned is for the new one to send."""
        enrollment = _enrollment(request)
        current = state.enrollments.get(self.batch.sequence)
        if current is not None and current.version != self.batch.version:
            return "gone"
        return state.position(self.batch.sequence, enrollment.enrollment_id, self.batch.step, enrollment.visit)

    def still_wanted(self, request: SendRequest) -> Condition:
        return enrolled(self.batch.sequence, _enrollment(request).enrollment_id)

    def advance(self, request: SendRequest) -> Update:
        return self._moved(_enrollment(request), is_back=False)

    def undo_claim(self, request: SendRequest) -> Update:
        return self._moved(_enrollment(request), is_back=True)

    def ledger_item(self, request: SendRequest, now: datetime) -> SendItem:
        return step_send(self._ref(request), self._step.send, self.topic, now)

    def sent_row(self, request: SendRequest, message_id: str, planned: datetime, now: datetime) -> dict[str, Any]:
        template = (self._step.send, self.composer.version)
        return sent_step(self._ref(request), template, self.topic, message_id, planned, now)

    def compose(self, request: SendRequest, profile: Profile | None, now: datetime) -> OutgoingEmail:
        return self.composer.compose(self.batch, _enrollment(request), profile, now)

    def retry_at(self, request: SendRequest, now: datetime) -> datetime | None:
        """An email of a sequence fails at once; an operator retries it (`sodate sends retry`)."""
        return None if self.program.is_sequence else retry_at(self._step, self._due_time(_enrollment(request)), now)

    def after_failure(self, requests: Sequence[SendRequest], now: datetime) -> None:
        if self._step.on_error == "stop":
            for enrollment in map(_enrollment, requests):
                end_by_error(enrollment.lead_id, self.batch.sequence, enrollment.enrollment_id, self._step.id, now)

    def plan(self, requests: Iterable[SendRequest], at: datetime, now: datetime) -> None:
        back = self.batch.of(map(_enrollment, requests))
        if back.enrollments:
            due.plan(at, lane_of(self.program), back.id, back, now)

    def plan_successors(self, requests: Sequence[SendRequest], now: datetime) -> None:
        """Not for a further attempt, whose enrollment passed this step before."""
        if self.batch.attempt > 1 or self._then >= self.program.end:
            return
        at: dict[datetime, list[EnrollmentRef]] = defaultdict(list)
        for enrollment in map(_enrollment, requests):
            following = self._following(enrollment)
            at[due.due_minute(self._due(following, self._then) or now, now)].append(following)
        rows = []
        for moment, together in at.items():
            then = self.batch.of(together, self._then)
            rows.append(encode(due.due_item(moment, lane_of(self.program), then.id, then, now)))
        table.put_many(rows)

    def watch(self, requests: Iterable[SendRequest], name: str, began: datetime, now: datetime) -> None:
        plan_watch(StepWatch(self.batch.of(map(_enrollment, requests)), began), name, now)

    # -- times and visits ----------------------------------------------------------------------------------------------

    def _request(self, enrollment: EnrollmentRef) -> SendRequest:
        ref = self.batch.ref(enrollment)
        return SendRequest(
            enrollment.lead_id,
            ref.send_id,
            enrollment,
            enrollment.time_zone,
            valid_until(self._step, self._due_time(enrollment)),
            tuple(earlier.send_id for earlier in ref.earlier),
        )

    def _dated(self, enrollment: EnrollmentRef) -> EnrollmentRef:
        """A further attempt of an enrollment that no longer exists has no `since`: its claim then names the reason."""
        if enrollment.since is not None:
            return enrollment
        state = find_state(enrollment.lead_id)
        current = state.enrollments.get(self.batch.sequence) if state else None
        since = datetime.fromisoformat(current.since) if current else self.began
        return replace(enrollment, since=since, time_zone=state.zone if state else None)

    def _due_time(self, enrollment: EnrollmentRef) -> datetime:
        """When the email was due; when it fell due in a pause, the end of the pause if its policy says so."""
        at = self._due(enrollment, self.batch.step) or self.began
        return self.pauses.resumed_after(at) or at

    def _due(self, enrollment: EnrollmentRef, step: int) -> datetime | None:
        """None: more than the time decides; the engine finds out."""
        visit = enrollment.visit
        begin = self.pauses.entered(visit.began) if visit else enrollment.since or self.began
        key = (begin, enrollment.time_zone, step)
        if key not in self._due_times:  # most leads of a batch have the same key
            at = due_by_time(self.program, step, begin, enrollment.time_zone, self.mailing)
            if at is None:
                return None
            self._due_times[key] = at
        return self._due_times[key]

    def _following(self, enrollment: EnrollmentRef) -> EnrollmentRef:
        return replace(enrollment, visit=enrollment.visit.next(self.began)) if enrollment.visit else enrollment

    def _ref(self, request: SendRequest) -> StepRef:
        return self.batch.ref(_enrollment(request))

    def _moved(self, enrollment: EnrollmentRef, *, is_back: bool) -> Update:
        name, step, then = self.batch.sequence, self.batch.step, self._then
        lead_id, enrollment_id, visit = enrollment.lead_id, enrollment.enrollment_id, enrollment.visit
        if visit is None:
            return step_change(lead_id, name, enrollment_id, *((then, step) if is_back else (step, then)))
        here, there = (step, visit), (then, visit.next(self.began))
        of_version = (enrollment_id, self.batch.version)
        return visit_change(lead_id, name, of_version, *((there, here) if is_back else (here, there)))


def _enrollment(request: SendRequest) -> EnrollmentRef:
    enrollment: EnrollmentRef = request.reference
    return enrollment
