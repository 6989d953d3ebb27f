"""Finds what the table holds about one lead, without a scan: its partition, and the items elsewhere whose keys follow
from it. `privacy.places` says which kinds there are.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sodate.calls.store import CallItem
from sodate.companies.store import LeadCompanyItem, leaving
from sodate.dynamodb import keys, privacy_keys, table
from sodate.dynamodb.item import Row, TableItem, decode
from sodate.email.ledger.store import SendItem
from sodate.errors import NotFound
from sodate.playbook.store import Definitions
from sodate.privacy.links import REQUESTS
from sodate.sales.store import reference
from sodate.scoring.store import snapshot_of
from sodate.segments.store import member_write
from sodate.signals.store import SignalItem

Key = tuple[str, str]


@dataclass(frozen=True)
class LeadData:
    """`own`: every item of the lead's partition. `elsewhere`: items of other partitions that name the lead.

    `loads`: (owner, reference) of the lead's signals in the lists of what members of sales have in hand.
    """

    lead_id: str
    own: tuple[Row, ...]
    elsewhere: tuple[Row, ...]
    loads: tuple[tuple[str, str], ...]

    def of_kind(self, kind: str) -> list[Row]:
        return [row for row in self.own if kind_of(row) == kind]

    @property
    def address_key(self) -> str:
        """HMAC of the address; empty for a lead without one, or whose state is gone."""
        return next((row["address_key"]["S"] for row in self.of_kind("state") if "address_key" in row), "")

    @property
    def external(self) -> Mapping[str, str]:
        """Another system → the lead's id there."""
        external_ids = [row["external"]["M"] for row in self.of_kind("profile") if "M" in row.get("external", {})]
        return {source: str(value["S"]) for ids in external_ids for source, value in ids.items() if "S" in value}

    @property
    def merged(self) -> tuple[str, ...]:
        """Ids of the leads that were merged into this one."""
        prefix = privacy_keys.MERGES
        return tuple(sk.removeprefix(prefix) for row in self.own if (sk := key_of(row)[1]).startswith(prefix))


def find_lead_data(lead_id: str, definitions: Definitions) -> LeadData:
    own = tuple(table.rows_of(keys.lead(lead_id)))
    signals = [decode(SignalItem, row) for row in own if kind_of(row) == "signal"]
    wanted = {*_listed(lead_id, own), *_digests(lead_id, signals), *_memberships(lead_id, own, definitions)}
    elsewhere = table.get_many(sorted(wanted), consistent=True)
    waiting = _waiting_entries(lead_id, definitions)
    loads = tuple((signal.assigned_to, reference(lead_id, signal.sk)) for signal in signals if signal.assigned_to)
    return LeadData(lead_id, own, (*elsewhere.values(), *waiting), loads)


def kind_of(row: Row) -> str:
    return str(row["kind"]["S"]) if "kind" in row else ""


def key_of(row: Row) -> Key:
    return row["pk"]["S"], row["sk"]["S"]


def request_key(lead_id: str, what: str) -> Key:
    return privacy_keys.REQUESTS, privacy_keys.privacy_request(lead_id, what)


def _listed(lead_id: str, own: Iterable[Row]) -> Iterator[Key]:
    yield from (request_key(lead_id, what) for what in REQUESTS)
    for row in own:
        if kind_of(row) == "call":
            call = decode(CallItem, row)
            yield keys.OPEN_CALLS, keys.open_call(call.due_at, call.key)
        elif kind_of(row) == "send":
            send = decode(SendItem, row)
            for at in _times_of(send):
                yield keys.unknown_sends(at), send.sk
                yield keys.failed_sends(at), send.sk
        elif kind_of(row) == "leadcompany":
            member = leaving(lead_id, decode(LeadCompanyItem, row).company_id).item
            yield member.pk, member.sk


def _times_of(send: SendItem) -> list[datetime]:
    """A send is listed under the month in which it failed or became unknown, which is one of these."""
    times = (send.planned_at, send.attempted_at, send.sent_at, send.settled_at)
    return [datetime.fromisoformat(at) for at in times if at]


def _digests(lead_id: str, signals: Iterable[SignalItem]) -> Iterator[Key]:
    for signal in signals:
        if signal.digest_at and signal.assigned_to:
            digest = keys.sales_digest(signal.assigned_to, datetime.fromisoformat(signal.digest_at))
            for level in range(int(signal.escalation_level or 0) + 1):
                yield digest, keys.waiting_signal(lead_id, signal.sk, level)


def _memberships(lead_id: str, own: Iterable[Row], definitions: Definitions) -> Iterator[Key]:
    score = next((row for row in own if kind_of(row) == "score"), None)
    segments = {*snapshot_of(score).facts.facts.segments, *_live_segments(definitions)}
    for segment in segments:
        item: TableItem = member_write(lead_id, segment, None).item
        yield item.pk, item.sk


def _live_segments(definitions: Definitions) -> list[str]:
    """An item of a list may outlive a lost SCORE item, so the live segments are looked at as well."""
    try:
        return [str(segment["id"]) for segment in definitions.live("segments").body["segments"]]
    except NotFound:
        return []


def _waiting_entries(lead_id: str, definitions: Definitions) -> list[Row]:
    prefix = privacy_keys.lead_prefix(lead_id)
    scenarios = definitions.newest_versions("sequence")
    return [row for name in scenarios for row in table.rows_of(keys.waiting_entries(name), prefix)]
