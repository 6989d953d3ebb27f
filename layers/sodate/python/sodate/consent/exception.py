"""Consent without an opt-in, where the law allows it. Each exception needs a legal reason and an auditable note.

特定電子メール法 3条1項2号–4号, 施行規則 2条–3条: the recipient told us the address (名刺交換), does business with us,
or published the address (for business, and without refusing advertisements). An opt-out ends each of them (3条3項).
"""

from datetime import datetime
from typing import Literal, get_args

from sodate.activities.activity import activity_key
from sodate.activities.store import contact_changed
from sodate.consent.confirm import OnConfirmed
from sodate.consent.consent import Evidence
from sodate.consent.store import consent_item
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.errors import Conflict, Invalid
from sodate.leads.store import enrollments_unchanged, load_state, state_change
from sodate.leads.text import one_line
from sodate.messages import Message

ExceptionReason = Literal["notified_address", "business_relation", "published_address"]
REASONS: tuple[ExceptionReason, ...] = get_args(ExceptionReason)


def record_exception(
    lead_id: str, topic: str, reason: ExceptionReason, note: str, on_confirmed: OnConfirmed, now: datetime
) -> None:
    """Confirm `topic` by a legal exception; it starts the same enrollments as an opt-in.

    `note` says when and where (`名刺交換 2026-11-20 展示会`) for an auditor; 5 to 200 characters are kept.

    Raises: `Invalid` for an unknown reason or a short note; `Conflict` when the lead is blocked, withdrew the topic,
    has consent already, or changed concurrently; `NotFound` for an unknown lead.
    """
    words = one_line(note)[:200]
    if reason not in REASONS or len(words) < 5:
        raise Invalid(Message("an exception needs one of its reasons and a note on when and where"), "exception")
    state = load_state(lead_id)
    if state.blocked is not None:
        raise Conflict(Message("this lead gets no mail: {blocked}", blocked=state.blocked))
    if state.topics.get(topic) in ("confirmed", "withdrawn"):
        raise Conflict(
            Message(
                "the topic {topic} is {topics} by the lead, which counts more than an exception",
                topic=topic,
                topics=state.topics[topic],
            )
        )
    evidence = Evidence(lead_id, now, "confirmed", "exception", (topic,), reference=reason, note=words)
    item = consent_item(evidence, activity_key("exception", topic, reason))
    reaction = on_confirmed(state, None, (topic,), item.sk, now)
    after = state.confirm((topic,)).enroll(reaction.enrollments)
    change = state_change(state, after, (topic,), enrollments_unchanged(state, reaction.enrollments))
    try:
        activity = contact_changed(lead_id, "exception", now, item.sk)
        table.commit([change, Put(item), Put(activity), *reaction.puts])
    except ConditionFailed as error:
        raise Conflict(Message("the lead changed in this moment; look at it and try again")) from error
