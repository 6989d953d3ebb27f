"""Posts without a token: of people without JavaScript, of a company's own server, and of every simple script.

So many an hour are taken for people's, further ones go to quarantine until a person releases them. A post with a token
says when its page was fetched, and is judged by that (`forms.bots`).
"""

from datetime import datetime, timedelta

from sodate.forms.bots import Suspicion
from sodate.forms.ceilings import Ceiling, has_room
from sodate.forms.definition import Form
from sodate.forms.store import find_receipt
from sodate.forms.submission import Submission

OVER_CEILING = Suspicion("tokenless_ceiling")
_HOUR = timedelta(hours=1)


def suspect_tokenless(form: Form, submission: Submission, now: datetime) -> Suspicion | None:
    """Takes a turn of the form's hour; for a repeat of a stored post none is needed.

    A repeat of a post that lies in quarantine takes one: it would become a lead.
    """
    if submission.controls.token is not None or _is_stored(submission):
        return None
    ceiling = Ceiling("tokenless", form.id, form.bots.tokenless_posts_per_hour, _HOUR)
    return None if has_room(ceiling, now) else OVER_CEILING


def _is_stored(submission: Submission) -> bool:
    """By its own id only. One without an id is known by its words, for some minutes; to count it twice does no harm."""
    name = submission.controls.submission_id
    receipt = find_receipt(submission.form_id, name) if name is not None else None
    return receipt is not None and receipt.suspicion is None
