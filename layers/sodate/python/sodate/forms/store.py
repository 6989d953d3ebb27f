"""Items of form posts: submissions (of a lead, or in quarantine) and the receipt that makes a post count exactly once.

`submission_writes` and `quarantine_writes` turn a plan into the writes of one transaction.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.activities.store import activity_item, ad_click_item
from sodate.consent.store import ConsentItem, consent_item, evidence_at, requests_of
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem, values
from sodate.dynamodb.statement import Statement, number
from sodate.dynamodb.table import ConditionFailed, Put, Update, Write
from sodate.email.ledger.store import SendItem, planned_transactional, settle
from sodate.forms.opt_in import ConfirmedAtOnce, ConsentRequest, ConsentRequested, RequestRepeated
from sodate.forms.submission import Submission
from sodate.forms.submission_plan import Quarantine, Receipt, SubmissionPlan
from sodate.leads.contact_state import ContactState
from sodate.leads.store import (
    ProfileItem,
    StateItem,
    no_opt_out_since,
    profile_item,
    profile_key,
    state_change,
    state_item,
    state_key,
    take_address,
)
from sodate.scheduling import store as due

QUARANTINE_KEPT = timedelta(days=90)
RECEIPT_KEPT = timedelta(days=30)


class SubmissionItem(TableItem, discriminator="submission"):
    form_id = UnicodeAttribute()
    form_version = NumberAttribute()
    at = UnicodeAttribute()
    answers = UnicodeAttribute()
    source = UnicodeAttribute(null=True)
    suspicion = UnicodeAttribute(null=True)
    released = UnicodeAttribute(null=True)

    @property
    def submission_id(self) -> str:
        return self.sk.removeprefix(keys.SUBMISSIONS)

    def read_answers(self) -> dict[str, Any]:
        return dict(json.loads(self.answers))

    def read_source(self) -> dict[str, str]:
        return dict(json.loads(self.source or "{}"))


class ReceiptItem(TableItem, discriminator="receipt"):
    """The first post with a submission id owns it; `digest` distinguishes a repeat from a conflict.

    `suspicion` is set while the post is in quarantine: the same post without suspicion may still become a lead.
    """

    submission_id = UnicodeAttribute()
    digest = UnicodeAttribute()
    at = UnicodeAttribute()
    suspicion = UnicodeAttribute(null=True)


class CeilingItem(TableItem, discriminator="ceiling"):
    """The next free slot of one ceiling, in microseconds since 1970."""

    next_slot = NumberAttribute()


# -- reads -------------------------------------------------------------------------------------------------------------


def find_receipt(form_id: str, name: str) -> Receipt | None:
    item = table.find(ReceiptItem, keys.receipt(form_id, name), keys.RECEIPT)
    if item is None:
        return None
    return Receipt(item.submission_id, item.digest, datetime.fromisoformat(item.at), item.suspicion)


def find_requests(lead_id: str, submission: Submission) -> tuple[ConsentRequest, ...]:
    """Requests for consent that the lead made with this version of the form, oldest first."""
    items = requests_of(lead_id, submission.form_id, submission.form_version)
    return tuple(
        ConsentRequest(item.sk, item.at, item.confirmed_at is not None, int(item.repeats or 0)) for item in items
    )


def quarantined(month: datetime, limit: int | None = None) -> list[SubmissionItem]:
    """Quarantined posts of the UTC month of `month`, released ones included, oldest first; some `limit` of them."""
    items = table.query(SubmissionItem, keys.quarantine(month), keys.SUBMISSIONS, limit=limit)
    return sorted(items, key=lambda item: item.at)


def mark_released(item: SubmissionItem, now: datetime) -> None:
    """Does nothing to a post that was erased meanwhile."""
    with suppress(ConditionFailed):
        table.update(item, [SubmissionItem.released.set(keys.stamp(now))], SubmissionItem.suspicion.exists())


# -- writes ------------------------------------------------------------------------------------------------------------


def quarantine_writes(submission: Submission, quarantine: Quarantine) -> list[Write]:
    submission_id = quarantine.captured.submission_id
    item = _item(keys.quarantine(submission.at), submission, submission_id)
    item.suspicion = quarantine.suspicion
    item.ttl = int((submission.at + QUARANTINE_KEPT).timestamp())
    return [_receipt(submission, submission_id, quarantine.old, quarantine.suspicion), Put(item)]


def submission_writes(plan: SubmissionPlan) -> list[Write]:
    submission, submission_id = plan.submission, plan.accepted.submission_id
    writes: list[Write] = [_receipt(submission, submission_id, plan.accepted.old)]
    if plan.accepted.old is not None and plan.accepted.releases:
        key = SubmissionItem(keys.quarantine(plan.accepted.old.at), keys.submission(submission_id))
        released = [SubmissionItem.released.set(keys.stamp(submission.at))]
        writes.append(Update(key, released, SubmissionItem.suspicion.exists()))
    writes += _consent_writes(plan)
    if plan.before is not None:
        writes.append(_merged_profile(plan.lead_id, submission))
        writes += _state_writes(plan.before, plan.after)
    elif plan.profile is not None:
        writes.append(take_address(plan.known.address_key, plan.lead_id, plan.known.owner))
        writes += [Put(profile_item(plan.profile)), Put.new(state_item(plan.after))]
    writes.append(Put(_item(keys.lead(plan.lead_id), submission, submission_id)))
    writes += [Put.new(activity_item(activity)) for activity in plan.activities]
    if submission.click_ids:
        writes.append(Put(ad_click_item(plan.lead_id, submission.at, submission_id, submission.click_ids)))
    if (identified := plan.visitor) is not None:
        writes.append(Put(due.due_item(identified.at, due.DECAY, identified.ref, identified, identified.at)))
    return writes


def _item(pk: str, submission: Submission, submission_id: str) -> SubmissionItem:
    return SubmissionItem(
        pk,
        keys.submission(submission_id),
        form_id=submission.form_id,
        form_version=submission.form_version,
        at=keys.stamp(submission.at),
        answers=json.dumps(submission.answers.values, ensure_ascii=False, sort_keys=True),
        source=json.dumps(submission.source, ensure_ascii=False, sort_keys=True),
    )


def _receipt(submission: Submission, submission_id: str, old: Receipt | None, suspicion: str | None = None) -> Put:
    """A new receipt, or one over `old`, unless a concurrent post changed it."""
    item = ReceiptItem(
        keys.receipt(submission.form_id, submission.receipt_name),
        keys.RECEIPT,
        submission_id=submission_id,
        digest=submission.digest,
        at=keys.stamp(submission.at),
        suspicion=suspicion,
        ttl=int((submission.at + RECEIPT_KEPT).timestamp()),
    )
    if old is None:
        return Put.new(item)
    stored = ReceiptItem.suspicion
    same_suspicion = stored.does_not_exist() if old.suspicion is None else stored.exists()
    return Put(item, (ReceiptItem.at == keys.stamp(old.at)) & same_suspicion)


def _consent_writes(plan: SubmissionPlan) -> list[Write]:
    at = plan.submission.at
    match plan.consent:
        case ConfirmedAtOnce(evidence=evidence, key=key):
            return [Put(consent_item(evidence, key))]
        case RequestRepeated(request=request):
            repeats = [ConsentItem.repeats.set(request.repeats + 1), ConsentItem.repeated_at.set(keys.stamp(at))]
            return [Update(ConsentItem(keys.lead(plan.lead_id), request.key), repeats, _still_open(request))]
        case ConsentRequested(evidence=evidence, key=key, replaces=replaces, email=email):
            item = evidence_at(evidence, key)
            put = Put.new(item) if replaces is None else Put(item, _still_open(replaces))
            if email is None:
                return [put]
            send = planned_transactional(plan.lead_id, email.send_id, "opt_in", email.template, email.data, at)
            return [put, Put.new(send)]
        case None:
            return []


def _still_open(request: ConsentRequest) -> Condition:
    condition: Condition = ConsentItem.confirmed_at.does_not_exist() & (ConsentItem.at == request.at)
    return condition


def _state_writes(before: ContactState, after: ContactState) -> list[Write]:
    if after == before:
        return []
    # Concurrent posts must neither send two opt-in emails nor undo an opt-out: the loser reads again.
    also = (StateItem.opt_in_mails == before.opt_in_mails) & no_opt_out_since(before)
    return [state_change(before, after, after.topics, also)]


def _merged_profile(lead_id: str, submission: Submission) -> Update:
    """New answers overwrite stored ones; an empty answer keeps the stored value."""
    actions: list[Action] = [ProfileItem.updated.set(keys.stamp(submission.at))]
    actions += [ProfileItem.primary[name].set(value) for name, value in submission.answers.primary.items()]
    actions += [ProfileItem.secondary[name].set(value) for name, value in submission.answers.secondary.items()]
    return Update(profile_key(lead_id), actions, ProfileItem.created.exists())


# -- ceilings ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SlotQueue:
    """Slots of one ceiling from `first` to `last`, `width` apart, in microseconds since 1970. `ttl`: of the item."""

    first: int
    last: int
    width: int
    ttl: int


_OF_THE_QUEUE = [CeilingItem.kind.set(CeilingItem), CeilingItem.ttl.set(number("ttl"))]
_JOIN_QUEUE = Statement(
    [CeilingItem.next_slot.set(CeilingItem.next_slot + number("width")), *_OF_THE_QUEUE],
    (CeilingItem.next_slot > number("first")) & (CeilingItem.next_slot <= number("last")),
)
_BEGIN_QUEUE = Statement(
    [CeilingItem.next_slot.set(number("then")), *_OF_THE_QUEUE],
    CeilingItem.next_slot.does_not_exist() | (CeilingItem.next_slot <= number("first")),
)


def take_next_slot(pk: str, queue: SlotQueue) -> int | None:
    """Take the next free slot; None when none is left until `queue.last`.

    Each take is one conditional update. DynamoDB takes about 1,000 updates a second per key, rejected ones included;
    form posts are throttled far below.

    Raises: `Transient` when DynamoDB does not respond.
    """
    first, last, width = queue.first, queue.last, queue.width
    while first <= last:
        try:  # the slot after those already taken
            return _take(pk, _JOIN_QUEUE, {"first": first, "last": last, "width": width, "ttl": queue.ttl}) - width
        except ConditionFailed as error:
            stored = values(CeilingItem, error.old or {})
        if stored.get("next_slot", first) > last:
            return None
        try:
            return _take(pk, _BEGIN_QUEUE, {"first": first, "then": first + width, "ttl": queue.ttl}) - width
        except ConditionFailed:
            continue  # a concurrent caller created the queue
    return None


def _take(pk: str, statement: Statement, parameters: dict[str, int]) -> int:
    """The next free slot afterwards."""
    stored = table.execute(pk, keys.NEXT, statement, parameters, "UPDATED_NEW")
    return int(values(CeilingItem, stored)["next_slot"])


# -- opt-in emails -----------------------------------------------------------------------------------------------------


def note_windows(send: SendItem, windows: dict[str, str], *, wait: tuple[str, str] | None = None) -> None:
    """Record the windows in which a planned opt-in email has slots, and `wait`: until when, and the reason code."""
    actions: list[Action] = [SendItem.windows.set(windows)]
    if wait is not None:
        actions += [SendItem.waits_until.set(wait[0]), SendItem.reason.set(wait[1])]
    with suppress(ConditionFailed):  # a repeated message began the attempt
        table.update(send, actions, SendItem.state == "planned")


def postpone_opt_in(lead_id: str, until: str) -> None:
    """Count the wait until the next opt-in email of the lead from the planned time of this one."""
    with suppress(ConditionFailed):  # confirmed, erased, or a later email is planned
        table.update(state_key(lead_id), [StateItem.opt_in_mail_at.set(until)], StateItem.opt_in_mail_at < until)


def skip_opt_in(send: SendItem, reason: str, now: datetime) -> None:
    settle(send.lead_id, send.send_id, "skipped", now, reason)
