"""Records an email that came in of a lead: item, activity, mark on the send and forward, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem, decode
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.email.ledger.states import REPLY_FORWARD, send_id
from sodate.email.ledger.store import find_send, planned_transactional, replied
from sodate.errors import Transient
from sodate.leads.contact_state import id_of
from sodate.leads.existence import still_exists
from sodate.messages import Message
from sodate.replies.judgement import Judgement, Verdict
from sodate.replies.match import Match
from sodate.replies.store import (
    RECORDED_PER_DAY,
    Arrival,
    ReplyItem,
    one_more,
    recorded_on,
    reply_item,
    text_item,
)

_TRIES = 5
_ITEM, _COUNT, _STATE = 0, 1, 2
_TYPES = {Verdict.REPLY: ActivityType.EMAIL_REPLIED, Verdict.OUT_OF_OFFICE: ActivityType.OUT_OF_OFFICE}
#: Characters of a stored text; an item has at most 400 KB.
_LONGEST_STORED = 50_000


@dataclass(frozen=True)
class Written:
    """`keeps_raw`: the raw email is still needed, for the forward."""

    outcome: str
    keeps_raw: bool = False


@dataclass(frozen=True)
class Record:
    judged: Judgement
    match: Match
    arrival: Arrival

    def write(self, *, forwards: int = 0, text: str | None = None, kept: timedelta = timedelta(0)) -> Written:
        """The outcome is the verdict, `repeat`, `over_ceiling` or `erased`.

        `forwards`: how many emails of this lead and day are forwarded at most; `text`: to store, for the time `kept`.

        Raises: `Transient` after five lost races.
        """
        stored = (
            text_item(self.match.lead_id, self.arrival, text[:_LONGEST_STORED], self.arrival.at + kept)
            if text
            else None
        )
        for _ in range(_TRIES):
            forward = forwards > 0 and recorded_on(self.match.lead_id, self.arrival.at) < forwards
            try:
                table.commit([*self._writes(forward=forward), *([Put(stored)] if stored else [])])
            except ConditionFailed as error:
                if (ended := self._ended(error)) is not None:
                    return ended
                continue  # the send has another reply since
            return Written(self.judged.verdict, forward)
        raise Transient(Message("lead {lead_id} changes too fast", lead_id=self.match.lead_id))

    def _ended(self, error: ConditionFailed) -> Written | None:
        if _ITEM in error.failed:
            row = error.failed[_ITEM]
            first = decode(ReplyItem, row) if row else None
            return Written("repeat", first is not None and first.object == self.arrival.object)
        if _STATE in error.failed:
            return Written("erased")
        return Written("over_ceiling") if _COUNT in error.failed else None

    def _writes(self, *, forward: bool) -> list[Write]:
        lead_id, arrival, send = self.match.lead_id, self.arrival, self.match.send
        item = reply_item(lead_id, arrival, self.judged, self.match.how, send.send_id if send else None)
        writes: list[Write] = [
            Put.new(item),
            one_more(keys.lead(lead_id), arrival.at, RECORDED_PER_DAY),
            still_exists(lead_id),
            Put.new(activity_item(self._activity())),
        ]
        if forward:
            writes.append(Put.new(forward_of(self.match, arrival, self.judged)))
        current = find_send(lead_id, send.send_id) if send and self.judged.verdict is Verdict.REPLY else None
        mark = replied(current, arrival.at) if current else None
        return [*writes, mark] if mark else writes

    def _activity(self) -> Activity:
        send, type_ = self.match.send, _TYPES[self.judged.verdict]
        about = {
            "send": send.send_id if send else None,
            "template": send.template if send else None,
            "sequence": id_of(send.sequence) if send and send.sequence else None,
            "broadcast": send.broadcast if send else None,
            "match": str(self.match.how),
            "flags": ",".join(self.judged.flags),
        }
        given = {name: value for name, value in about.items() if value}
        key = activity_key(type_, self.arrival.key)
        return Activity(self.match.lead_id, type_.value, self.arrival.at, key, given)


def forward_of(match: Match, arrival: Arrival, judged: Judgement) -> TableItem:
    """The planned email to the owner. It names the raw email, and has nothing of what it says."""
    flags, template = [str(flag) for flag in judged.flags], match.send.template if match.send else None
    data = {"reply": arrival.key, "object": arrival.object, "flags": flags, "template": template}
    identifier = send_id(REPLY_FORWARD, match.lead_id, arrival.key)
    return planned_transactional(match.lead_id, identifier, REPLY_FORWARD, None, data, arrival.at)


def record_by_sales(owner: str, lead_ids: Sequence[str], arrival: Arrival) -> str:
    """An email of an owner with a lead in To or Cc. The outcome: `by_sales`, `repeat` or `by_sales_to_nobody`."""
    new = [_by_sales(owner, lead_id, arrival) for lead_id in dict.fromkeys(lead_ids)]
    return "by_sales_to_nobody" if not new else "by_sales" if any(new) else "repeat"


def _by_sales(owner: str, lead_id: str, arrival: Arrival) -> bool:
    key = activity_key(ActivityType.EMAIL_BY_SALES, lead_id, arrival.key)
    activity = Activity(lead_id, ActivityType.EMAIL_BY_SALES.value, arrival.at, key, {"owner": owner})
    item = reply_item(lead_id, arrival, Judgement(Verdict.BY_SALES, "bcc"), "bcc", None)
    try:
        table.commit([Put.new(item), still_exists(lead_id), Put.new(activity_item(activity))])
    except ConditionFailed:
        return False
    return True
