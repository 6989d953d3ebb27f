"""One batch of step mails through the protocol: watch, next due entry, claim, send, outcome. Each gap is seen.

- crash before a claim: the queue brings the batch back, the claims still decide;
- crash after a claim: the watch entry leads the sweeper to it, SES's events may settle it; it is never sent again.
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
from sodate.scenarios.caps import limits, reached
from sodate.scenarios.claim import Claims, Refused, pass_over, place, release, why_never
from sodate.scenarios.claim_again import Settled, Taken, claim_again, is_gone, release_again
from sodate.scenarios.compose import StepComposer
from sodate.scenarios.hours import open_from
from sodate.scenarios.lane import lane_of
from sodate.scenarios.sequence import Sequence, Step
from sodate.scheduling import store as due

PAUSE_CHECK = timedelta(hours=1)
#: An invocation that is older than this claims nothing more: its SES call must begin by `LATEST_CALL`.
LATEST_CLAIM = LATEST_CALL - rate_limiter.PATIENCE


@dataclass(frozen=True)
class StepEmail:
    """`now` and `sleep` are the clock's; `new_id` names an attempt."""

    definitions: Definitions
    links: Links
    ses: SesMailer
    stage: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    new_id: Callable[[], str]

    def send(self, batch: EnrollmentBatch, began: datetime) -> Counter[str]:
        """How many enrollments had which outcome; the ledger stores the reasons. `began`: when the invocation began."""
        sequence = parsed(self.definitions.version("sequence", batch.sequence, batch.version), Sequence)
        if not 0 <= batch.step < len(sequence.steps):
            raise Invalid(f"sequence {sequence.id} version {batch.version} has no step {batch.step}", "message")
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        mail = StepComposer(self.definitions, self.links, self.stage, sequence, mailing)
        return _Attempt(self, batch, sequence, mailing, mail, began).run()

    def is_paused(self, sequence_id: str) -> bool:
        """Pausing is a flag on the live version; enrollments of older versions obey it too."""
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
    mail: StepComposer
    began: datetime
    outcomes: Counter[str] = field(default_factory=Counter)
    throttled_calls: int = 0
    unclear: list[EnrollmentRef] = field(default_factory=list)
    """Claimed, and nobody knows whether it left: the watch entry goes on naming them."""
    until: dict[datetime, list[EnrollmentRef]] = field(default_factory=lambda: defaultdict(list))
    """Put off, by the moment at which they come back."""
    _times: dict[tuple[datetime, str | None, int | None], datetime] = field(default_factory=dict)

    def run(self) -> Counter[str]:
        now = self.tools.now()
        rate_limit = rate_limiter.look()
        why = self._why_not_now(rate_limit, now)
        if why:
            self._come_back(self.batch.enrollments, now + PAUSE_CHECK if why == "paused" else now, now)
            return Counter({why: len(self.batch.enrollments)})
        enrollments = [enrollment for enrollment in self._dated() if self._is_timely(enrollment, now)]
        if enrollments:
            name = self.tools.new_id()
            watch_batch(self.batch.of(enrollments), name, now, now)
            self._plan_next(enrollments, now)
            self._send_all(enrollments, rate_limit)
            watch_batch(self.batch.of(self.unclear), name, now, self.tools.now())
        for moment, waiting in self.until.items():
            self._come_back(waiting, moment, self.tools.now())
        return self.outcomes

    # -- before anything is claimed ------------------------------------------------------------------------------------

    def _why_not_now(self, rate_limit: RateLimit, now: datetime) -> str | None:
        if self.tools.is_paused(self.batch.sequence):
            return "paused"
        if rate_limit.stopped or rate_limit.held:
            return "held"
        return "crowded" if rate_limit.is_saturated(now) else None

    def _dated(self) -> list[EnrollmentRef]:
        """Messages of earlier versions do not say when the enrollment began."""
        return [
            enrollment if enrollment.since else self._with_its_time(enrollment) for enrollment in self.batch.enrollments
        ]

    def _with_its_time(self, enrollment: EnrollmentRef) -> EnrollmentRef:
        state = find_state(enrollment.lead_id)
        held = state.enrollments.get(self.batch.sequence) if state else None
        # An enrollment that is gone dies at its claim, whatever its time.
        since = datetime.fromisoformat(held.since) if held else self.began
        return replace(enrollment, since=since, zone=state.zone if state else None)

    def _is_timely(self, enrollment: EnrollmentRef, now: datetime) -> bool:
        if now > self._valid_until(enrollment):
            self._skip(enrollment, "expired", now)
            return False
        opens = self._opens(enrollment, now)
        if opens > now:
            self._put_off(enrollment, "closed_hours", opens, now)
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
        asked = (since, enrollment.zone, step)
        if asked not in self._times:  # a batch asks the same question for most of its leads
            self._times[asked] = due_at(
                self.sequence.steps[step], self.sequence, since, mailing=self.mailing, zone=enrollment.zone
            )
        return self._times[asked]

    def _opens(self, enrollment: EnrollmentRef, now: datetime) -> datetime:
        asked = (now, enrollment.zone, None)
        if asked not in self._times:
            self._times[asked] = open_from(now, enrollment.zone, self.mailing)
        return self._times[asked]

    def _valid_until(self, enrollment: EnrollmentRef) -> datetime:
        return self._due(enrollment, self.batch.step) + timedelta(hours=self._step.valid_hours)

    def _plan_next(self, enrollments: list[EnrollmentRef], now: datetime) -> None:
        """Before the claim: a due entry too many is rejected by its claim; one too few would stop the enrollment."""
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
                self._wait(enrollments[start:], "no_time")
                return
            if not self._send_some(enrollments[start : start + size], claims, rate_limit):
                self._wait(enrollments[start + size :], "no_room")
                return

    def _send_some(self, enrollments: list[EnrollmentRef], claims: Claims, rate_limit: RateLimit) -> bool:
        """False when SES takes no more for now."""
        won = [enrollment for enrollment in enrollments if self._claims(enrollment, claims)]
        if not won:
            return True
        outgoing_emails: list[tuple[EnrollmentRef, OutgoingEmail]] | None = None
        try:
            outgoing_emails = self._outgoing_emails(won, claims.now)
            turn = (
                rate_limiter.wait_for_slot(rate_limit, self.tools.now, self.tools.sleep)
                if outgoing_emails
                else Slot(None)
            )
        except Transient:
            # Nothing was sent, so nothing is unclear; whose mail could not be made has failed for good.
            self._give_back(
                won if outgoing_emails is None else [enrollment for enrollment, _ in outgoing_emails],
                "not_attempted",
                claims,
            )
            raise
        if not outgoing_emails:
            return True
        if turn.at is None:
            self._give_back([enrollment for enrollment, _ in outgoing_emails], turn.stopped or "no_slot", claims)
            return False
        answers = self.tools.ses.send_bulk([outgoing for _, outgoing in outgoing_emails])
        return self._settle([enrollment for enrollment, _ in outgoing_emails], answers, claims, turn)

    def _claims(self, enrollment: EnrollmentRef, claims: Claims) -> bool:
        try:
            if self._is_repeated:
                return self._claims_again(enrollment, claims)
            refused = claims.claim(self.batch.ref(enrollment), enrollment.zone)
            if refused is not None:
                self._refused(enrollment, refused, claims)
        except Transient:
            # Perhaps it was claimed: the watch entry keeps it in sight. If not, it is tried again.
            self.unclear.append(enrollment)
            self._wait([enrollment], "busy")
            return False
        return refused is None

    def _claims_again(self, enrollment: EnrollmentRef, claims: Claims) -> bool:
        ref = self.batch.ref(enrollment)
        match claim_again(ref, enrollment.zone, self.batch.evidence or "", claims):
            case None:
                return True
            case Taken():
                # An earlier delivery of this message holds the claim, or this one does and never heard so.
                self.unclear.append(enrollment)
                self.outcomes["already_done"] += 1
            case Settled():
                settled = settled_step(
                    self._item(enrollment, claims.now), "skipped", "earlier_attempt_settled", claims.now
                )
                put_unless_settled(settled)
                self.outcomes["skipped"] += 1
            case Refused(state) if state is None or is_gone(state, ref):
                ended = "lead_erased" if state is None else "enrollment_ended"
                put_unless_settled(settled_step(self._item(enrollment, claims.now), "skipped", ended, claims.now))
                self.outcomes["skipped"] += 1
            case Refused(state) if state is not None:
                self._not_now(enrollment, state, claims)
        return False

    def _settle(self, enrollments: list[EnrollmentRef], answers: list[Answer], claims: Claims, turn: Slot) -> bool:
        """False when SES takes no more for now."""
        now, ledger = self.tools.now(), []
        for enrollment, answer in zip(enrollments, answers, strict=True):
            if answer.verdict == Verdict.DEFERRED:
                continue
            self.outcomes[answer.verdict.value] += 1
            if answer.verdict == Verdict.ACCEPTED:
                template, ref = (self._step.template, self.mail.version), self.batch.ref(enrollment)
                sent = sent_step(ref, template, self.sequence.topic, str(answer.message_id), claims.now, now)
                ledger.append(sent)
            elif answer.verdict == Verdict.REJECTED:
                ledger += self._failed(enrollment, str(answer.reason), claims.now, now)
            else:
                ledger.append(bulk.raw(settled_step(self._item(enrollment, claims.now), "sending", answer.reason, now)))
                self.unclear.append(enrollment)
        put_off = [
            (enrollment, answer)
            for enrollment, answer in zip(enrollments, answers, strict=True)
            if answer.verdict == "deferred"
        ]
        try:
            # Only the winner of a claim gets here, and a report waits while there is no item or a planned one.
            bulk.put_many(ledger)
        finally:
            try:
                is_stopped = self._tell_breaker(answers, turn)
            finally:
                if put_off:
                    self._give_back(
                        [enrollment for enrollment, _ in put_off], put_off[0][1].reason or "deferred", claims
                    )
        self.throttled_calls += len(put_off) == len(enrollments)
        # Some throttled entries mean little; a second call throttled as a whole means that SES takes no more.
        return not (is_stopped or self.throttled_calls > 1)

    def _tell_breaker(self, answers: list[Answer], turn: Slot) -> bool:
        """True when no further call should be made."""
        if all(answer.is_silence for answer in answers):
            opened = rate_limiter.count_silent_call()
            self.outcomes["circuit_opened"] += opened
            return opened
        rate_limiter.forget_silent_calls(turn)
        reasons = {answer.stops for answer in answers if answer.stops}
        self.outcomes["circuit_opened"] += sum(rate_limiter.open_breaker(reason) for reason in reasons)
        return bool(reasons)

    def _failed(self, enrollment: EnrollmentRef, reason: str, planned: datetime, now: datetime) -> list[bulk.Raw]:
        """Ledger and the list of failed sends."""
        failed = settled_step(self._item(enrollment, planned), "failed", reason, now)
        return [bulk.raw(failed), bulk.raw(failed_item(enrollment.lead_id, failed.send_id, now))]

    def _give_back(self, enrollments: list[EnrollmentRef], reason: str, claims: Claims) -> None:
        """The way back first: a crash between these writes leaves a due entry, never a mail that nobody sends."""
        now = self.tools.now()
        self._come_back(enrollments, now, now)
        for enrollment in enrollments:
            put_unless_settled(deferred_step(self._item(enrollment, now), reason))
            (release_again if self._is_repeated else release)(self.batch.ref(enrollment), claims.now)
        self.outcomes["deferred"] += len(enrollments)

    # -- no claim: why -------------------------------------------------------------------------------------------------

    def _refused(self, enrollment: EnrollmentRef, refused: Refused, claims: Claims) -> None:
        state, now = refused.state, claims.now
        match place(state, self.batch.ref(enrollment)):
            case "ahead":
                # An earlier delivery of this message holds the claim, or this one does and never heard so: a claim
                # whose answer was lost is asked for again, and fails. The sweeper finds out which.
                self.unclear.append(enrollment)
                self.outcomes["already_done"] += 1
            case "behind":
                # The earlier step brings this one back when its turn comes: it plans its successor before its claim.
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
        never = why_never(state, topic)
        if never:
            self._skip(enrollment, never, now)
            return
        reason, free = reached(claims.limits, state, topic, now) or ("changed_meanwhile", now)
        paused = datetime.fromisoformat(state.pause_until) if state.pause_until else now
        if paused > max(now, free):
            reason, free = "paused_by_the_lead", paused
        enrollment = replace(enrollment, zone=state.zone)
        free = open_from(free, enrollment.zone, self.mailing) if free > now else free
        if free > self._valid_until(enrollment):
            self._skip(enrollment, reason, now)
        else:
            self._put_off(enrollment, reason, free, now)

    def _skip(self, enrollment: EnrollmentRef, reason: str, now: datetime) -> None:
        ref = self.batch.ref(enrollment)
        if self._is_repeated:
            put_unless_settled(settled_step(self._item(enrollment, now), "skipped", reason, now))
            self.outcomes["skipped"] += 1
            return
        self._plan_next([enrollment], now)
        if pass_over(self._item(enrollment, now), ref, reason, now):
            self.outcomes["skipped"] += 1
            return
        state = find_state(enrollment.lead_id)
        if place(state, ref) == "here":
            self.until[now].append(enrollment)  # it changed while this was decided
        elif place(state, ref) == "gone":
            self._refused(enrollment, Refused(state), Claims(self.sequence.topic, (), now))

    def _put_off(self, enrollment: EnrollmentRef, reason: str, until: datetime, now: datetime) -> None:
        put_unless_settled(deferred_step(self._item(enrollment, now), reason))
        self.until[until].append(enrollment)
        self.outcomes["put_off"] += 1

    def _wait(self, enrollments: list[EnrollmentRef], reason: str) -> None:
        self.until[self.tools.now()] += enrollments
        self.outcomes[reason] += len(enrollments)

    def _come_back(self, enrollments: Iterable[EnrollmentRef], at: datetime, now: datetime) -> None:
        back = self.batch.of(enrollments)
        if back.enrollments:
            due.plan(at, lane_of(self.sequence), "steps", back.id, back.message(), now)

    def _item(self, enrollment: EnrollmentRef, now: datetime) -> SendItem:
        return step_send(self.batch.ref(enrollment), self._step.template, self.sequence.topic, now)

    def _outgoing_emails(
        self, enrollments: list[EnrollmentRef], now: datetime
    ) -> list[tuple[EnrollmentRef, OutgoingEmail]]:
        """Whoever's mail cannot be made has a `failed` item; the neighbours go out."""
        profiles = profiles_of(enrollment.lead_id for enrollment in enrollments)
        outgoing_emails: list[tuple[EnrollmentRef, OutgoingEmail]] = []
        failed: list[bulk.Raw] = []
        for enrollment in enrollments:
            try:
                outgoing_emails.append(
                    (enrollment, self.mail.compose(self.batch, enrollment, profiles.get(enrollment.lead_id), now))
                )
            except (Invalid, NotFound) as error:
                failed += self._failed(enrollment, str(error), now, now)
                self.outcomes["not_made"] += 1
        bulk.put_many(failed)
        return outgoing_emails
