"""Stores a form post as lead, submission, consent evidence and activity, in one transaction, exactly once.

Two concurrent posts of a new address compete for the address owner item; the loser retries and updates the winner's
lead. The HTTP response is the same for a known and an unknown address. `submission_plan` decides, this file writes.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sodate.consent.confirm import OnConfirmed
from sodate.consent.store import suppression_of
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Contention, Put
from sodate.email.ledger.states import send_id
from sodate.email.operator_lists.failed import retry_transactional
from sodate.errors import Conflict, NotFound, Transient
from sodate.forms.bots import Suspicion
from sodate.forms.definition import Form
from sodate.forms.opt_in import ConfirmedAtOnce, is_consent_ticked
from sodate.forms.store import find_receipt, find_requests, quarantine_writes, submission_writes
from sodate.forms.submission import Submission
from sodate.forms.submission_plan import (
    Accept,
    Captured,
    KnownAddress,
    Quarantine,
    Repeat,
    SubmissionPlan,
    decide_post,
    plan_submission,
)
from sodate.leads.store import find_state, owner_of
from sodate.messages import Message

_TRIES = 8


@dataclass(frozen=True)
class Capture:
    """The use case. `pause` waits before retry number n."""

    form: Form
    address_secret: bytes
    on_confirmed: OnConfirmed
    new_id: Callable[[], str]
    pause: Callable[[int], None]

    def store(self, submission: Submission, suspicion: Suspicion | None) -> Captured:
        """Store one submission.

        Raises: `FieldErrors` for a submission id that was used with other answers; `Transient` after eight lost races.
        """
        for attempt in range(_TRIES):
            try:
                return self._once(submission, suspicion)
            except (ConditionFailed, Contention):
                self.pause(attempt)  # concurrent modification: read again
        raise Transient(Message("many posts at once for this address; send it again"))

    def _once(self, submission: Submission, suspicion: Suspicion | None) -> Captured:
        receipt = find_receipt(submission.form_id, submission.receipt_name)
        match decide_post(submission, suspicion, receipt, self.new_id):
            case Repeat(captured=captured, has_lead=has_lead):
                if has_lead:
                    self._retry_failed_email(submission, captured.submission_id)
                return captured
            case Quarantine() as quarantine:
                table.commit(quarantine_writes(submission, quarantine))
                return quarantine.captured
            case Accept() as accepted:
                plan = plan_submission(self.form, submission, accepted, self._look_up(submission), self.new_id)
                return self._write(plan)

    def _look_up(self, submission: Submission) -> KnownAddress:
        address_key = submission.answers.address.key(self.address_secret)
        owner = owner_of(address_key)
        state = find_state(owner) if owner else None
        suppressed = suppression_of(address_key)
        reads_requests = state is not None and is_consent_ticked(self.form, submission)
        requests = find_requests(owner, submission) if owner and reads_requests else ()
        return KnownAddress(address_key, owner, state, suppressed, requests)

    def _write(self, plan: SubmissionPlan) -> Captured:
        enrollment_puts: list[Put] = []
        if isinstance(plan.consent, ConfirmedAtOnce):
            consent, at = plan.consent, plan.submission.at
            reaction = self.on_confirmed(plan.after, self.form.id, consent.topics, consent.reference, at)
            plan, enrollment_puts = plan.enrolled(reaction.enrollments), reaction.puts
        table.commit([*submission_writes(plan), *enrollment_puts])
        return plan.captured

    def _retry_failed_email(self, submission: Submission, submission_id: str) -> None:
        """Retry the failed opt-in email of this post: a form is often sent twice because no email arrived."""
        owner = owner_of(submission.answers.address.key(self.address_secret))
        with suppress(NotFound, Conflict):
            if owner is not None:
                retry_transactional(owner, send_id("opt_in", submission.form_id, submission_id), submission.at)
