"""A person lifts a block that mail systems caused. What the lead or the law decided, no operator lifts.

Evidence says who did it and why; the topics stay as they are, so only what was confirmed is mailed again.
"""

from collections.abc import Sequence
from datetime import datetime

from sodate.activities.activity import activity_key
from sodate.activities.store import contact_changed
from sodate.consent.consent import Evidence
from sodate.consent.store import ConsentItem, consent_item, consents_of, lift_bounce, suppression_of
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import Conflict, Invalid
from sodate.leads.contact_state import LIFTED_BY_OPERATOR, Block, ContactState
from sodate.leads.store import load_state, no_opt_out_since, state_change
from sodate.leads.text import one_line
from sodate.messages import Message

#: Characters of the reason: fewer say nothing to an auditor.
_SHORTEST, _LONGEST = 5, 200
#: Methods of evidence by which only the person itself agrees.
_BY_THE_PERSON = ("form", "double_opt_in", "preference_page", "undo")
_WHY_NEVER: dict[str, str] = {
    Block.COMPLAINT: Message("the person complained; nothing lifts that"),
    Block.ERASED: Message("the person was erased"),
    Block.UNSUBSCRIBED: Message("the person opted out, of everything or of a topic, and has not agreed again since"),
    Block.MERGED: Message("the lead was merged into another one; look at that one"),
    Block.NO_ADDRESS: Message("the lead has no address; an import that brings one lifts it"),
    Block.SUPPRESSED: Message(
        "SES does not deliver to this address; the block stays after it was taken off SES's list too"
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
    block = _liftable(state, consents_of(lead_id))
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


def _liftable(state: ContactState, evidence: Sequence[ConsentItem]) -> str:
    """The block that may be lifted.

    A bounce takes the place of an opt-out in the state, and of what else the person ended in a merge or an import only
    the time or the evidence is left. So whoever ended anything is unblocked only after a later yes of their own.

    Raises: `Conflict`.
    """
    if state.blocked is None:
        raise Conflict(Message("the lead is not blocked"))
    if state.blocked not in LIFTED_BY_OPERATOR:
        raise Conflict(_why_never(state.blocked))
    ended = max([state.opted_out_at or "", *(one.at for one in evidence if one.action == "withdrawn")])
    agreed = max(["", *(one.at for one in evidence if one.action == "confirmed" and one.method in _BY_THE_PERSON)])
    if ended and ended >= agreed:
        raise Conflict(_why_never(Block.UNSUBSCRIBED))
    return str(state.blocked)


def _why_never(block: str) -> str:
    default = Message("{block}: the address itself is doubtful; the person can give another one", block=block)
    return Message("this block stays: {why}", why=_WHY_NEVER.get(block, default))
