"""Opt-out. It writes the STATE item that every send must claim, so that no email is sent after a committed opt-out."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.consent.consent import RETENTION, UNDO_LIFETIME, Evidence, Method
from sodate.consent.retention import review_later
from sodate.consent.store import consent_item, consents_of, suppression_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import Transient
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.merged import lead_that_stays
from sodate.leads.store import load_state, state_change
from sodate.messages import Message

_TRIES = 5
#: The first two writes: state and evidence. A repeated opt-out writes only these, and no second activity.
_EVIDENCE = 2


@dataclass(frozen=True)
class OptOut:
    """`topic` None: of everything. `send_id`: the email with the link, or where the lead opted out."""

    lead_id: str
    send_id: str
    topic: str | None
    method: Method

    @property
    def scope(self) -> str:
        return self.topic or "all"


def unsubscribe(opt_out: OptOut, now: datetime, retention: timedelta = RETENTION) -> bool:
    """Return True when this call changed something, False when the lead had opted out before.

    The opt-out of a lead that is blocked for another reason is recorded too, because that block may be lifted later.
    Of a merged lead, the lead that gets the emails now opts out first.

    Raises: `NotFound` for an erased lead, `Transient` after five lost races.
    """
    changed = False
    for _ in range(_TRIES):
        state = load_state(opt_out.lead_id)
        stays = lead_that_stays(state)
        try:
            if stays is not None:
                changed |= _unsubscribe(load_state(stays), replace(opt_out, lead_id=stays), now, retention)
            return _unsubscribe(state, opt_out, now, retention) or changed
        except ConditionFailed:
            continue  # the lead was changed meanwhile, or merged: read it again
    raise Transient(Message("lead {lead_id} changes too fast; try again", lead_id=opt_out.lead_id))


def _unsubscribe(state: ContactState, opt_out: OptOut, now: datetime, retention: timedelta) -> bool:
    """Raises: `ConditionFailed`."""
    topics = (opt_out.topic,) if opt_out.topic else tuple(sorted(state.topics))
    is_opted_out = _is_opted_out(state, topics, opt_out)
    if is_opted_out and not _has_pending_request(state) and not _ends_undo(state, opt_out, now):
        return False
    writes = _writes(state, opt_out, topics, now, retention)
    table.commit(writes[:_EVIDENCE] if is_opted_out else writes)
    return True


def _is_opted_out(state: ContactState, topics: tuple[str, ...], opt_out: OptOut) -> bool:
    are_withdrawn = all(state.topics.get(name) == "withdrawn" for name in topics)
    if opt_out.topic is None:
        return are_withdrawn and not state.lacks_opt_out and not state.can_be_blocked_by(Block.UNSUBSCRIBED)
    return are_withdrawn or state.blocked == Block.UNSUBSCRIBED


def _has_pending_request(state: ContactState) -> bool:
    """An opt-in request is pending: a repeated opt-out must be recorded, or its link could undo the opt-out."""
    return state.opt_in_mails > 0 and (state.opt_in_mail_at or "") > (state.opted_out_at or "")


def _ends_undo(state: ContactState, opt_out: OptOut, now: datetime) -> bool:
    """The lead could still take the opt-out on the page back: a refusal by another way is recorded, so it stays."""
    if opt_out.method == "unsubscribe_page" or not state.opted_out_within(UNDO_LIFETIME, now):
        return False
    withdrawals = [item.method for item in consents_of(state.lead_id) if item.action == "withdrawn"]
    return withdrawals[-1:] == ["unsubscribe_page"]


def _writes(
    state: ContactState, opt_out: OptOut, topics: tuple[str, ...], now: datetime, retention: timedelta
) -> list[Write]:
    after = state.opt_out(topics, keys.stamp(now), of_everything=opt_out.topic is None)
    key = activity_key("unsubscribed", opt_out.send_id, opt_out.scope)
    evidence = Evidence(state.lead_id, now, "withdrawn", opt_out.method, topics, reference=opt_out.send_id)
    about = {"send": opt_out.send_id, "scope": opt_out.scope}
    writes: list[Write] = [
        state_change(state, after, topics),
        Put(consent_item(evidence, key, now + retention)),
        Put(activity_item(Activity(state.lead_id, "unsubscribed", now, key, about))),
    ]
    writes.append(review_later(state.lead_id, retention, now))
    if after.blocked != state.blocked:
        writes.append(Put(suppression_item(state.address_key, Block.UNSUBSCRIBED, now)))
    return writes
