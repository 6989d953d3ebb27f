"""The send protocol for one batch of marketing email: watch entry, successors, claim, send, outcome.

Every crash point between two writes is covered:

- crash before a claim: the queue redelivers the batch, and the claims decide again;
- crash after a claim: the sweeper finds the send through the watch entry, or an event of SES settles it; this attempt
  is never sent again.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sodate.dynamodb import table
from sodate.dynamodb.item import Row
from sodate.email.delivery.deliver import LATEST_CALL
from sodate.email.delivery.outcomes import OutcomeRecorder
from sodate.email.delivery.reschedule import Rescheduler
from sodate.email.delivery.ses import Answer, OutgoingEmail, SesMailer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.eligibility.caps import limits
from sodate.email.eligibility.claim import ClaimRejected, Claims, release, skip
from sodate.email.eligibility.claim_again import Settled, Taken, claim_again, release_again
from sodate.email.eligibility.decide import (
    AlreadyClaimed,
    Decision,
    Defer,
    Ended,
    Rules,
    Skip,
    WaitsForEarlier,
    after_rejection,
    before_claim,
    not_now,
    waits,
)
from sodate.email.ledger.reason import Reason
from sodate.email.mailing import Mailing
from sodate.email.reputation import rate_limiter
from sodate.email.reputation.rate_limiter import RateLimit, Slot
from sodate.email.send_request import SendRequest, SendSource
from sodate.errors import Invalid, NotFound, Transient
from sodate.leads.contact_state import ContactState, StepPosition
from sodate.leads.store import find_state, profiles_of

#: An invocation that is older than this makes no more claims: its SES call must begin by `LATEST_CALL`.
LATEST_CLAIM = LATEST_CALL - rate_limiter.PATIENCE
_LONGEST_REASON = 300


@dataclass(frozen=True)
class BatchSender:
    """`now` and `sleep`: of the clock. `new_id`: returns an id for the watch entry of an attempt."""

    ses: SesMailer
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    new_id: Callable[[], str]

    def send(
        self, source: SendSource, requests: Sequence[SendRequest], mailing: Mailing, began: datetime,
        evidence: str = "",
    ) -> Counter[str]:  # fmt: skip
        """Number of requests per outcome; the ledger stores the reasons.

        `began`: when the invocation began. `evidence`: why an earlier attempt never left; for further attempts only.
        """
        now, rate_limit = self.now(), rate_limiter.load()
        why = _why_not_now(rate_limit, now)
        if why is not None:
            source.plan(requests, now, now)
            return Counter({why: len(requests)})
        rules = Rules(
            source.topic, mailing, limits(mailing.caps, source.topic), source.ended, source.skips_over_cap
        )  # fmt: skip
        batch = _Batch(
            self, source, rules, began, evidence, OutcomeRecorder(source), Rescheduler(source, self.now)
        )  # fmt: skip
        batch.run(requests, rate_limit, now)
        return batch.outcomes.counts


def _why_not_now(rate_limit: RateLimit, now: datetime) -> str | None:
    if rate_limit.stopped or rate_limit.hold_reason:
        return "on_hold"
    return "saturated" if rate_limit.is_saturated(now) else None


@dataclass
class _Batch:
    tools: BatchSender
    source: SendSource
    rules: Rules
    began: datetime
    evidence: str
    outcomes: OutcomeRecorder
    again: Rescheduler
    throttled_calls: int = 0

    def run(self, requests: Sequence[SendRequest], rate_limit: RateLimit, now: datetime) -> None:
        wanted = []
        for request in requests:
            decision = before_claim(request.lead_id, request.valid_until, request.time_zone, self.rules, now)
            if decision is None and request.goes_after is not None:
                decision = waits(request.goes_after, now)
            if decision is None:
                wanted.append(request)
            else:
                self._act_on(decision, request, now)
        if wanted:
            name = self.tools.new_id()
            self.source.watch(wanted, name, now, now)
            # Before the claims: a claim rejects an extra due entry; a missing one would stop the enrollment.
            self.source.plan_successors(wanted, now)
            self._send_all(wanted, rate_limit)
            self.source.watch(self.outcomes.unclear, name, now, self.tools.now())
        self.again.write()

    def _send_all(self, requests: list[SendRequest], rate_limit: RateLimit) -> None:
        claims = Claims(self.source.topic, self.rules.limits, self.source.guard, self.tools.now())
        size = rate_limit.bulk_size
        for start in range(0, len(requests), size):
            if self.tools.now() - self.began > LATEST_CLAIM:
                self._retry_later(requests[start:], "no_time")
                return
            if not self._send_some(requests[start : start + size], claims, rate_limit):
                self._retry_later(requests[start + size :], "no_room")
                return

    def _has_time(self) -> bool:
        return self.tools.now() - self.began <= LATEST_CALL

    def _send_some(self, requests: list[SendRequest], claims: Claims, rate_limit: RateLimit) -> bool:
        """False when SES accepts no more email for now."""
        claimed = [request for request in requests if self._claims(request, claims)]
        if not claimed:
            return True
        composed: list[tuple[SendRequest, OutgoingEmail]] | None = None
        try:
            composed = self._composed(claimed, claims)
            if not composed:
                return True
            slot = rate_limiter.wait_for_slot(rate_limit, self.tools.now, self.tools.sleep)
        except Transient:
            # Nothing was sent, so no outcome is unknown. An email that cannot be composed has failed permanently.
            unsent = claimed if composed is None else [request for request, _ in composed]
            self._release(unsent, Reason.NOT_ATTEMPTED, claims)
            raise
        sending = [request for request, _ in composed]
        if slot.at is None:
            self._release(sending, slot.stopped or Reason.NO_SLOT, claims)
            return False
        answers = self.tools.ses.send_bulk([outgoing for _, outgoing in composed], self._has_time)
        return self._settle(list(zip(sending, answers, strict=True)), claims, slot)

    def _composed(self, requests: list[SendRequest], claims: Claims) -> list[tuple[SendRequest, OutgoingEmail]]:
        """An email that cannot be composed is tried again later, or gets a `failed` item; the others are sent."""
        profiles = profiles_of(request.lead_id for request in requests)
        composed: list[tuple[SendRequest, OutgoingEmail]] = []
        failed: list[tuple[SendRequest, str]] = []
        for request in requests:
            try:
                composed.append((request, self.source.compose(request, profiles.get(request.lead_id), claims.now)))
            except (Invalid, NotFound) as error:
                at = self.source.retry_at(request, claims.now)
                if at is None:
                    failed.append((request, str(error)))
                else:
                    self._release([request], f"{Reason.NOT_COMPOSED}:{error}"[:_LONGEST_REASON], claims, at)
        self._fail(failed, claims.now)
        return composed

    def _fail(self, failed: list[tuple[SendRequest, str]], now: datetime) -> None:
        rows: list[Row] = []
        for request, reason in failed:
            rows += self.outcomes.failed(request, reason, now, now)
            self.outcomes.counts["not_made"] += 1
        table.put_many(rows)
        self.source.after_failure([request for request, _ in failed], now)

    def _claims(self, request: SendRequest, claims: Claims) -> bool:
        """True when this caller sends the email."""
        try:
            attempt = self._claim_again if request.earlier else self._claim
            decision = attempt(request, claims)
            if decision is not None:
                self._act_on(*decision, claims.now)
        except Transient:
            # The claim may have been written: the watch entry keeps it. If it was not, the next attempt claims.
            self.outcomes.unclear.append(request)
            self._retry_later([request], "busy")
            return False
        return decision is None

    def _claim(self, request: SendRequest, claims: Claims) -> tuple[Decision, SendRequest] | None:
        """None, or what becomes of the request, planned with the time zone that the lead has now."""
        rejection = claims.claim(request.lead_id, request.time_zone, self.source.parameters(request))
        if rejection is None:
            return None
        state, position = rejection.state, self._position(rejection.state, request)
        if state is not None and position == "here":
            request = self.source.in_time_zone(request, state.zone)
        return after_rejection(state, position, request.valid_until, self.rules, claims.now), request

    def _claim_again(self, request: SendRequest, claims: Claims) -> tuple[Decision, SendRequest] | None:
        match claim_again(request, self.source, self.evidence, claims):
            case None:
                return None
            case Taken():
                return AlreadyClaimed(), request
            case Settled():
                return Ended(Reason.EARLIER_ATTEMPT_SETTLED), request
            case ClaimRejected(state) if state is not None and self._position(state, request) != "gone":
                request = self.source.in_time_zone(request, state.zone)
                return not_now(state, request.valid_until, self.rules, claims.now), request
            case ClaimRejected(state):
                return Ended(Reason.LEAD_ERASED if state is None else self.rules.ended), request

    def _position(self, state: ContactState | None, request: SendRequest) -> StepPosition:
        return "gone" if state is None else self.source.position(state, request)

    def _act_on(self, decision: Decision, request: SendRequest, now: datetime) -> None:
        match decision:
            case Skip(reason) if request.earlier:
                self.outcomes.skipped(request, reason, now)
            case Skip(reason):
                self._skip(request, reason, now)
            case Ended(reason):
                self.outcomes.skipped(request, reason, now)
            case Defer(reason, until):
                self.outcomes.planned(request, reason, "put_off", now)
                self.again.later([request], until)
            case AlreadyClaimed():
                self.outcomes.unclear.append(request)
                self.outcomes.counts["already_done"] += 1
            case WaitsForEarlier():
                self.outcomes.planned(request, Reason.WAITS_FOR_EARLIER, "waiting", now)

    def _skip(self, request: SendRequest, reason: str, now: datetime) -> None:
        self.source.plan_successors([request], now)
        if skip(self.source.ledger_item(request, now), self.source.advance(request), reason, now):
            self.outcomes.counts["skipped"] += 1
            return
        state = find_state(request.lead_id)
        position = self._position(state, request)
        if position == "here":  # the state changed meanwhile
            self.again.later([request], now)
        elif position == "gone":
            self.outcomes.skipped(request, Reason.LEAD_ERASED if state is None else self.rules.ended, now)

    def _settle(self, answered: list[tuple[SendRequest, Answer]], claims: Claims, slot: Slot) -> bool:
        """False when SES accepts no more email for now."""
        answers = [answer for _, answer in answered]
        deferred = [(request, answer) for request, answer in answered if answer.verdict == Verdict.DEFERRED]
        try:
            self.outcomes.answered(answered, claims.now, self.tools.now())
        finally:
            try:
                is_stopped, opened = _update_breaker(answers, slot)
                self.outcomes.counts["circuit_opened"] += opened
            finally:
                if deferred:
                    self._release([request for request, _ in deferred], deferred[0][1].reason or "deferred", claims)
        rejected = [request for request, answer in answered if answer.verdict == Verdict.REJECTED]
        self.source.after_failure(rejected, self.tools.now())
        self.throttled_calls += len(deferred) == len(answered)
        # A few throttled entries can be ignored; a second call throttled as a whole means that SES accepts no more.
        return not (is_stopped or self.throttled_calls > 1)

    def _release(
        self, requests: list[SendRequest], reason: str, claims: Claims, at: datetime | None = None
    ) -> None:  # fmt: skip
        """Release the claims. The due entry is written first: a crash leaves an extra due entry, never a lost email.

        `at`: when they come again; None: at once.
        """
        now = self.tools.now()
        self.source.plan(requests, at or now, now)
        for request in requests:
            self.outcomes.planned(request, reason, None, now)
            if request.earlier:
                release_again(request, claims.now)
            else:
                release(self.source.undo_claim(request), claims.now)
        self.outcomes.counts["deferred"] += len(requests)

    def _retry_later(self, requests: list[SendRequest], reason: str) -> None:
        self.again.later(requests, self.tools.now())
        self.outcomes.counts[reason] += len(requests)


def _update_breaker(answers: list[Answer], slot: Slot) -> tuple[bool, int]:
    """Whether no further call may be made, and how often this call opened the breaker."""
    if all(answer.is_silence for answer in answers if answer.reason != Reason.NOT_ATTEMPTED):
        opened = rate_limiter.count_silent_call()
        return opened, int(opened)
    rate_limiter.forget_silent_calls(slot)
    reasons = {answer.stops for answer in answers if answer.stops}
    return bool(reasons), sum(rate_limiter.open_breaker(reason) for reason in reasons)
