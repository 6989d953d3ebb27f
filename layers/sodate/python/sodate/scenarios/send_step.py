"""The send protocol for one batch of step mails: watch entry, next due entry, claim, send, outcome.

Every crash point between two writes is covered:

- crash before a claim: the queue redelivers the batch, and the claims decide again;
- crash after a claim: the sweeper finds the send through the watch entry, or an event of SES settles it; this attempt
  is never sent again.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sodate.consent.links import Links
from sodate.dynamodb import bulk
from sodate.email.delivery.deliver import LATEST_CALL
from sodate.email.delivery.failed import failed_item
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.delivery.ses import Answer, OutgoingEmail, SesMailer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.delivery.store import SendItem, deferred_step, put_unless_settled, sent_step, settled_step, step_send
from sodate.email.delivery.sweep import watch_batch
from sodate.email.mailing import Mailing
from sodate.email.reputation import rate_limiter
from sodate.email.reputation.rate_limiter import RateLimit, Slot
from sodate.errors import Invalid, NotFound, Transient
from sodate.leads.lead import State
from sodate.leads.store import find_state, profiles_of
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.calendar import due_at
from sodate.scenarios.caps import cap_reached, limits
from sodate.scenarios.claim import ClaimRejected, Claims, permanent_rejection, release, skip_step, step_position
from sodate.scenarios.claim_again import Settled, Taken, claim_again, is_gone, release_again
from sodate.scenarios.compose import StepComposer
from sodate.scenarios.hours import open_from
from sodate.scenarios.lane import lane_of
from sodate.scenarios.sequence import Sequence, Step
from sodate.scheduling import store as due

PAUSE_CHECK = timedelta(hours=1)
#: An invocation that is older than this makes no more claims: its SES call must begin by `LATEST_CALL`.
LATEST_CLAIM = LATEST_CALL - rate_limiter.PATIENCE


@dataclass(frozen=True)
class StepEmail:
    """`now` and `sleep`: of the clock. `new_id`: returns an id for the watch entry of an attempt."""

    definitions: Definitions
    links: Links
    ses: SesMailer
    stage: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    new_id: Callable[[], str]

    def send(self, batch: EnrollmentBatch, began: datetime) -> Counter[str]:
        """Number of enrollments per outcome; the ledger stores the reasons. `began`: when the invocation began.

        Raises:
            Invalid: the sequence has no such step.
            NotFound: the sequence or its version does not exist.
        """
        sequence = parsed(self.definitions.version("sequence", batch.sequence, batch.version), Sequence)
        if not 0 <= batch.step < len(sequence.steps):
            raise Invalid(f"sequence {sequence.id} version {batch.version} has no step {batch.step}", "message")
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        composer = StepComposer(self.definitions, self.links, self.stage, sequence, mailing)
        return _Attempt(self, batch, sequence, mailing, composer, began).run()

    def is_paused(self, sequence_id: str) -> bool:
        """Pausing is a flag on the live version; it applies to enrollments of older versions too."""
        try:
            live = parsed(self.definitions.live("sequence", sequence_id), Sequence)
        except NotFound:
            return False
        return live.status == "paused"


@dataclass
class _Attempt:
    tools: StepEmail
    batch: EnrollmentBatch
    sequence: Sequence
    mailing: Mailing
    composer: StepComposer
    began: datetime
    outcomes: Counter[str] = field(default_factory=Counter)
    throttled_calls: int = 0
    unclear: list[EnrollmentRef] = field(default_factory=list)
    """Claimed, and the outcome is unknown: the watch entry keeps them."""
    until: dict[datetime, list[EnrollmentRef]] = field(default_factory=lambda: defaultdict(list))
    """Deferred enrollments, by the time of their next attempt."""
    _times: dict[tuple[datetime, str | None, int | None], datetime] = field(default_factory=dict)

    def run(self) -> Counter[str]:
        now = self.tools.now()
        rate_limit = rate_limiter.load()
        why = self._why_not_now(rate_limit, now)
        if why:
            self._plan_again(self.batch.enrollments, now + PAUSE_CHECK if why == "paused" else now, now)
            return Counter({why: len(self.batch.enrollments)})
        enrollments = [enrollment for enrollment in self._dated() if self._is_timely(enrollment, now)]
        if enrollments:
            name = self.tools.new_id()
            watch_batch(self.batch.of(enrollments), name, now, now)
            self._plan_next(enrollments, now)
            self._send_all(enrollments, rate_limit)
            watch_batch(self.batch.of(self.unclear), name, now, self.tools.now())
        for moment, waiting in self.until.items():
            self._plan_again(waiting, moment, self.tools.now())
        return self.outcomes

    # -- before anything is claimed ------------------------------------------------------------------------------------

    def _why_not_now(self, rate_limit: RateLimit, now: datetime) -> str | None:
        if self.tools.is_paused(self.batch.sequence):
            return "paused"
        if rate_limit.stopped or rate_limit.held:
            return "held"
        return "crowded" if rate_limit.is_saturated(now) else None

    def _dated(self) -> list[EnrollmentRef]:
        """A further attempt of an enrollment that no longer exists has no `since`: its claim then names the reason."""
        return [
            enrollment if enrollment.since else self._with_its_time(enrollment) for enrollment in self.batch.enrollments
        ]

    def _with_its_time(self, enrollment: EnrollmentRef) -> EnrollmentRef:
        state = find_state(enrollment.lead_id)
        current = state.enrollments.get(self.batch.sequence) if state else None
        # The claim rejects an enrollment that is gone, whatever its time.
        since = datetime.fromisoformat(current.since) if current else self.began
        return replace(enrollment, since=since, time_zone=state.zone if state else None)

    def _is_timely(self, enrollment: EnrollmentRef, now: datetime) -> bool:
        if now > self._valid_until(enrollment):
            self._skip(enrollment, "expired", now)
            return False
        opens = self._opens(enrollment, now)
        if opens > now:
            self._defer(enrollment, "closed_hours", opens, now)
            return False
        return True

    @property
    def _is_repeated(self) -> bool:
        """Not the first attempt: the enrollment passed this step before."""
        return self.batch.attempt > 1

    @property
    def _step(self) -> Step:
        return self.sequence.steps[self.batch.step]

    def _due(self, enrollment: EnrollmentRef, step: int) -> datetime:
        since = enrollment.since or self.began
        key = (since, enrollment.time_zone, step)
        if key not in self._times:  # most leads of a batch have the same key
            self._times[key] = due_at(
                self.sequence.steps[step], self.sequence, since, mailing=self.mailing, time_zone=enrollment.time_zone
            )
        return self._times[key]

    def _opens(self, enrollment: EnrollmentRef, now: datetime) -> datetime:
        key = (now, enrollment.time_zone, None)
        if key not in self._times:
            self._times[key] = open_from(now, enrollment.time_zone, self.mailing)
        return self._times[key]

    def _valid_until(self, enrollment: EnrollmentRef) -> datetime:
        return self._due(enrollment, self.batch.step) + timedelta(hours=self._step.valid_hours)

    def _plan_next(self, enrollments: list[EnrollmentRef], now: datetime) -> None:
        """Runs before the claim: a claim rejects an extra due entry; a missing one would stop the enrollment."""
        following = self.batch.step + 1
        if self._is_repeated or following >= len(self.sequence.steps):
            return
        at: dict[datetime, list[EnrollmentRef]] = defaultdict(list)
        for enrollment in enrollments:
            at[due.due_minute(self._due(enrollment, following), now)].append(enrollment)
        items = []
        for moment, together in at.items():
            then = self.batch.of(together, following)
            items.append(due.due_item(moment, lane_of(self.sequence), "steps", then.id, then.message(), now))
        bulk.put_many([bulk.raw(item) for item in items])

    # -- claim, send, outcome ------------------------------------------------------------------------------------------

    def _send_all(self, enrollments: list[EnrollmentRef], rate_limit: RateLimit) -> None:
        claims = Claims(self.sequence.topic, limits(self.mailing.caps, self.sequence.topic), self.tools.now())
        size = rate_limit.bulk_size
        for start in range(0, len(enrollments), size):
            if self.tools.now() - self.began > LATEST_CLAIM:
                self._retry_later(enrollments[start:], "no_time")
                return
            if not self._send_some(enrollments[start : start + size], claims, rate_limit):
                self._retry_later(enrollments[start + size :], "no_room")
                return

    def _send_some(self, enrollments: list[EnrollmentRef], claims: Claims, rate_limit: RateLimit) -> bool:
        """False when SES accepts no more email for now."""
        won = [enrollment for enrollment in enrollments if self._claims(enrollment, claims)]
        if not won:
            return True
        outgoing_emails: list[tuple[EnrollmentRef, OutgoingEmail]] | None = None
        try:
            outgoing_emails = self._outgoing_emails(won, claims.now)
            slot = (
                rate_limiter.wait_for_slot(rate_limit, self.tools.now, self.tools.sleep)
                if outgoing_emails
                else Slot(None)
            )
        except Transient:
            # Nothing was sent, so no outcome is unknown. An email that cannot be composed has failed permanently.
            self._release_claims(
                won if outgoing_emails is None else [enrollment for enrollment, _ in outgoing_emails],
                "not_attempted",
                claims,
            )
            raise
        if not outgoing_emails:
            return True
        if slot.at is None:
            self._release_claims([enrollment for enrollment, _ in outgoing_emails], slot.stopped or "no_slot", claims)
            return False
        answers = self.tools.ses.send_bulk([outgoing for _, outgoing in outgoing_emails])
        return self._settle([enrollment for enrollment, _ in outgoing_emails], answers, claims, slot)

    def _claims(self, enrollment: EnrollmentRef, claims: Claims) -> bool:
        try:
            if self._is_repeated:
                return self._claims_again(enrollment, claims)
            rejection = claims.claim(self.batch.ref(enrollment), enrollment.time_zone)
            if rejection is not None:
                self._on_rejected_claim(enrollment, rejection, claims)
        except Transient:
            # The claim may have been written: the watch entry keeps it. If it was not, the next attempt claims.
            self.unclear.append(enrollment)
            self._retry_later([enrollment], "busy")
            return False
        return rejection is None

    def _claims_again(self, enrollment: EnrollmentRef, claims: Claims) -> bool:
        ref = self.batch.ref(enrollment)
        match claim_again(ref, enrollment.time_zone, self.batch.evidence or "", claims):
            case None:
                return True
            case Taken():
                # An earlier delivery of this message has the claim, or this one has it and its response was lost.
                self.unclear.append(enrollment)
                self.outcomes["already_done"] += 1
            case Settled():
                settled = settled_step(
                    self._item(enrollment, claims.now), "skipped", "earlier_attempt_settled", claims.now
                )
                put_unless_settled(settled)
                self.outcomes["skipped"] += 1
            case ClaimRejected(state) if state is None or is_gone(state, ref):
                ended = "lead_erased" if state is None else "enrollment_ended"
                put_unless_settled(settled_step(self._item(enrollment, claims.now), "skipped", ended, claims.now))
                self.outcomes["skipped"] += 1
            case ClaimRejected(state) if state is not None:
                self._not_now(enrollment, state, claims)
        return False

    def _settle(self, enrollments: list[EnrollmentRef], answers: list[Answer], claims: Claims, slot: Slot) -> bool:
        """False when SES accepts no more email for now."""
        now, ledger = self.tools.now(), []
        for enrollment, answer in zip(enrollments, answers, strict=True):
            if answer.verdict == Verdict.DEFERRED:
                continue
            self.outcomes[answer.verdict.value] += 1
            if answer.verdict == Verdict.ACCEPTED:
                template, ref = (self._step.template, self.composer.version), self.batch.ref(enrollment)
                sent = sent_step(ref, template, self.sequence.topic, str(answer.message_id), claims.now, now)
                ledger.append(sent)
            elif answer.verdict == Verdict.REJECTED:
                ledger += self._failed(enrollment, str(answer.reason), claims.now, now)
            else:
                ledger.append(bulk.raw(settled_step(self._item(enrollment, claims.now), "sending", answer.reason, now)))
                self.unclear.append(enrollment)
        deferred = [
            (enrollment, answer)
            for enrollment, answer in zip(enrollments, answers, strict=True)
            if answer.verdict == "deferred"
        ]
        try:
            # Only the winner of a claim writes here; an event of SES is retried while the item is missing or planned.
            bulk.put_many(ledger)
        finally:
            try:
                is_stopped = self._update_breaker(answers, slot)
            finally:
                if deferred:
                    self._release_claims(
                        [enrollment for enrollment, _ in deferred], deferred[0][1].reason or "deferred", claims
                    )
        self.throttled_calls += len(deferred) == len(enrollments)
        # A few throttled entries can be ignored; a second call throttled as a whole means that SES accepts no more.
        return not (is_stopped or self.throttled_calls > 1)

    def _update_breaker(self, answers: list[Answer], slot: Slot) -> bool:
        """True when no further call may be made."""
        if all(answer.is_silence for answer in answers):
            opened = rate_limiter.count_silent_call()
            self.outcomes["circuit_opened"] += opened
            return opened
        rate_limiter.forget_silent_calls(slot)
        reasons = {answer.stops for answer in answers if answer.stops}
        self.outcomes["circuit_opened"] += sum(rate_limiter.open_breaker(reason) for reason in reasons)
        return bool(reasons)

    def _failed(self, enrollment: EnrollmentRef, reason: str, planned: datetime, now: datetime) -> list[bulk.Raw]:
        """Items for the ledger and for the list of failed sends."""
        failed = settled_step(self._item(enrollment, planned), "failed", reason, now)
        return [bulk.raw(failed), bulk.raw(failed_item(enrollment.lead_id, failed.send_id, now))]

    def _release_claims(self, enrollments: list[EnrollmentRef], reason: str, claims: Claims) -> None:
        """Release the claims. The due entry is written first: a crash leaves an extra due entry, never a lost email."""
        now = self.tools.now()
        self._plan_again(enrollments, now, now)
        for enrollment in enrollments:
            put_unless_settled(deferred_step(self._item(enrollment, now), reason))
            (release_again if self._is_repeated else release)(self.batch.ref(enrollment), claims.now)
        self.outcomes["deferred"] += len(enrollments)

    # -- rejected claims -----------------------------------------------------------------------------------------------

    def _on_rejected_claim(self, enrollment: EnrollmentRef, rejection: ClaimRejected, claims: Claims) -> None:
        state, now = rejection.state, claims.now
        match step_position(state, self.batch.ref(enrollment)):
            case "ahead":
                # An earlier delivery of this message has the claim, or this one has it and its response was lost: the
                # client then repeats the write, and the repetition fails. The sweeper finds out which.
                self.unclear.append(enrollment)
                self.outcomes["already_done"] += 1
            case "behind":
                # The earlier step plans its successor before its claim, so this step is planned again then.
                put_unless_settled(deferred_step(self._item(enrollment, now), "waits_for_an_earlier_step"))
                self.outcomes["waiting"] += 1
            case "gone":
                ended = "lead_erased" if state is None else "enrollment_ended"
                put_unless_settled(settled_step(self._item(enrollment, now), "skipped", ended, now))
                self.outcomes["skipped"] += 1
            case "here" if state is not None:
                self._not_now(enrollment, state, claims)

    def _not_now(self, enrollment: EnrollmentRef, state: State, claims: Claims) -> None:
        now, topic = claims.now, self.sequence.topic
        never = permanent_rejection(state, topic)
        if never:
            self._skip(enrollment, never, now)
            return
        reason, free = cap_reached(claims.limits, state, topic, now) or ("changed_meanwhile", now)
        paused = datetime.fromisoformat(state.pause_until) if state.pause_until else now
        if paused > max(now, free):
            reason, free = "paused_by_the_lead", paused
        enrollment = replace(enrollment, time_zone=state.zone)
        free = open_from(free, enrollment.time_zone, self.mailing) if free > now else free
        if free > self._valid_until(enrollment):
            self._skip(enrollment, reason, now)
        else:
            self._defer(enrollment, reason, free, now)

    def _skip(self, enrollment: EnrollmentRef, reason: str, now: datetime) -> None:
        ref = self.batch.ref(enrollment)
        if self._is_repeated:
            put_unless_settled(settled_step(self._item(enrollment, now), "skipped", reason, now))
            self.outcomes["skipped"] += 1
            return
        self._plan_next([enrollment], now)
        if skip_step(self._item(enrollment, now), ref, reason, now):
            self.outcomes["skipped"] += 1
            return
        state = find_state(enrollment.lead_id)
        if step_position(state, ref) == "here":
            self.until[now].append(enrollment)  # the state changed meanwhile
        elif step_position(state, ref) == "gone":
            self._on_rejected_claim(enrollment, ClaimRejected(state), Claims(self.sequence.topic, (), now))

    def _defer(self, enrollment: EnrollmentRef, reason: str, until: datetime, now: datetime) -> None:
        put_unless_settled(deferred_step(self._item(enrollment, now), reason))
        self.until[until].append(enrollment)
        self.outcomes["put_off"] += 1

    def _retry_later(self, enrollments: list[EnrollmentRef], reason: str) -> None:
        self.until[self.tools.now()] += enrollments
        self.outcomes[reason] += len(enrollments)

    def _plan_again(self, enrollments: Iterable[EnrollmentRef], at: datetime, now: datetime) -> None:
        back = self.batch.of(enrollments)
        if back.enrollments:
            due.plan(at, lane_of(self.sequence), "steps", back.id, back.message(), now)

    def _item(self, enrollment: EnrollmentRef, now: datetime) -> SendItem:
        return step_send(self.batch.ref(enrollment), self._step.template, self.sequence.topic, now)

    def _outgoing_emails(
        self, enrollments: list[EnrollmentRef], now: datetime
    ) -> list[tuple[EnrollmentRef, OutgoingEmail]]:
        """An email that cannot be composed gets a `failed` item; the others of the batch are sent."""
        profiles = profiles_of(enrollment.lead_id for enrollment in enrollments)
        outgoing_emails: list[tuple[EnrollmentRef, OutgoingEmail]] = []
        failed: list[bulk.Raw] = []
        for enrollment in enrollments:
            try:
                outgoing_emails.append(
                    (enrollment, self.composer.compose(self.batch, enrollment, profiles.get(enrollment.lead_id), now))
                )
            except (Invalid, NotFound) as error:
                failed += self._failed(enrollment, str(error), now, now)
                self.outcomes["not_made"] += 1
        bulk.put_many(failed)
        return outgoing_emails
