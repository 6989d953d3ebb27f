"""A step of a sequence as a source of email: its part of the claim, its due entries, its ledger attributes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
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
from sodate.leads.store import enrolled, find_state, step_change
from sodate.scenarios.calendar import due_at
from sodate.scenarios.compose import StepComposer
from sodate.scenarios.lane import lane_of
from sodate.scenarios.sequence import Sequence as SequenceDefinition
from sodate.scenarios.sequence import Step
from sodate.scenarios.store import step_guard
from sodate.scenarios.watch import StepWatch
from sodate.scheduling import store as due


@dataclass
class SequenceSource:
    """One batch of enrollments at one step. `began`: when the invocation began."""

    batch: EnrollmentBatch
    sequence: SequenceDefinition
    mailing: Mailing
    composer: StepComposer
    began: datetime
    ended: str = Reason.ENROLLMENT_ENDED
    _due_times: dict[tuple[datetime, str | None, int], datetime] = field(default_factory=dict)

    def requests(self) -> list[SendRequest]:
        return [self._request(self._dated(enrollment)) for enrollment in self.batch.enrollments]

    # -- what the send protocol asks ----------------------------------------------------------------------------------

    @property
    def topic(self) -> str:
        return self.sequence.topic

    @property
    def guard(self) -> Guard:
        return step_guard(self.sequence.id)

    def parameters(self, request: SendRequest) -> dict[str, Any]:
        return {"enrollment": self._ref(request).enrollment_id, "step": self.batch.step, "then": self.batch.step + 1}

    def in_time_zone(self, request: SendRequest, time_zone: str | None) -> SendRequest:
        return self._request(replace(_enrollment(request), time_zone=time_zone))

    def position(self, state: ContactState, request: SendRequest) -> StepPosition:
        return state.position(self.sequence.id, _enrollment(request).enrollment_id, self.batch.step)

    def still_wanted(self, request: SendRequest) -> Condition:
        return enrolled(self.sequence.id, _enrollment(request).enrollment_id)

    def advance(self, request: SendRequest) -> Update:
        return self._step_change(request, self.batch.step, self.batch.step + 1)

    def undo_claim(self, request: SendRequest) -> Update:
        return self._step_change(request, self.batch.step + 1, self.batch.step)

    def ledger_item(self, request: SendRequest, now: datetime) -> SendItem:
        return step_send(self._ref(request), self._step.template, self.topic, now)

    def sent_row(self, request: SendRequest, message_id: str, planned: datetime, now: datetime) -> dict[str, Any]:
        template = (self._step.template, self.composer.version)
        return sent_step(self._ref(request), template, self.topic, message_id, planned, now)

    def compose(self, request: SendRequest, profile: Profile | None, now: datetime) -> OutgoingEmail:
        return self.composer.compose(self.batch, _enrollment(request), profile, now)

    def plan(self, requests: Iterable[SendRequest], at: datetime, now: datetime) -> None:
        back = self.batch.of(map(_enrollment, requests))
        if back.enrollments:
            due.plan(at, lane_of(self.sequence), back.id, back, now)

    def plan_successors(self, requests: Sequence[SendRequest], now: datetime) -> None:
        """Not for a further attempt, whose enrollment passed this step before."""
        following = self.batch.step + 1
        if self.batch.attempt > 1 or following >= len(self.sequence.steps):
            return
        at: dict[datetime, list[EnrollmentRef]] = defaultdict(list)
        for enrollment in map(_enrollment, requests):
            at[due.due_minute(self._due(enrollment, following), now)].append(enrollment)
        rows = []
        for moment, together in at.items():
            then = self.batch.of(together, following)
            rows.append(encode(due.due_item(moment, lane_of(self.sequence), then.id, then, now)))
        table.put_many(rows)

    def watch(self, requests: Iterable[SendRequest], name: str, began: datetime, now: datetime) -> None:
        plan_watch(StepWatch(self.batch.of(map(_enrollment, requests)), began), name, now)

    # -- times ---------------------------------------------------------------------------------------------------------

    @property
    def _step(self) -> Step:
        return self.sequence.steps[self.batch.step]

    def _request(self, enrollment: EnrollmentRef) -> SendRequest:
        ref = self.batch.ref(enrollment)
        return SendRequest(
            enrollment.lead_id,
            ref.send_id,
            enrollment,
            enrollment.time_zone,
            self._due(enrollment, self.batch.step) + timedelta(hours=self._step.valid_hours),
            tuple(earlier.send_id for earlier in ref.earlier),
        )

    def _dated(self, enrollment: EnrollmentRef) -> EnrollmentRef:
        """A further attempt of an enrollment that no longer exists has no `since`: its claim then names the reason."""
        if enrollment.since is not None:
            return enrollment
        state = find_state(enrollment.lead_id)
        current = state.enrollments.get(self.sequence.id) if state else None
        since = datetime.fromisoformat(current.since) if current else self.began
        return replace(enrollment, since=since, time_zone=state.zone if state else None)

    def _due(self, enrollment: EnrollmentRef, step: int) -> datetime:
        since = enrollment.since or self.began
        key = (since, enrollment.time_zone, step)
        if key not in self._due_times:  # most leads of a batch have the same key
            self._due_times[key] = due_at(
                self.sequence.steps[step], self.sequence, since, mailing=self.mailing, time_zone=enrollment.time_zone
            )
        return self._due_times[key]

    def _ref(self, request: SendRequest) -> StepRef:
        return self.batch.ref(_enrollment(request))

    def _step_change(self, request: SendRequest, step: int, then: int) -> Update:
        enrollment = _enrollment(request)
        return step_change(enrollment.lead_id, self.sequence.id, enrollment.enrollment_id, step, then)


def _enrollment(request: SendRequest) -> EnrollmentRef:
    enrollment: EnrollmentRef = request.reference
    return enrollment
