"""Attaches an email that a person found on the list to a lead, as a reply to no known send."""

from datetime import datetime

from sodate.errors import Conflict, Invalid, NotFound
from sodate.leads.store import find_state
from sodate.messages import Message
from sodate.replies.judgement import Judgement, Verdict
from sodate.replies.match import How, Match
from sodate.replies.record import Record
from sodate.replies.store import Arrival, ListedReplyItem, key_of_listed, listed, take_off


def find_listed(reply_id: str, month: datetime) -> ListedReplyItem:
    """Raises: `NotFound`."""
    found = next((item for item in listed(month) if key_of_listed(item) == reply_id), None)
    if found is None:
        raise NotFound(
            Message(
                "no email {reply_id} is on the list of {month:%Y-%m}; `sodate replies list` shows ids",
                reply_id=reply_id,
                month=month,
            )
        )
    return found


def assign(item: ListedReplyItem, lead_id: str) -> None:
    """The lead gets the activity of a reply, at the time of the email. A repeat changes nothing.

    Raises: `NotFound` for an erased lead, `Invalid` for an email that was no reply, `Conflict` at the day's ceiling.
    """
    if item.verdict not in (Verdict.REPLY, Verdict.FORWARDED):
        raise Invalid(Message("a {verdict} is no reply of a lead", verdict=item.verdict), "verdict")
    state = find_state(lead_id)
    if state is None:
        raise NotFound(Message("lead {lead_id} does not exist (any more)", lead_id=lead_id))
    arrival = Arrival(key_of_listed(item), item.object, datetime.fromisoformat(item.at))
    match = Match(state, None, How.BY_HAND, is_own=False)
    written = Record(Judgement(Verdict.REPLY, "by_hand"), match, arrival).write()
    if written.outcome == "over_ceiling":
        raise Conflict(Message("this lead has as many replies of that day as are recorded"))
    take_off(item)
