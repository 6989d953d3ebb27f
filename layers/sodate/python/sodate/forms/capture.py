"""A form post becomes a lead, a submission, evidence of consent and an activity: one transaction, once.

Two posts of a new address race for the address owner; the loser sees the winner's lead and joins it. The answer is the
same for a known and an unknown address.
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
from sodate.email.delivery.failed import retry_transactional
from sodate.email.delivery.ledger import send_id
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
from sodate.leads.zone import known_zone

#: Without a `_submission_id` the same words from the same person within this time are one post (a double click).
SAME_POST = timedelta(minutes=10)
_TRIES = 8


@dataclass(frozen=True)
class Captured:
    """`status` is the HTTP answer: 201 stored, 200 repeat or look-alike, 202 stored but not mailable, 403 CAPTCHA."""

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
        """Raises `FieldErrors` for a submission id used with other words, `Transient` when the table is too busy."""
        for attempt in range(_TRIES):
            try:
                return self._once(submission, suspicion)
            except (ConditionFailed, Contention):
                self.pause(attempt)  # somebody wrote first: look again, the outcome is then known
        raise Transient("many posts at once for this address; send it again")

    def _once(self, submission: Submission, suspicion: Suspicion | None) -> Captured:
        name = submission.controls.submission_id or submission.digest
        receipt = find_receipt(submission.form_id, name)
        if receipt is not None and self._still_counts(receipt, submission):
            if receipt.digest != submission.digest:
                raise FieldErrors({"_submission_id": ["used_with_other_answers"]})
            if receipt.suspicion is None:
                self._try_a_failed_email_again(submission, receipt.submission_id)
                return Captured(200, receipt.submission_id, "repeat")
            if suspicion is not None:
                return Captured(403 if suspicion.told else 200, receipt.submission_id, suspicion.reason)
            return self._believe(submission, name, receipt)
        submission_id = submission.controls.submission_id or self.new_id()
        doubt = suspicion.reason if suspicion is not None else None
        first = self._receipt(submission, name, submission_id, receipt, doubt)
        if suspicion is not None:
            item = quarantined_item(submission, submission_id, suspicion.reason)
            transaction.commit([first, Put(item)])
            return Captured(403 if suspicion.told else 200, submission_id, suspicion.reason)
        return self._accept(submission, submission_id, [first])

    def _believe(self, submission: Submission, name: str, receipt: ReceiptItem) -> Captured:
        """The same post again, now without a doubt (the CAPTCHA was solved): it becomes a lead, out of quarantine."""
        first = self._receipt(submission, name, receipt.submission_id, receipt)
        held = quarantined_key(datetime.fromisoformat(receipt.at), receipt.submission_id)
        freed = Update(
            held, [SubmissionItem.released.set(keys.stamp(submission.at))], SubmissionItem.suspicion.exists()
        )
        return self._accept(submission, receipt.submission_id, [first, freed])

    def _try_a_failed_email_again(self, submission: Submission, submission_id: str) -> None:
        """Of this very post. Whoever sends a form twice within minutes often does so because no email came."""
        owner = owner_of(submission.answers.address.key(self.address_secret))
        with suppress(NotFound, Conflict):
            if owner is not None:
                retry_transactional(owner, send_id("opt_in", submission.form_id, submission_id), submission.at)

    def _still_counts(self, receipt: ReceiptItem, submission: Submission) -> bool:
        if submission.controls.submission_id is not None:
            return True
        return submission.at - datetime.fromisoformat(receipt.at) < SAME_POST

    def _receipt(
        self, submission: Submission, name: str, submission_id: str, old: ReceiptItem | None, doubt: str | None = None
    ) -> Put:
        item = receipt_item(submission, name, submission_id, doubt)
        if old is None:
            return transaction.put_new(item)
        quarantined = (
            ReceiptItem.suspicion.does_not_exist() if old.suspicion is None else ReceiptItem.suspicion.exists()
        )
        return Put(item, (ReceiptItem.at == old.at) & quarantined)

    def _accept(self, submission: Submission, submission_id: str, first: list[Write]) -> Captured:
        address = submission.answers.address
        address_key = address.key(self.address_secret)
        owner = owner_of(address_key)
        state = find_state(owner) if owner else None
        suppressed = suppression_of(address_key)
        lead_id = owner if owner and state else self.new_id()  # an erased lead is gone; its address begins anew
        zone = known_zone(submission.source.get("time_zone"))
        if state is None:
            before = State(lead_id, address_key, self.form.language, blocked=address.doubt or suppressed, zone=zone)
            after, writes = ask_consent(self.form, submission, submission_id, before, self.on_confirmed, is_new=True)
            writes += [
                take_address(address_key, lead_id, owner),
                Put(profile_item(self._profile(lead_id, submission))),
                transaction.put_new(state_item(after)),
            ]
        else:
            after, writes = ask_consent(self.form, submission, submission_id, state, self.on_confirmed, is_new=False)
            # Anybody can post a form with this address, so a zone that is known stays.
            after = replace(after, zone=state.zone or zone)
            writes.append(self._merge_profile(lead_id, submission))
            if actions := changes(state, after):
                # Two posts at once must not both send an opt-in mail, nor undo an opt-out: the slower one looks again.
                still = (
                    (StateItem.opt_in_mails == state.opt_in_mails)
                    & as_it_was(state, after.topics)
                    & no_opt_out_since(state)
                )
                writes.append(Update(state_key(lead_id), actions, still))
        writes.append(Put(submission_item(submission, submission_id, lead_id)))
        writes.append(transaction.put_new(activity_item(self._activity(submission, submission_id, lead_id))))
        transaction.commit([*first, *writes])
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
        """New answers win, empty ones take nothing away."""
        actions: list[Action] = [ProfileItem.updated.set(keys.stamp(submission.at))]
        actions += [ProfileItem.primary[name].set(value) for name, value in submission.answers.primary.items()]
        actions += [ProfileItem.secondary[name].set(value) for name, value in submission.answers.secondary.items()]
        return Update(profile_key(lead_id), actions, ProfileItem.created.exists())

    def _activity(self, submission: Submission, submission_id: str, lead_id: str) -> Activity:
        key = activity_key("form_submitted", submission.form_id, submission_id)
        return Activity(lead_id, "form_submitted", submission.at, key, {"form": submission.form_id})
