"""Counters of accepted and reported emails, per ten minutes."""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute

from sodate.dynamodb import table
from sodate.dynamodb.item import TableItem

_KEPT = timedelta(days=30)


class CoverageItem(TableItem, discriminator="coverage"):
    accepted = NumberAttribute(default=0)
    reported = NumberAttribute(default=0)


def add_to_window(pk: str, sk: str, *, accepted: int = 0, reported: int = 0, at: datetime) -> None:
    counts = [(CoverageItem.accepted, accepted), (CoverageItem.reported, reported)]
    table.update(
        CoverageItem(pk, sk),
        [
            CoverageItem.kind.set(CoverageItem),
            CoverageItem.ttl.set(int((at + _KEPT).timestamp())),
            *(attribute.add(emails) for attribute, emails in counts if emails),
        ],
    )


def windows_of(pk: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Accepted and reported emails by key."""
    return {(item.pk, item.sk): (int(item.accepted), int(item.reported)) for item in table.query(CoverageItem, pk)}
