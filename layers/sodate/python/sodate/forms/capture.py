"""Stores a form post as lead, submission, consent evidence and activity, in one transaction, exactly once.

Two concurrent posts of a new address compete for the address owner item; the loser retries and updates the winner's
lead. The HTTP response is the same for a known and an unknown address.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pynamodb.expressions.update import Action

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.consent.confirm import OnConfirmed
from sodate.consent.store import suppression_of
from sodate.dynamodb import keys, transaction
from sodate.dynamodb.base import ConditionFailed, Contention
from sodate.dynamodb.transaction import Put, Update, Write
from sodate.email.ledger.states import send_id
from sodate.email.operator_lists.failed import retry_transactional
from sodate.errors import Conflict, NotFound, Transient
from sodate.forms.answers import FieldErrors
from sodate.forms.bots import Suspicion
from sodate.forms.definition import Form
from sodate.forms.opt_in import ask_consent
from sodate.forms.store import (
    ReceiptItem,
    SubmissionItem,
    find_receipt,
    quarantined_item,
    quarantined_key,
    receipt_item,
    submission_item,
)
from sodate.forms.submission import Submission
from sodate.leads.lead import Profile, State
from sodate.leads.store import (
    ProfileItem,
    StateItem,
    as_it_was,
    changes,
    find_state,
    no_opt_out_since,
    owner_of,
    profile_item,
    profile_key,
    state_item,
    state_key,
    take_address,
)
from sodate.leads.time_zone import known_time_zone

#: Without a `_submission_id`, equal answers for the same address within this time are one post (a double click).
SAME_POST = timedelta(minutes=10)
_TRIES = 8


@dataclass(frozen=True)
class Captured:
    """`status` is the HTTP status: 201 stored, 200 repeat or quarantined, 202 stored but not mailable, 403 CAPTCHA."""

    status: int
    submission_id: str
    reason: str
    lead_id: str | None = None


@dataclass(frozen=True)
class Capture:
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
        raise Transient("many posts at once for this address; send it again")

    def _once(self, submission: Submission, suspicion: Suspicion | None) -> Captured:
        name = submission.controls.submission_id or submission.digest
        receipt = find_receipt(submission.form_id, name)
        if receipt is not None and self._is_current(receipt, submission):
            if receipt.digest != submission.digest:
                raise FieldErrors({"_submission_id": ["used_with_other_answers"]})
            if receipt.suspicion is None:
                self._retry_failed_email(submission, receipt.submission_id)
                return Captured(200, receipt.submission_id, "repeat")
            if suspicion is not None:
                return Captured(403 if suspicion.is_disclosed else 200, receipt.submission_id, suspicion.reason)
            return self._release_quarantined(submission, name, receipt)
        submission_id = submission.controls.submission_id or self.new_id()
        reason = suspicion.reason if suspicion is not None else None
        receipt_put = self._receipt(submission, name, submission_id, receipt, reason)
        if suspicion is not None:
            item = quarantined_item(submission, submission_id, suspicion.reason)
            transaction.commit([receipt_put, Put(item)])
            return Captured(403 if suspicion.is_disclosed else 200, submission_id, suspicion.reason)
        return self._accept(submission, submission_id, [receipt_put])

    def _release_quarantined(self, submission: Submission, name: str, receipt: ReceiptItem) -> Captured:
        """The same post again, now without suspicion (the CAPTCHA was solved): release it from quarantine."""
        receipt_put = self._receipt(submission, name, receipt.submission_id, receipt)
        quarantined = quarantined_key(datetime.fromisoformat(receipt.at), receipt.submission_id)
        released = Update(
            quarantined, [SubmissionItem.released.set(keys.stamp(submission.at))], SubmissionItem.suspicion.exists()
        )
        return self._accept(submission, receipt.submission_id, [receipt_put, released])

    def _retry_failed_email(self, submission: Submission, submission_id: str) -> None:
        """Retry the failed opt-in email of this post: a form is often sent twice because no email arrived."""
        owner = owner_of(submission.answers.address.key(self.address_secret))
        with suppress(NotFound, Conflict):
            if owner is not None:
                retry_transactional(owner, send_id("opt_in", submission.form_id, submission_id), submission.at)

    def _is_current(self, receipt: ReceiptItem, submission: Submission) -> bool:
        if submission.controls.submission_id is not None:
            return True
        return submission.at - datetime.fromisoformat(receipt.at) < SAME_POST

    def _receipt(
        self,
        submission: Submission,
        name: str,
        submission_id: str,
        old: ReceiptItem | None,
        suspicion: str | None = None,
    ) -> Put:
        item = receipt_item(submission, name, submission_id, suspicion)
        if old is None:
            return transaction.put_new(item)
        same_suspicion = (
            ReceiptItem.suspicion.does_not_exist() if old.suspicion is None else ReceiptItem.suspicion.exists()
        )
        return Put(item, (ReceiptItem.at == old.at) & same_suspicion)

    def _accept(self, submission: Submission, submission_id: str, receipt_writes: list[Write]) -> Captured:
        address = submission.answers.address
        address_key = address.key(self.address_secret)
        owner = owner_of(address_key)
        state = find_state(owner) if owner else None
        suppressed = suppression_of(address_key)
        lead_id = owner if owner and state else self.new_id()  # the address of an erased lead gets a new id
        time_zone = known_time_zone(submission.source.get("time_zone"))
        if state is None:
            initial = State(
                lead_id, address_key, self.form.language, blocked=address.doubt or suppressed, zone=time_zone
            )
            after, writes = ask_consent(self.form, submission, submission_id, initial, self.on_confirmed, is_new=True)
            writes += [
                take_address(address_key, lead_id, owner),
                Put(profile_item(self._profile(lead_id, submission))),
                transaction.put_new(state_item(after)),
            ]
        else:
            after, writes = ask_consent(self.form, submission, submission_id, state, self.on_confirmed, is_new=False)
            # Anyone can post a form with any address, so a known time zone is never overwritten.
            after = replace(after, zone=state.zone or time_zone)
            writes.append(self._merge_profile(lead_id, submission))
            if actions := changes(state, after):
                # Concurrent posts must neither send two opt-in emails nor undo an opt-out: the loser reads again.
                unchanged = (
                    (StateItem.opt_in_mails == state.opt_in_mails)
                    & as_it_was(state, after.topics)
                    & no_opt_out_since(state)
                )
                writes.append(Update(state_key(lead_id), actions, unchanged))
        writes.append(Put(submission_item(submission, submission_id, lead_id)))
        writes.append(transaction.put_new(activity_item(self._activity(submission, submission_id, lead_id))))
        transaction.commit([*receipt_writes, *writes])
        return Captured(202 if address.doubt else 201, submission_id, address.doubt or "stored", lead_id)

    def _profile(self, lead_id: str, submission: Submission) -> Profile:
        answers = submission.answers
        return Profile(
            lead_id=lead_id,
            mailbox=answers.address.mailbox,
            address=answers.address.typed,
            language=self.form.language,
            primary=answers.primary,
            secondary=answers.secondary,
            source={"form": submission.form_id, **submission.source},
            created=keys.stamp(submission.at),
            flags=answers.address.flags,
        )

    def _merge_profile(self, lead_id: str, submission: Submission) -> Update:
        """New answers overwrite stored ones; an empty answer keeps the stored value."""
        actions: list[Action] = [ProfileItem.updated.set(keys.stamp(submission.at))]
        actions += [ProfileItem.primary[name].set(value) for name, value in submission.answers.primary.items()]
        actions += [ProfileItem.secondary[name].set(value) for name, value in submission.answers.secondary.items()]
        return Update(profile_key(lead_id), actions, ProfileItem.created.exists())

    def _activity(self, submission: Submission, submission_id: str, lead_id: str) -> Activity:
        key = activity_key("form_submitted", submission.form_id, submission_id)
        return Activity(lead_id, "form_submitted", submission.at, key, {"form": submission.form_id})
