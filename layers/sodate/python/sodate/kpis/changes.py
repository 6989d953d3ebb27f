"""Records of the table's stream as changes of the counters."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.store import from_image
from sodate.dynamodb import keys
from sodate.dynamodb.item import plain
from sodate.kpis.contribution import Image, change
from sodate.kpis.counted import COUNTED
from sodate.kpis.delta import Change, Visitor, record_id
from sodate.kpis.web_counts import visitor_of


def changes_of(records: Iterable[Mapping[str, Any]]) -> list[Change]:
    """Only of records that change a counter.

    A redrive after the stream has expired hands over items instead of changes (`sodate_cli.rebuild`). What they change
    was perhaps counted, so they are left out: `sodate kpi verify` finds what is missing, `sodate kpi rebuild` adds it.
    """
    changes = []
    for record in records:
        body = record["dynamodb"]
        if not str(body.get("SequenceNumber", "0")).isdecimal():
            continue
        old, new = _image(body, "OldImage"), _image(body, "NewImage")
        parts, visitor = change(COUNTED, old, new), _new_visitor(old, new)
        if parts or visitor:
            lead = keys.lead_id_of(body["Keys"]["pk"]["S"])
            changes.append(Change(record_id(_event_id(record)), lead, _written(body), parts, visitor))
    return changes


def _new_visitor(old: Image | None, new: Image | None) -> Visitor | None:
    """None too for a visitor whom an earlier change of the session has told of."""
    before, after = _visitor(old), _visitor(new)
    return after if after != before else None


def _visitor(image: Image | None) -> Visitor | None:
    """None for an item that cannot be read, as in `contributions`: one item must not stop the counters."""
    with suppress(KeyError, TypeError, ValueError):
        return visitor_of(image) if image and image.get("kind") == "session" else None
    return None


def new_activities(records: Iterable[Mapping[str, Any]]) -> list[Activity]:
    """Activities that were logged. Those that cannot be read are left out."""
    found = []
    for record in records:
        body = record["dynamodb"]
        raw = body.get("NewImage")
        if raw and raw.get("kind", {}).get("S") == "activity" and "OldImage" not in body:
            with suppress(KeyError, TypeError, ValueError):
                found.append(from_image(plain({"M": raw})))
    return found


def _image(body: Mapping[str, Any], which: str) -> Image | None:
    """None too for an item that is not counted: most of its attributes need not be read."""
    raw = body.get(which)
    return plain({"M": raw}) if raw and raw.get("kind", {}).get("S") in COUNTED else None


def _event_id(record: Mapping[str, Any]) -> str:
    """Unique per record of the stream, and the same in every delivery of it."""
    body = record["dynamodb"]
    at = f"{body['Keys']['pk']['S']}\x1f{body['Keys']['sk']['S']}\x1f{body.get('SequenceNumber')}"
    return str(record.get("eventID") or at)


def _written(body: Mapping[str, Any]) -> datetime | None:
    """Of the record itself, never the time of its delivery: the partition must be the same in every delivery."""
    seconds = body.get("ApproximateCreationDateTime")
    return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)
