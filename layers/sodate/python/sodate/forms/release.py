"""Release of a quarantined post by an operator: it is captured like any other post, exactly once."""

from datetime import datetime

from sodate.errors import NotFound
from sodate.forms.answers import read_answers
from sodate.forms.capture import Capture
from sodate.forms.store import SubmissionItem, mark_released, quarantined
from sodate.forms.submission import Controls, Submission
from sodate.forms.submission_plan import Captured, Outcome
from sodate.messages import Message


def release(capture: Capture, stored: SubmissionItem, now: datetime) -> Captured:
    """Capture the quarantined post.

    Raises: `FieldErrors` when the form changed since.
    """
    submission_id = stored.submission_id
    if stored.released is not None:
        return Captured(Outcome.REPEAT, submission_id, "repeat")
    answers = read_answers(capture.form, stored.read_answers())
    # A derived id: the quarantined post used the original one, and a second release must count as a repeat.
    controls = Controls(submission_id=f"{submission_id}-released"[-64:])
    submission = Submission(
        stored.form_id,
        int(stored.form_version),
        now,
        answers,
        controls,
        stored.read_source(),
    )
    captured = capture.store(submission, suspicion=None)
    mark_released(stored, now)
    return captured


def find_quarantined(submission_id: str, month: datetime) -> SubmissionItem:
    """Raises: `NotFound` when the quarantine of that UTC month has no such post."""
    for item in quarantined(month):
        if item.submission_id == submission_id:
            return item
    raise NotFound(
        Message(
            "no post {submission_id} waits in quarantine in {month:%Y-%m}", submission_id=submission_id, month=month
        )
    )
