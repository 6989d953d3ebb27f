"""Emails of one lead: each send with the reason for its state, and the next steps with what delays them."""

from datetime import datetime
from typing import Any

from sodate.email.delivery.reasons import in_words
from sodate.email.eligibility.caps import cap_reached, limits
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.states import StepRef
from sodate.email.ledger.store import SendItem, sends_of
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState
from sodate.messages import Message, joined
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.decide import due_by_time
from sodate.scenarios.programs import program
from sodate.scenarios.steps import SendStep
from sodate.scenarios.words import step_in_words


def emails(definitions: Definitions, state: ContactState) -> list[dict[str, Any]]:
    """Sends of the ledger, and claimed sends that are not in it yet: in progress at SES, or with unknown outcome."""
    sends = sends_of(state.lead_id)
    lines: list[dict[str, Any]] = [
        {
            "planned": s.planned_at,
            "mail": email_name(s),
            "state": s.state,
            "reason": s.reason,
            "why": _why(s),
            "send": s.send_id,
            "sequence": s.sequence,
            "sequence_version": s.sequence_version and int(s.sequence_version),
            "template_version": s.template_version and int(s.template_version),
        }
        for s in sends
    ]
    known = {send.send_id for send in sends}
    for name, enrollment in state.enrollments.items():
        compiled = program(definitions, name, enrollment.version)
        for number in range(enrollment.step if compiled.is_sequence else 0):
            send_id = StepRef(state.lead_id, name, enrollment.version, number, enrollment.id).send_id
            if send_id not in known:
                why = Message("claimed, no outcome yet: listed as unknown after fifteen minutes without an event")
                lines.append(
                    {"planned": "", "mail": compiled.send_at(number).send, "state": "sending", "reason": None,
                     "why": why,
                     "send": send_id, "sequence": name, "sequence_version": enrollment.version,
                     "template_version": None}
                )  # fmt: skip
    return lines


def next_steps(definitions: Definitions, state: ContactState, now: datetime) -> list[dict[str, str]]:
    """The next step of each enrollment. `due` is UTC, by the minute: `2026-11-24 09:00`; or what the step waits for."""
    lines = []
    mailing = parsed(definitions.live("mailing"), Mailing)
    for name, enrollment in state.enrollments.items():
        compiled = program(definitions, name, enrollment.version)
        if not enrollment.is_complete:
            node = compiled.nodes[enrollment.step]
            begin = enrollment.visit.began if enrollment.visit else datetime.fromisoformat(enrollment.since)
            at = due_by_time(compiled, enrollment.step, begin, state.zone, mailing)
            waits = _waits(state, compiled.topic_of(node.step), mailing, now) if isinstance(node.step, SendStep) else ""
            due = f"{at:%Y-%m-%d %H:%M}" if at else step_in_words(node.step)
            lines.append({"sequence": name, "step": node.id, "due": due, "waits": waits})
    return lines


def email_name(send: SendItem, *, with_reason: bool = False) -> str:
    """Template or name of the email; `with_reason`: and the code of its state, and its attempts."""
    details = [part for part in (send.reason, _about_attempts(send)) if part] if with_reason else []
    name = str(send.template or send.name)
    return joined("", [f"{name} (", joined("; ", details), ")"]) if details else name


def _why(send: SendItem) -> str:
    until = send.waits_until if send.state == "planned" else None
    if until:
        return Message("{reason} (next: {at})", reason=in_words(send.reason), at=until[:16].replace("T", " "))
    return joined("; ", [part for part in (in_words(send.reason), _about_attempts(send)) if part])


def _about_attempts(send: SendItem) -> str:
    """Number of the attempt, and its relation to other attempts of the same email."""
    said: list[str] = []
    if send.attempt is not None:
        said.append(Message("attempt {attempt}", attempt=int(send.attempt)))
    if send.is_double:
        said.append(
            Message("SES reported on it after the next attempt had left: probably this person has the email twice")
        )
    elif send.next_attempt is not None:
        said.append(Message("attempted again, because {evidence}", evidence=send.evidence))
    return joined("; ", said)


def _waits(state: ContactState, topic: str, mailing: Mailing, now: datetime) -> str:
    """What would delay or prevent the next email if it were due now; empty: nothing."""
    never = state.permanent_rejection(topic)
    if never:
        return in_words(never)
    if state.pause_until and datetime.fromisoformat(state.pause_until) > now:
        return Message("{reason} (until {day})", reason=in_words(Reason.PAUSED), day=state.pause_until[:10])
    capped = cap_reached(limits(mailing.caps, topic), state, topic, now)
    if not capped:
        return ""
    return joined("", [in_words(capped[0]), f" ({capped[1]:%Y-%m-%d %H:%M})"])
