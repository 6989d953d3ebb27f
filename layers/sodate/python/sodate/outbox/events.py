"""The table's stream is the outbox: events are derived from item changes, so every written change is published.

The event id is derived from the item's key and new state: a redelivered record gives the same event again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sodate.dynamodb import keys
from sodate.email.delivery.message import TransactionalSend
from sodate.email.ledger.states import EXCEPTIONAL
from sodate.errors import Invalid
from sodate.leads.contact_state import about_enrollment

Image = Mapping[str, Any]

_ROUTINE = frozenset({("SendSettled", "delivered"), ("ScenarioLeft", "completed")})


@dataclass(frozen=True)
class DomainEvent:
    detail_type: str
    detail: dict[str, Any]


def outgoing(old: Image | None, new: Image | None, *, routine: bool = True) -> list[DomainEvent | TransactionalSend]:
    """Events of one change, and the planned transactional email, for the send queue.

    `old` and `new`: plain values, not DynamoDB JSON. Items of internal kinds give no event.

    `routine`: include events of the normal case (email delivered, scenario completed), at one dollar per million.
    Failures are always events.

    Raises: `Invalid` for an item that cannot be read: it must not block the shard for the retention of the stream.
    """
    if not new or not str(new.get("pk", "")).startswith(keys.lead("")) or new.get("kind") not in _RULES:
        return []
    try:
        outputs = _RULES[new["kind"]](old or {}, new)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"the {new['kind']} item {new['sk']} cannot be read: {error!r}", "item") from error
    return outputs if routine else [out for out in outputs if not _is_routine(out)]


def _is_routine(out: DomainEvent | TransactionalSend) -> bool:
    if not isinstance(out, DomainEvent):
        return False
    return (out.detail_type, out.detail.get("state") or out.detail.get("reason")) in _ROUTINE


def _event(name: str, new: Image, **facts: Any) -> DomainEvent:
    # The version distinguishes equal changes: a lead may enter the same phase twice.
    return _identified(name, new, repr(sorted(facts.items())), facts)


def _once(name: str, new: Image, **facts: Any) -> DomainEvent:
    """Event of an item's creation, whose id does not depend on its content, which may change later."""
    return _identified(name, new, "once", facts)


def _identified(name: str, new: Image, what: str, facts: Mapping[str, Any]) -> DomainEvent:
    lead_id = keys.lead_id_of(new["pk"])
    fingerprint = "\x1f".join([name, new["pk"], new["sk"], str(new.get("version")), what])
    event_id = hashlib.sha256(fingerprint.encode()).hexdigest()[:32]
    present = {key: value for key, value in facts.items() if value is not None}
    return DomainEvent(name, {"version": "1", "event_id": event_id, "lead_id": lead_id, **present})


def _submission(old: Image, new: Image) -> list[DomainEvent | TransactionalSend]:
    if old:
        return []
    submission_id = new["sk"].removeprefix(keys.SUBMISSIONS)
    return [_event("LeadCaptured", new, form=new["form_id"], submission_id=submission_id, at=new["at"])]


def _consent(old: Image, new: Image) -> list[DomainEvent | TransactionalSend]:
    if old or new["action"] == "unblocked":  # evidence of an operator; no consent has changed
        return []
    facts = {"action": new["action"], "method": new["method"], "topics": list(new.get("topics", [])), "at": new["at"]}
    events: list[DomainEvent | TransactionalSend] = [_once("ConsentChanged", new, form=new.get("form_id"), **facts)]
    if (new["method"], new["action"]) == ("import", "confirmed"):
        events.append(_imported(new))
    return events


def _imported(new: Image) -> DomainEvent:
    """A row with a consent is a lead like that of a form; its `form` names the import, which no form's id can."""
    import_id, _, line = str(new.get("reference") or "").partition(":")
    return _once("LeadCaptured", new, form=f"import:{import_id}", submission_id=line or "-", at=new["at"])


def _score(old: Image, new: Image) -> list[DomainEvent | TransactionalSend]:
    events: list[DomainEvent | TransactionalSend] = []
    total = int(new["total"])
    if new["phase"] != old.get("phase"):
        events.append(_event("LeadPhaseChanged", new, phase=new["phase"], was=old.get("phase"), total=total))
    if new["rank"] != old.get("rank", "C3"):
        events.append(_event("LeadRankChanged", new, rank=new["rank"], was=old.get("rank"), total=total))
    return events


def _enrollments(old: Image, new: Image) -> list[DomainEvent | TransactionalSend]:
    """Entered, completed, or left: a scenario by a goal or exit, a sequence when the lead may no longer be emailed."""
    before, after = old.get("enrollments") or {}, new.get("enrollments") or {}
    blocked = new.get("blocked") if new.get("blocked") != old.get("blocked") else None
    events: list[DomainEvent | TransactionalSend] = []
    for sequence, enrollment in after.items():
        was = before.get(sequence, {})
        facts = {**about_enrollment(sequence), "enrollment": enrollment["id"]}
        if was.get("id") != enrollment["id"]:
            events.append(_event("ScenarioEntered", new, **facts, scenario_version=int(enrollment["v"])))
        elif enrollment["step"] >= enrollment["n"] > was["step"]:
            events.append(_event("ScenarioLeft", new, **facts, reason=enrollment.get("end", "completed")))
        elif blocked and "m" not in enrollment and enrollment["step"] < enrollment["n"]:
            events.append(_event("ScenarioLeft", new, **facts, reason=blocked))
    return events


def _send(old: Image, new: Image) -> list[DomainEvent | TransactionalSend]:
    if new["purpose"] == "transactional" and not old and new["state"] == "planned":
        return [TransactionalSend(keys.lead_id_of(new["pk"]), new["sk"].removeprefix(keys.SENDS))]
    if new["state"] in EXCEPTIONAL | {"delivered"} and new["state"] != old.get("state"):
        facts = {"send_id": new["sk"].removeprefix(keys.SENDS), "state": new["state"], "purpose": new["purpose"]}
        name = new.get("sequence")
        scenario = about_enrollment(name) if name else {}
        origin = {**scenario, "template": new.get("template"), "reason": new.get("reason")}
        return [_event("SendSettled", new, at=new.get("settled_at"), **facts, **origin)]
    return []


def _signal(old: Image, new: Image) -> list[DomainEvent | TransactionalSend]:
    if old:
        return []
    facts = {"signal": new["sk"], "total": int(new["total"]), "phase": new["phase"], "at": new["at"]}
    return [_event("LeadBecameHot", new, rules_version=int(new["rules_version"]), **facts)]


def _activity(old: Image, new: Image) -> list[DomainEvent | TransactionalSend]:
    """Segments entered and left. A back-fill writes no activity, so it gives no event."""
    if old or new["type"] not in ("segment_entered", "segment_left"):
        return []
    facts = {"segment": new["about"]["segment"], "at": new["at"]}
    if new["type"] == "segment_entered":
        return [_once("SegmentEntered", new, **facts)]
    return [_once("SegmentLeft", new, **facts)]


_RULES = {
    "activity": _activity,
    "submission": _submission,
    "consent": _consent,
    "state": _enrollments,
    "score": _score,
    "send": _send,
    "signal": _signal,
}
