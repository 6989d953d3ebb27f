"""Rebuilds expired stream records from the table: log and ledger are the source of truth, the stream is a copy.

The items are handed to the same function as stream records. It decides by itself what is new: a score that is right
is not written again, a domain event keeps its id, an opt-in email that has begun is not begun again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sodate.errors import Conflict
from sodate.messages import Message

from sodate_cli.stream_span import Record

#: An item carries the time at which its writer decided; it arrived in the stream a little later.
_AROUND = timedelta(minutes=10)


@dataclass(frozen=True)
class Window:
    begin: datetime
    end: datetime

    def holds(self, moment: str | None) -> bool:
        if moment is None:
            return False
        return self.precedes(moment) and datetime.fromisoformat(moment) <= self.end + _AROUND

    def precedes(self, moment: str) -> bool:
        """`moment` is in the window or after it."""
        return self.begin - _AROUND <= datetime.fromisoformat(moment)


#: Edge → kinds of items. Each profile stands for its lead: a changed profile makes `scoring` fold the whole log anew.
KINDS = {"Scoring": ("profile",), "EventPublisher": ("submission", "consent", "signal", "send")}
#: What a redrive says of it.
NOTES = {
    "Scoring": Message("every lead's score was folded anew from its log"),
    "EventPublisher": Message(
        "posts, consents, signals and settled sends of that time were published again, under their own"
        " ids, and planned opt-in emails put on the queue; changes of phase, rank and sequence runs of that time"
        " were not."
        " Nothing was counted: run `sodate kpi verify`"
    ),
}


def lost_records(client: Any, table: str, edge: str, windows: Sequence[Window]) -> Iterator[Record]:
    """By a scan: the place in the stream does not say whose records they were. Raises `Conflict` for another edge."""
    if edge not in KINDS:
        raise Conflict(Message("older than the stream keeps records, and nothing in the table says what they were"))
    names = {f":k{number}": {"S": kind} for number, kind in enumerate(KINDS[edge])}
    pages = client.get_paginator("scan").paginate(
        TableName=table, FilterExpression=f"kind IN ({', '.join(names)})", ExpressionAttributeValues=names
    )
    for number, item in enumerate(item for page in pages for item in page["Items"]):
        if edge == "Scoring" or _is_lost(item, windows):
            yield _record(item, number, "MODIFY" if edge == "Scoring" else "INSERT")


def _is_lost(item: dict[str, Any], windows: Sequence[Window]) -> bool:
    def text(name: str) -> str | None:
        return (item.get(name) or {}).get("S")

    if text("kind") == "consent" and text("action") == "requested":
        # A request that is renewed has a later time, and is announced only once.
        return any(window.precedes(str(text("at"))) for window in windows)
    if text("kind") != "send":
        return any(window.holds(text("at")) for window in windows)
    if text("purpose") == "transactional" and text("state") == "planned":
        return True  # whenever: it waits for nothing but its message
    return any(window.holds(text("settled_at")) for window in windows)


def _record(item: dict[str, Any], number: int, name: str) -> Record:
    keys = {key: item[key] for key in ("pk", "sk")}
    return {
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "dynamodb": {"Keys": keys, "NewImage": item, "SequenceNumber": f"rebuilt-{number}"},
    }
