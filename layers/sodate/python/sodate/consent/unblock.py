"""A person lifts a block that mail systems caused. What the lead or the law decided, no operator lifts.

Evidence says who did it and why; the topics stay as they are, so only what was confirmed is mailed again.
"""

from datetime import datetime

from sodate.activities.activity import activity_key
from sodate.activities.store import contact_changed
from sodate.consent.consent import Evidence
from sodate.consent.store import consent_item, lift_bounce, suppression_of
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import Conflict, Invalid
from sodate.leads.contact_state import LIFTED_BY_OPERATOR, Block, ContactState
from sodate.leads.store import load_state, no_opt_out_since, state_change
from sodate.leads.text import one_line
from sodate.messages import Message

#: Characters of the reason: fewer say nothing to an auditor.
_SHORTEST, _LONGEST = 5, 200
_WHY_NEVER: dict[str, str] = {
    Block.COMPLAINT: Message("the person complained; nothing lifts that"),
    Block.ERASED: Message("the person was erased"),
    Block.UNSUBSCRIBED: Message("the person opted out; only a new opt-in by the person lifts that"),
    Block.MERGED: Message("the lead was merged into another one; look at that one"),
    Block.NO_ADDRESS: Message("the lead has no address; an import that brings one lifts it"),
    Block.SUPPRESSED: Message(
        "SES does not deliver to this address; when it is taken off SES's list, the block ends by itself"
    ),
}


def unblock(lead_id: str, because: str, person: str | None, now: datetime) -> str:
    """Lift the block of hard or soft bounces. Returns the block that there was.

    `because` says why, for an auditor; `person`: who does it, None when AWS does not say.

    Raises: `Invalid` for a short reason; `Conflict` for a lead that is not blocked, whose block no operator lifts, or
    that changed concurrently; `NotFound` for an unknown lead.
    """
    words = one_line(because)[:_LONGEST]
    if len(words) < _SHORTEST:
        raise Invalid(
            Message(
                "say why, in {shortest} characters or more: who found out that the address works, and how",
                shortest=_SHORTEST,
            )
        )
    state = load_state(lead_id)
    block = _liftable(state)
    evidence = Evidence(
        lead_id, now, "unblocked", "operator", (), reference=block, note=f"{words} (by {person or 'unknown'})"
    )
    item = consent_item(evidence, activity_key("unblock", block, now.isoformat()))
    change = state_change(state, state.unblock(), state.topics, no_opt_out_since(state))
    writes: list[Write] = [change, Put(item), Put(contact_changed(lead_id, "unblocked", now, item.sk))]
    suppressed = suppression_of(state.address_key)
    if suppressed is not None:
        if suppressed not in LIFTED_BY_OPERATOR:
            raise Conflict(_why_never(suppressed))
        writes.append(lift_bounce(state.address_key))
    try:
        table.commit(writes)
    except ConditionFailed as error:
        raise Conflict(Message("the lead changed in this moment; look at it and try again")) from error
    return block


def _liftable(state: ContactState) -> str:
    """Raises: `Conflict`."""
    if state.blocked is None:
        raise Conflict(Message("the lead is not blocked"))
    if state.blocked not in LIFTED_BY_OPERATOR:
        raise Conflict(_why_never(state.blocked))
    # A bounce hides an opt-out of everything that came before it: no topic is confirmed then.
    if state.opted_out_at is not None and "confirmed" not in state.topics.values():
        raise Conflict(_why_never(Block.UNSUBSCRIBED))
    return str(state.blocked)


def _why_never(block: str) -> str:
    default = Message("{block}: the address itself is doubtful; the person can give another one", block=block)
    return Message("this block stays: {why}", why=_WHY_NEVER.get(block, default))
