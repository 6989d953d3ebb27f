"""Blocks an address after repeated transient bounces, until the lead confirms it again.

The lead's ledger is the only counter. An out-of-office reply is a transient bounce too, but its email was delivered,
and `delivered` ranks above `soft_bounced` in the ledger.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from sodate.activities.store import contact_changed
from sodate.dynamodb import keys
from sodate.dynamodb.table import Put, Write
from sodate.email.ledger.store import SendItem
from sodate.email.mailing import SoftBounces
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.store import state_change

#: Sends in these states never left, so they are ignored. A send that left and has no report counts in the window.
_NEVER_LEFT = frozenset({"planned", "sending", "skipped", "failed", "unknown", "rejected"})


def is_soft_bouncing(states: Iterable[str], rule: SoftBounces) -> bool:
    """`states` of the ledger, newest first. The latest delivery ends the count."""
    bounces = 0
    for state in islice((state for state in states if state not in _NEVER_LEFT), rule.of_last):
        if state == "delivered":
            return False
        bounces += state == "soft_bounced"
        if bounces == rule.limit:
            return True
    return False


def soft_bounce_writes(
    state: ContactState, sends: Sequence[SendItem], rule: SoftBounces, bounced: datetime
) -> list[Write]:
    """Writes that block a lead after a transient bounce, which was at `bounced`.

    Empty below the limit or when the lead is blocked already. `sends`: oldest first, including the bounce
    (`email.ledger.store.sends_of` after `raise_to`). The write fails with `ConditionFailed` when the block changed
    meanwhile: then read the state again.
    """
    is_blocked = not state.can_be_blocked_by(Block.SOFT_BOUNCES)
    if is_blocked or not is_soft_bouncing((send.state for send in reversed(sends)), rule):
        return []
    activity = contact_changed(state.lead_id, Block.SOFT_BOUNCES, bounced, keys.stamp(bounced))
    return [state_change(state, state.block(Block.SOFT_BOUNCES)), Put(activity)]
