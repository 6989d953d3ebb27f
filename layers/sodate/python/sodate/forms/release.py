"""A person says that a quarantined post is real: it is captured as if it had not been doubted, once."""

from datetime import datetime

from sodate.dynamodb import base, keys
from sodate.errors import NotFound
from sodate.forms.answers import read_answers
from sodate.forms.capture import Capture, Captured
from sodate.forms.store import SubmissionItem, quarantined
from sodate.forms.submission import Controls, Submission


def release(capture: Capture, submission_id: str, month: datetime, now: datetime) -> Captured:
    """Raises `NotFound` when nothing of that id waits in that month, `FieldErrors` when the form has changed since."""
    held = find_quarantined(submission_id, month)
    if held.released is not None:
        return Captured(200, submission_id, "repeat")
    answers = read_answers(capture.form, held.read_answers())
    # An id of its own: the doubted post already used up the other one, and releasing twice must be a repeat.
    controls = Controls(submission_id=f"{submission_id}-released"[-64:])
    submission = Submission(held.form_id, int(held.form_version), now, answers, controls, held.read_source())
    captured = capture.store(submission, suspicion=None)
    base.update(held, [SubmissionItem.released.set(keys.stamp(now))])
    return captured


def find_quarantined(submission_id: str, month: datetime) -> SubmissionItem:
    for item in quarantined(month):
        if item.submission_id == submission_id:
            return item
    raise NotFound(f"no post {submission_id} waits in quarantine in {month:%Y-%m}")
