"""SUBMISSION items (of a lead, or in quarantine), and the receipt that makes a post count exactly once."""

import json
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from sodate.dynamodb import base, keys
from sodate.dynamodb.base import TableItem
from sodate.forms.submission import Submission

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


def submission_item(submission: Submission, submission_id: str, lead_id: str) -> SubmissionItem:
    return _item(keys.lead(lead_id), submission, submission_id)


def quarantined_item(submission: Submission, submission_id: str, suspicion: str) -> SubmissionItem:
    item = _item(keys.quarantine(submission.at), submission, submission_id)
    item.suspicion = suspicion
    item.ttl = int((submission.at + QUARANTINE_KEPT).timestamp())
    return item


def quarantined_key(at: datetime, submission_id: str) -> SubmissionItem:
    """Key for an update; no read."""
    return SubmissionItem(keys.quarantine(at), keys.submission(submission_id))


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


def find_receipt(form_id: str, name: str) -> ReceiptItem | None:
    return base.find(ReceiptItem, keys.receipt(form_id, name), keys.RECEIPT)


def receipt_item(submission: Submission, name: str, submission_id: str, suspicion: str | None = None) -> ReceiptItem:
    return ReceiptItem(
        keys.receipt(submission.form_id, name),
        keys.RECEIPT,
        submission_id=submission_id,
        digest=submission.digest,
        at=keys.stamp(submission.at),
        suspicion=suspicion,
        ttl=int((submission.at + RECEIPT_KEPT).timestamp()),
    )


def quarantined(month: datetime) -> list[SubmissionItem]:
    """Quarantined posts of the UTC month of `month`, released ones included, oldest first."""
    items = base.query(SubmissionItem, keys.quarantine(month), keys.SUBMISSIONS)
    return sorted(items, key=lambda item: item.at)
