"""Applies an SES event: a state in the ledger, an activity, and for a hard bounce or complaint a block of the lead.

First the ledger, where the higher rank wins; then all writes on the lead in one transaction, keyed by the event itself.
After a crash between the two, the redelivery completes them; duplicates and any order give the same result. Opens and
clicks have a verdict, and a click may have to come again for it (`record_engagement`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sodate.activities.activity import Activity
from sodate.activities.store import activity_item
from sodate.consent.consent import RETENTION, Evidence
from sodate.consent.links import is_ours
from sodate.consent.retention import review_later
from sodate.consent.store import consent_item, suppression_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.email.content.hidden_link import is_hidden
from sodate.email.delivery.probe import PURPOSE as PROBE
from sodate.email.events.event import ENGAGEMENT, LEDGER_STATE, EmailEvent
from sodate.email.events.record_engagement import Companions, Recorder, Waits, log_by_itself
from sodate.email.events.verdicts import SECOND, Waiting
from sodate.email.ledger.states import RANK, STEP, TO_SALES
from sodate.email.ledger.store import (
    SendItem,
    StillPlanned,
    find_send_eventual,
    fold_event,
    put_unless_settled,
    send_by_message_id,
    sends_of,
    settled_step,
)
from sodate.email.mailing import Mailing, SoftBounces
from sodate.email.reputation.soft_bounce import soft_bounce_writes
from sodate.errors import NotFound, Transient
from sodate.leads.address import parse_reported_address
from sodate.leads.contact_state import TRACKING_OFF, id_of
from sodate.leads.merged import lead_that_stays
from sodate.leads.store import find_state, owner_of, state_change

AddressKey = Callable[[str], str]

_ACTIVITY = 0
_TRIES = 5
#: Twice the timeout of the sender function.
_WRITER_LIVES = timedelta(minutes=3)


@dataclass(frozen=True)
class Policy:
    """From the playbook: when soft bounces block an address, and how long evidence is kept after a withdrawal."""

    soft_bounces: SoftBounces = field(default_factory=SoftBounces)
    retention: timedelta = RETENTION
    waiting: Waiting = field(default_factory=Waiting)

    @classmethod
    def of(cls, mailing: Mailing) -> "Policy":
        robots = mailing.robots
        waiting = Waiting(robots.wait_seconds * SECOND, robots.unsure_counts)
        return cls(mailing.guards.soft_bounces, mailing.retention, waiting)


def apply_event(
    event: EmailEvent,
    address_key: AddressKey,
    policy: Policy,
    now: datetime,
    companions: Companions | None = None,
) -> str | Waits:
    """Returns the outcome: `applied`, `repeat`, `double`, `counted`, `probe` or `unknown_lead`, or when to come again.

    `double`: SES accepted both attempts of this email. `unknown_lead`: no lead of ours, or erased. `companions`: the
    opens and clicks of the same batch.

    Raises:
        Unwritten: the sender may still write the ledger item of this email; the event must be redelivered.
        Transient: the table is not available, or the lead changes too often.
    """
    if event.tags.get("purpose") == PROBE:
        return _probe(event, now)
    lead_id = event.tags.get("lead_id") or _lead_by_address(event, address_key)
    if lead_id is None:
        return "unknown_lead"
    if not _needs_the_send(event):
        return _fold(lead_id, event, now)
    companions = Companions() if companions is None else companions
    try:
        send = companions.latest.get(event.tags.get("send_id", "")) or _find_send(lead_id, event, now)
        folded = _fold(lead_id, event, now, send) if send is not None else "counted"
    except Unwritten:
        if event.suppresses:  # Apply the complaint even when the send record is missing.
            _apply_to_lead(lead_id, None, event, policy, now)
        raise
    if send is not None and send.purpose == "transactional" and send.name in TO_SALES:
        return folded  # the recipient is a sales owner, not the lead
    if event.type in ENGAGEMENT:
        return _together(folded, _engage(lead_id, send, event, policy, companions, now))
    return _together(folded, _apply_to_lead(lead_id, send, event, policy, now))


def _together(folded: str, applied: str | Waits | None) -> str | Waits:
    if isinstance(applied, Waits):
        return Waits(applied.seconds, is_double=folded == "double")
    return folded if folded == "double" else applied or folded


def _probe(event: EmailEvent, now: datetime) -> str:
    if "lead_id" in event.tags and "send_id" in event.tags:
        _fold(event.tags["lead_id"], event, now)
    return "probe"  # not `applied`: applied events count in the daily rates of the guards


def _engage(
    lead_id: str, send: SendItem | None, event: EmailEvent, policy: Policy, companions: Companions, now: datetime
) -> str | Waits | None:
    """None when the event shows no engagement of a lead of ours."""
    if send is not None and send.purpose == "transactional":
        return None  # confirming shows no interest, and its links contain tokens that must not be logged
    state = find_state(lead_id)
    if state is None or state.tracking == TRACKING_OFF:  # also of an email that left before the lead said so
        return None
    activity = _activity(lead_id, ENGAGEMENT[event.type], send, event, now)
    if send is not None:
        return Recorder(event, activity, companions, policy.waiting, now).record(send)
    if is_ours(event.link or "") or is_hidden(event.link or ""):
        return None
    return log_by_itself(event, activity)


def _apply_to_lead(lead_id: str, send: SendItem | None, event: EmailEvent, policy: Policy, now: datetime) -> str | None:
    """None when the event does not concern the lead. A complaint of a merged lead blocks the one that stays too."""
    if event.suppresses == "complaint" and (stays := lead_that_stays(find_state(lead_id))) is not None:
        _apply_to_lead(stays, send, event, policy, now)
    for _ in range(_TRIES):
        writes = _lead_writes(lead_id, send, event, policy, now) or _soft_bounce(lead_id, event, policy)
        if not writes:
            return None
        try:
            _write(writes)
        except ConditionFailed as error:
            if isinstance(writes[0], Put) and _ACTIVITY in error.failed:
                return "repeat"
            continue  # the lead was blocked or erased meanwhile: read it again
        return "applied"
    raise Transient(f"lead {lead_id} changes too fast")


class Unwritten(Transient):
    """The sender may still write the ledger item of this marketing email; the event must be redelivered."""


def _needs_the_send(event: EmailEvent) -> bool:
    """A delivery changes only the ledger: with our tags it is one write without a read."""
    concerns_lead = event.type in ENGAGEMENT or event.type in ("Bounce", "Complaint")
    return concerns_lead or "send_id" not in event.tags or "lead_id" not in event.tags


def _write(writes: list[Write]) -> None:
    """A single new activity needs no transaction, which would cost twice as much."""
    if len(writes) == 1 and isinstance(writes[0], Put):
        table.put(writes[0].item, writes[0].condition)
    else:
        table.commit(writes)


def _lead_by_address(event: EmailEvent, address_key: AddressKey) -> str | None:
    for recipient in event.recipients:
        match = parse_reported_address(recipient)
        lead_id = owner_of(address_key(match)) if match else None
        if lead_id is not None:
            return lead_id
    return None


def _find_send(lead_id: str, event: EmailEvent, now: datetime) -> SendItem | None:
    send_id = event.tags.get("send_id")
    send = find_send_eventual(lead_id, send_id) if send_id else None
    if send is None and send_id and _is_marketing(event) and find_state(lead_id) is not None:
        return _unwritten(lead_id, send_id, event, now)
    return send or send_by_message_id(lead_id, event.message_id)


def _is_marketing(event: EmailEvent) -> bool:
    return event.tags.get("purpose") == "marketing"


def _unwritten(lead_id: str, send_id: str, event: EmailEvent, now: datetime) -> SendItem:
    """A ledger item from the event, for a marketing email without one. Step mails have no tag `name`.

    The sender writes the item right after SES accepts the email. When its time is over, the sender has crashed, and the
    event is the best evidence.

    Raises: `Unwritten` while the sender may still write the item.
    """
    if _may_be_written(event, now):
        raise _not_written(send_id)
    return SendItem(
        keys.lead(lead_id),
        keys.send(send_id),
        purpose="marketing",
        name=event.tags.get("name", STEP),
        state="planned",
        rank=RANK["planned"],
        sequence=event.tags.get("sequence"),
        planned_at=keys.stamp(event.at),
    )


def _may_be_written(event: EmailEvent, now: datetime) -> bool:
    """The sender overwrites the item with the outcome of its SES call, so the event waits until that is done."""
    return now - event.at < _WRITER_LIVES


def _not_written(send_id: str) -> Unwritten:
    return Unwritten(f"the ledger does not know the attempt of send {send_id} yet")


def ledger_state(event: EmailEvent) -> str | None:
    if event.type == "Bounce":
        return "bounced" if event.bounce_type == "Permanent" else "soft_bounced"
    if event.type == "Complaint":
        return "complained" if event.suppresses else None
    if event.type in ENGAGEMENT:
        return "delivered"  # an opened email was delivered, even without a delivery report
    return LEDGER_STATE.get(event.type)


def _fold(lead_id: str, event: EmailEvent, now: datetime, send: SendItem | None = None) -> str:
    """Apply the event's state to the ledger. When `send` shows that it changes nothing, nothing is written."""
    state = ledger_state(event)
    send_id = send.send_id if send is not None else event.tags["send_id"]
    if state is None:
        return "counted"
    if send is not None and (int(send.rank) >= RANK[state] or _adds_nothing(event, send)):
        return "repeat"
    wait_for_sender = _is_marketing(event) and _may_be_written(event, now)
    try:
        return fold_event(lead_id, send_id, state, event.message_id, _why(event), now, wait_for_sender=wait_for_sender)
    except StillPlanned as error:
        raise _not_written(send_id) from error
    except NotFound:
        if not _is_marketing(event) or find_state(lead_id) is None:
            return "unknown_lead"
        return _create(_unwritten(lead_id, send_id, event, now), state, event, now)


def _adds_nothing(event: EmailEvent, send: SendItem) -> bool:
    """An open or click of an email that was sent as usual: its delivery report sets the same state."""
    return event.type in ENGAGEMENT and send.sent_at is not None and send.state in ("sent", "delayed")


def _create(send: SendItem, state: str, event: EmailEvent, now: datetime) -> str:
    settled_step(send, state, None, now)
    send.message_id, send.reason = event.message_id, _why(event)
    return "applied" if put_unless_settled(send) else "repeat"


def _why(event: EmailEvent) -> str | None:
    return ":".join(part for part in (event.bounce_type, event.sub_type, event.diagnostic) if part)[:300] or None


def _lead_writes(lead_id: str, send: SendItem | None, event: EmailEvent, policy: Policy, now: datetime) -> list[Write]:
    stop = event.suppresses
    type_ = {"hard_bounce": "mail_bounced", "complaint": "mail_complained"}.get(stop or "")
    state = find_state(lead_id) if type_ else None
    if type_ is None or state is None:
        return []
    writes: list[Write] = [Put.new(activity_item(_activity(lead_id, type_, send, event, now)))]
    if stop is not None and state.can_be_blocked_by(stop):
        writes.append(state_change(state, state.block(stop)))
        writes.append(Put(suppression_item(state.address_key, stop, now)))
    if stop == "complaint":
        gone = Evidence(lead_id, event.at, "withdrawn", "complaint", tuple(sorted(state.topics)), reference=event.key)
        writes.append(Put(consent_item(gone, event.key, now + policy.retention)))
        writes.append(review_later(lead_id, policy.retention, now))
    return writes


def _soft_bounce(lead_id: str, event: EmailEvent, policy: Policy) -> list[Write]:
    if ledger_state(event) != "soft_bounced":
        return []
    state = find_state(lead_id)
    return soft_bounce_writes(state, sends_of(lead_id), policy.soft_bounces, event.at) if state is not None else []


def _activity(lead_id: str, type_: str, send: SendItem | None, event: EmailEvent, now: datetime) -> Activity:
    about = {
        "send": send.send_id if send else None,
        "template": send.template if send else None,
        "sequence": id_of(send.sequence) if send and send.sequence else None,
        "broadcast": send.broadcast if send else None,
        "link": event.link,
        "detail": event.sub_type,
    }
    about = {name: value for name, value in about.items() if value}
    return Activity(lead_id, type_, event.at, event.key, about, recorded=now)
