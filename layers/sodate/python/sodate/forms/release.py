"""Release of a quarantined post by an operator: it is captured like any other post, exactly once."""

from datetime import datetime

from sodate.errors import Conflict, NotFound
from sodate.forms.answers import read_answers
from sodate.forms.capture import Capture
from sodate.forms.definition import Form
from sodate.forms.store import SubmissionItem, mark_released, quarantined
from sodate.forms.submission import Controls, Submission
from sodate.forms.submission_plan import Captured, Outcome
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed


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
        ticked_at=datetime.fromisoformat(stored.at),
    )
    captured = capture.store(submission, suspicion=None)
    mark_released(stored, now)
    return captured


def form_to_release(definitions: Definitions, stored: SubmissionItem) -> Form:
    """The live form of the post.

    Raises: `NotFound` for a form that is gone or closed; `Conflict` when it asks for another consent than the version
    that was posted: nobody agreed to that.
    """
    live = definitions.live("form", stored.form_id)
    form = parsed(live, Form)
    if form.status != "open":
        raise NotFound(Message("no form named {form_id!r}", form_id=stored.form_id))
    posted_version = int(stored.form_version)
    if live.version != posted_version:
        posted = parsed(definitions.version("form", stored.form_id, posted_version), Form)
        if _asked(posted) != _asked(form):
            raise Conflict(
                Message("the form asks for another consent than the person saw; ask this person to post it again")
            )
    return form


def _asked(form: Form) -> tuple[object, ...]:
    consent = form.consent
    return () if consent is None else (consent.field, consent.topics, consent.wording, consent.double_opt_in)


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
