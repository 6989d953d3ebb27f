"""Posts without a token: browsers without JavaScript, a company's own server, and simple scripts.

A limited number per form and hour is accepted; further ones go to quarantine until an operator releases them. A post
with a token carries the time at which its page was fetched, and is judged by that (`forms.bots`).
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
    """Take a slot of the form's hourly ceiling; a repeat of a stored post needs none.

    A repeat of a quarantined post takes one, because it would become a lead.
    """
    if submission.controls.token is not None or _is_stored(submission):
        return None
    ceiling = Ceiling("tokenless", form.id, form.bots.tokenless_posts_per_hour, _HOUR)
    return None if has_room(ceiling, now) else OVER_CEILING


def _is_stored(submission: Submission) -> bool:
    """Found by `_submission_id` only. A repeat without an id takes a second slot, which is harmless."""
    name = submission.controls.submission_id
    receipt = find_receipt(submission.form_id, name) if name is not None else None
    return receipt is not None and receipt.suspicion is None
