"""Counts every lead into a fold: for a report that an operator starts, never for a request or a schedule.

It reads the whole table in parallel segments, eventually consistent, and keeps one lead per segment in memory.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import groupby
from typing import Protocol, Self, TypeVar

from sodate.activities.store import ActivityItem, from_image, is_copy
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, TableItem, decode, plain, values
from sodate.errors import Invalid
from sodate.leads.contact_state import ContactState, id_of
from sodate.leads.store import StateItem, to_state
from sodate.messages import Message
from sodate.reports.lead_record import LeadRecord, LogFold, Span, by_people
from sodate.reports.sales import SignalFigures
from sodate.scoring.store import ScoreItem, snapshot_of
from sodate.signals.store import SignalItem

SEGMENTS = 8
F = TypeVar("F", bound=LogFold)


class Mergeable(Protocol):
    def merge(self, other: Self) -> None: ...


M = TypeVar("M", bound=Mergeable)


def fold_leads(span: Span, empty: Callable[[], F]) -> F:
    """Raises: `Invalid` for a lead whose items cannot be read."""

    def count(fold: F, pk: str, rows: list[Row]) -> None:
        fold.count(record_of(rows, span))

    return fold_partitions((ActivityItem, ScoreItem, SignalItem, StateItem), empty, count)


def fold_partitions(
    only: Sequence[type[TableItem]], empty: Callable[[], M], count: Callable[[M, str, list[Row]], None]
) -> M:
    """Counts the items of these kinds into a fold, one partition after the other.

    Raises: `Invalid` for a partition that cannot be read.
    """
    in_use = table.used()

    def fold_segment(segment: int) -> M:
        in_use.use()
        fold = empty()
        rows = table.scan_rows(None, segment, SEGMENTS, only=only)
        for pk, group in groupby(rows, key=lambda row: str(row["pk"]["S"])):
            try:
                count(fold, pk, list(group))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise Invalid(
                    Message("{pk} has an item that cannot be read: {error!r}", pk=pk[:80], error=error), "item"
                ) from error
        return fold

    total = empty()
    with ThreadPoolExecutor(SEGMENTS) as pool:
        for part in pool.map(fold_segment, range(SEGMENTS)):
            total.merge(part)
    return total


def record_of(items: list[Row], span: Span) -> LeadRecord:
    """The log is in the order of its sort keys, as the scan returns it. Copies that a merge made count where they are
    from.
    """
    logged = [row for row in items if row["sk"]["S"].startswith(keys.ACTIVITIES) and not is_copy(row)]
    log = [from_image(plain({"M": row})) for row in logged]
    score = next((row for row in items if row["sk"]["S"] == keys.SCORE), None)
    stored = values(ScoreItem, score) if score is not None else {}
    state = next((row for row in items if row["sk"]["S"] == keys.STATE), None)
    signals = [_signal(row) for row in items if row["sk"]["S"].startswith(keys.SIGNALS)]
    return LeadRecord(
        log=by_people(log, span),
        phase=stored.get("phase"),
        stage=stored.get("stage"),
        segments=frozenset(snapshot_of(score).facts.facts.segments) if score is not None else frozenset(),
        signals=tuple(one for one in signals if span.has(one.at)),
        began=tuple(_began(to_state(state), span)) if state is not None else (),
    )


def _began(state: ContactState, span: Span) -> Iterator[str]:
    for name, enrollment in state.enrollments.items():
        if span.has(datetime.fromisoformat(enrollment.since)):
            yield id_of(name)


def _signal(row: Row) -> SignalFigures:
    item = decode(SignalItem, row)
    entries = item.feedback_entries.as_dict()
    latest = entries.get(item.feedback_key, {}) if item.feedback_key else {}
    answered = [str(one["at"]) for one in entries.values() if one.get("at")]
    return SignalFigures(
        at=datetime.fromisoformat(item.at),
        owner=item.assigned_to,
        feedback=item.feedback,
        answered_at=datetime.fromisoformat(min(answered)) if answered else None,
        reason=str(latest.get("reason") or ""),
        escalation_level=int(item.escalation_level or 0),
    )
