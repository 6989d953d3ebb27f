"""Everything that is stored about one lead, as one document: every item of its partition, and what names it elsewhere.

The document is for the person: each part says in Japanese and English what it is. Ids of others are not in it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sodate.campaigns.store import memberships
from sodate.dynamodb import keys
from sodate.dynamodb.item import Row, plain
from sodate.errors import NotFound
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.privacy.find import LeadData, find_lead_data, kind_of
from sodate.privacy.places import OTHER_PLACES, PLACES, OnErasure, Place, place_of
from sodate.tracking.forget import visits_of_lead

FORMAT = "sodate.lead_export.v1"
#: Attributes that are JSON texts in the table; in an export they are read.
_JSON = (
    "answers",
    "source",
    "reasons",
    "latest",
    "calls",
    "data",
    "windows",
    "facts_json",
    "state_json",
    "totals",
    "before",
)
#: A key of the table and its kind; what they say is said by the other attributes.
_TECHNICAL = ("pk", "kind")


@dataclass(frozen=True)
class LeadExport:
    """`document`: JSON values only."""

    lead_id: str
    document: dict[str, Any]


def export_lead(lead_id: str, definitions: Definitions, now: datetime) -> LeadExport:
    """Raises: `NotFound` for a lead of which nothing is stored."""
    data = find_lead_data(lead_id, definitions)
    if not data.own:
        raise NotFound(Message("lead {lead_id} does not exist (any more)", lead_id=lead_id))
    merged = [_all_parts(find_lead_data(one, definitions), definitions) for one in data.merged]
    document = {
        "format": FORMAT,
        "lead_id": lead_id,
        "exported_at": keys.stamp(now),
        "parts": _all_parts(data, definitions),
        "merged": merged,
        "not_listed": [_described(place) for place in PLACES if _is_not_listed(place)],
        "outside_of_the_table": [{"id": o.id, "ja": o.ja, "en": o.en} for o in OTHER_PLACES],
    }
    return LeadExport(lead_id, document)


def _all_parts(data: LeadData, definitions: Definitions) -> list[dict[str, Any]]:
    """With what the rooms of tracking and campaigns know of the lead."""
    members = memberships(data.lead_id, definitions.newest_versions("campaign"))
    beside: dict[str, list[dict[str, Any]]] = {
        "session": visits_of_lead(data.lead_id),
        "campaignmember": [{"campaign": name, "status": one.status.value} for name, one in members.items()],
    }
    parts = [{**_described(place_of(kind)), "items": items} for kind, items in beside.items() if items]
    return [*_parts(data), *parts]


def _parts(data: LeadData) -> list[dict[str, Any]]:
    """In the order of the declarations, so that the profile comes first; kinds of a newer release come last."""
    order = {place.kind: number for number, place in enumerate(PLACES)}
    rows = sorted((*data.own, *data.elsewhere), key=lambda row: (order.get(kind_of(row), len(order)), kind_of(row)))
    groups = groupby(rows, key=kind_of)
    return [{**_described(place_of(kind)), "items": [readable(row) for row in group]} for kind, group in groups]


def _described(place: Place) -> dict[str, Any]:
    described = {"kind": place.kind, "ja": place.ja, "en": place.en}
    return {**described, "kept_after_erasure": place.why} if place.why else described


def _is_not_listed(place: Place) -> bool:
    """It may hold the lead's id or a keyed hash, and is not found by it; said instead of hidden."""
    return bool(place.ja) and place.on_erasure in (OnErasure.KEPT, OnErasure.EXPIRES)


def readable(row: Row) -> dict[str, Any]:
    """The item with plain values; JSON texts are read, times of expiry are dates."""
    item = {name: _value(name, plain(value)) for name, value in sorted(row.items()) if name not in _TECHNICAL}
    return {("id" if name == "sk" else name): value for name, value in item.items()}


def _value(name: str, value: Any) -> Any:
    if name == "ttl":
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d}"
    if name in _JSON and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    # What is binary is readable neither for a person nor in JSON.
    return f"({len(value)} bytes)" if isinstance(value, (bytes, bytearray)) else value
