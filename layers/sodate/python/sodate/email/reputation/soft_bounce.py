"""An address that refuses mail for a while, again and again, is not mailed any more until somebody confirms it anew.

The lead's own ledger is the count: nothing else to write or to lose. An out-of-office reply is a transient bounce too,
but its mail was delivered, and `delivered` outranks `soft_bounced` there.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

from sodate.consent.consent import SOFT_BOUNCES
from sodate.dynamodb.transaction import Update, Write
from sodate.email.delivery.store import SendItem
from sodate.email.mailing import SoftBounces
from sodate.leads.lead import State
from sodate.leads.store import StateItem, as_it_was, state_key

#: These never left, so they say nothing about the address. One that did and was never heard of again takes a place.
_NEVER_LEFT = frozenset({"planned", "sending", "skipped", "failed", "unknown", "rejected"})


def is_soft_bouncing(states: Iterable[str], rule: SoftBounces) -> bool:
    """`states` of the ledger, newest first. A delivery ends the count."""
    bounces = 0
    for state in islice((state for state in states if state not in _NEVER_LEFT), rule.of_last):
        if state == "delivered":
            return False
        bounces += state == "soft_bounced"
        if bounces == rule.limit:
            return True
    return False


def soft_bounce_writes(state: State, sends: Sequence[SendItem], rule: SoftBounces) -> list[Write]:
    """What stops a lead after a transient bounce; nothing while the policy bears it or when it is stopped already.

    `sends` oldest first, with the bounce already folded in (`mail.store.sends_of` after `raise_to`). The write fails
    with `ConditionFailed` when the block changed meanwhile: then look again.
    """
    if state.blocked is not None or not is_soft_bouncing((send.state for send in reversed(sends)), rule):
        return []
    return [Update(state_key(state.lead_id), [StateItem.blocked.set(SOFT_BOUNCES)], as_it_was(state, ()))]
