"""A lead asks for its data or its erasure: a link is mailed to its address, a few times a day at most."""

from datetime import datetime, timedelta

from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed
from sodate.email.ledger.states import send_id
from sodate.email.ledger.store import find_send, planned_transactional
from sodate.forms.ceilings import Ceiling, has_room
from sodate.leads.contact_state import ContactState
from sodate.privacy.links import Request

#: Name of the transactional email in the ledger.
EMAIL = "data_request"
#: Emails with such a link to one mailbox a day, whoever presses the button.
PER_DAY = 3
_DAY = timedelta(days=1)


def ask_by_email(state: ContactState, request: Request, now: datetime) -> bool:
    """Plan the email, once a minute and `PER_DAY` times a day; False when nothing was planned.

    Raises: `Transient`.
    """
    if not state.address_key:
        return False
    name = send_id(EMAIL, request, state.lead_id, keys.minute(now))
    if find_send(state.lead_id, name) is not None:
        return False  # of this minute; it must not use up a further one of the day
    send = planned_transactional(state.lead_id, name, EMAIL, None, {"request": request}, now)
    if not has_room(Ceiling(EMAIL, state.address_key, PER_DAY, _DAY), now):
        return False
    try:
        table.put_new(send)
    except ConditionFailed:
        return False
    return True
