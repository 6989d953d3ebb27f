"""An SES event becomes a state of the ledger, an activity, and (for a hard bounce or complaint) a stop on the lead.

First the ledger, where the higher rank stands; then all that concerns the lead in one transaction, keyed by the fact
itself. A crash in between is mended by the redelivery; duplicates and disorder change nothing.
"""

from collections.abc import Callable
from datetime import datetime

from pynamodb.expressions.update import Action

from sodate.activities.activity import Activity
from sodate.activities.store import activity_item
from sodate.consent.consent import Evidence
from sodate.consent.links import is_ours
from sodate.consent.store import consent_item, suppression_item
from sodate.errors import Transient
from sodate.leads.address import parse_reported_address
from sodate.leads.store import StateItem, as_it_was, find_state, owner_of, state_key
from sodate.mail.events import ENGAGEMENT, LEDGER_STATE, MailEvent
from sodate.mail.store import SendItem, find_send, raise_to, send_by_message_id
from sodate.table import base, transaction
from sodate.table.base import ConditionFailed
from sodate.table.transaction import Put, Update, Write

AddressKey = Callable[[str], str]

#: Which reason stays when a lead is stopped twice; the order in which SES tells us must not decide.
_STRENGTH = {"hard_bounce": 1, "complaint": 2}
_ACTIVITY = 0
_TRIES = 5


def apply_event(event: MailEvent, address_key: AddressKey, now: datetime) -> str:
    """Returns what it meant: `applied`, `repeat`, `counted`, or `unknown_lead` (not one of ours, or erased)."""
    lead_id = event.tags.get("lead_id") or _lead_by_address(event, address_key)
    if lead_id is None:
        return "unknown_lead"
    send = _find_send(lead_id, event)
    if send is not None and send.purpose == "notice" and send.name == "handoff":
        return _ledger_only(send, event, now)  # the recipient is our own sales, not the lead
    applied = _ledger_only(send, event, now) if send is not None else "counted"
    for _ in range(_TRIES):
        writes = _lead_writes(lead_id, send, event, now)
        if not writes:
            return applied
        try:
            transaction.commit(writes)
        except ConditionFailed as error:
            if _ACTIVITY in error.failed:
                return "repeat"
            continue  # the lead was stopped or erased meanwhile: look again
        return "applied"
    raise Transient(f"lead {lead_id} changes too fast")


def _lead_by_address(event: MailEvent, address_key: AddressKey) -> str | None:
    for recipient in event.recipients:
        match = parse_reported_address(recipient)
        lead_id = owner_of(address_key(match)) if match else None
        if lead_id is not None:
            return lead_id
    return None


def _find_send(lead_id: str, event: MailEvent) -> SendItem | None:
    send_id = event.tags.get("send_id")
    send = find_send(lead_id, send_id) if send_id else None
    return send or send_by_message_id(lead_id, event.message_id)


def ledger_state(event: MailEvent) -> str | None:
    if event.type == "Bounce":
        return "bounced" if event.bounce_type == "Permanent" else "soft_bounced"
    if event.type == "Complaint":
        return "complained" if event.suppresses else None
    if event.type in ENGAGEMENT:
        return "delivered"  # whoever opened it has it, even if SES never said so
    return LEDGER_STATE.get(event.type)


def _ledger_only(send: SendItem, event: MailEvent, now: datetime) -> str:
    state = ledger_state(event)
    if state is None:
        return "counted"
    change = raise_to(send.lead_id, send.send_id, state, now, *_facts(event))
    try:
        base.update(change.item, change.actions, change.condition)
    except ConditionFailed:
        return "repeat"
    return "applied"


def _facts(event: MailEvent) -> list[Action]:
    facts: list[Action] = [SendItem.message_id.set(event.message_id)]
    why = ":".join(part for part in (event.bounce_type, event.sub_type, event.diagnostic) if part)
    # What a lower state gave as its reason is no reason of this one, whichever came first.
    facts.append(SendItem.reason.set(why[:300]) if why else SendItem.reason.remove())
    return facts


def _lead_writes(lead_id: str, send: SendItem | None, event: MailEvent, now: datetime) -> list[Write]:
    if event.type in ENGAGEMENT and not _is_engagement(send, event):
        return []
    stop = event.suppresses
    type_ = ENGAGEMENT.get(event.type) or {"hard_bounce": "mail_bounced", "complaint": "mail_complained"}.get(
        stop or ""
    )
    state = find_state(lead_id) if type_ else None
    if type_ is None or state is None:
        return []
    writes: list[Write] = [transaction.put_new(activity_item(_activity(lead_id, type_, send, event)))]
    if send is not None and event.type in ENGAGEMENT:
        counter = SendItem.opens if event.type == "Open" else SendItem.clicks
        writes.append(Update(SendItem(send.pk, send.sk), [counter.add(1)]))
    if stop is not None and _STRENGTH[stop] > _STRENGTH.get(state.blocked or "", 0):
        writes.append(Update(state_key(lead_id), [StateItem.blocked.set(stop)], as_it_was(state, ())))
        writes.append(Put(suppression_item(state.address_key, stop, now)))
    if stop == "complaint":
        gone = Evidence(lead_id, event.at, "withdrawn", "complaint", tuple(sorted(state.topics)), reference=event.key)
        writes.append(Put(consent_item(gone, event.key)))
    return writes


def _is_engagement(send: SendItem | None, event: MailEvent) -> bool:
    """Confirming or leaving is no interest in the product; and the link holds a token that the log must not keep."""
    return not (send is not None and send.purpose == "notice") and not is_ours(event.link or "")


def _activity(lead_id: str, type_: str, send: SendItem | None, event: MailEvent) -> Activity:
    about = {
        "send": send.send_id if send else None,
        "template": send.template if send else None,
        "sequence": send.sequence if send else None,
        "link": event.link,
        "detail": event.sub_type,
    }
    return Activity(lead_id, type_, event.at, event.key, {name: value for name, value in about.items() if value})
