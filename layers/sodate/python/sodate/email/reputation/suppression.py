"""Imports SES's account suppression list once a day: addresses to which SES does not deliver are blocked.

SES accepts email to such an address, counts it against the quota and drops it. The other direction needs no code: our
configuration set makes SES add every hard bounce and complaint to its list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from sodate.activities.store import contact_changed
from sodate.consent.store import suppression_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.email.reputation.store import keep_sync_position, sync_position
from sodate.errors import Transient
from sodate.leads.address import parse_reported_address
from sodate.leads.contact_state import Block
from sodate.leads.store import find_state, owner_of, state_change
from sodate.messages import Message

#: Addresses per call of ListSuppressedDestinations; SES allows up to 1,000.
PAGE_SIZE = 1000
#: Maximum pages per run. Looking up the addresses of a page takes some seconds; the next runs finish a longer list.
MOST_PAGES = 8
#: Runs overlap, because SES's list may show an entry late; blocking an address twice has no further effect.
_OVERLAP = timedelta(hours=1)
_TOKEN_IS_OVER = {"InvalidNextTokenException", "BadRequestException"}
_FROM_THE_BEGINNING = datetime(2010, 1, 1, tzinfo=UTC)


class AccountList(Protocol):
    def list_suppressed_destinations(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Synced:
    listed: int
    blocked: int


def sync(ses: AccountList, address_key: Callable[[str], str], now: datetime) -> Synced:
    """Read new entries and block their leads.

    Raises: `Transient` when SES or the table is not available; the next run continues at the same position.
    """
    position = sync_position()
    since, token = (position.until, position.token) if position else (keys.stamp(_FROM_THE_BEGINNING), None)
    begun = position.begun if position and token else keys.stamp(now)
    listed = blocked = 0
    for _ in range(MOST_PAGES):
        addresses, token = _page(ses, datetime.fromisoformat(since) - _OVERLAP, token)
        listed += len(addresses)
        blocked += sum(_block(address_key(match), now) for a in addresses if (match := parse_reported_address(a)))
        until = since if token else begun
        keep_sync_position(until, token, begun)
        if token is None:
            break
    return Synced(listed, blocked)


def _page(ses: AccountList, since: datetime, token: str | None) -> tuple[list[str], str | None]:
    request: dict[str, Any] = {"StartDate": since, "PageSize": PAGE_SIZE, **({"NextToken": token} if token else {})}
    try:
        page = ses.list_suppressed_destinations(**request)
    except ClientError as error:
        if token and error.response.get("Error", {}).get("Code") in _TOKEN_IS_OVER:
            return _page(ses, since, None)
        raise Transient(Message("SES does not show its suppression list")) from error
    except BotoCoreError as error:
        raise Transient(Message("SES does not show its suppression list: {name}", name=type(error).__name__)) from error
    addresses = [str(entry["EmailAddress"]) for entry in page.get("SuppressedDestinationSummaries", [])]
    return addresses, str(page["NextToken"]) if page.get("NextToken") else None


def _block(address_key: str, now: datetime) -> bool:
    """True when this blocks a lead. A lead that is blocked for a stronger reason keeps that reason."""
    lead_id = owner_of(address_key)
    state = find_state(lead_id) if lead_id else None
    if state is None or not state.can_be_blocked_by(Block.SUPPRESSED):
        return False
    stop = state_change(state, state.block(Block.SUPPRESSED))
    try:
        activity = contact_changed(state.lead_id, Block.SUPPRESSED, now, keys.stamp(now))
        table.commit([stop, Put(suppression_item(address_key, Block.SUPPRESSED, now)), Put(activity)])
    except ConditionFailed:
        return False  # blocked or erased concurrently; the next run's overlap checks it again
    return True
