"""Counters: of accepted and reported emails per ten minutes, of suspect clicks per recipient domain."""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute

from sodate.dynamodb import robots_keys, table
from sodate.dynamodb.item import TableItem, decode
from sodate.dynamodb.table import ConditionFailed

_KEPT = timedelta(days=30)
#: After the last email to the domain that was clicked.
_PRIOR_KEPT = timedelta(days=400)


class CoverageItem(TableItem, discriminator="coverage"):
    accepted = NumberAttribute(default=0)
    reported = NumberAttribute(default=0)


class PriorItem(TableItem, discriminator="prior"):
    clicked = NumberAttribute(default=0)
    suspect = NumberAttribute(default=0)


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


def find_prior(domain: str) -> tuple[int, int]:
    """Emails with clicks, and those whose first one was suspect. Eventually consistent."""
    stored = table.get(robots_keys.robots_of(domain), robots_keys.PRIOR)
    item = decode(PriorItem, stored) if stored else None
    return (int(item.clicked), int(item.suspect)) if item is not None else (0, 0)


def put_prior(domain: str, was: tuple[int, int], becomes: tuple[int, int], now: datetime) -> None:
    """A concurrent count wins: one that is lost changes little."""
    item = PriorItem(robots_keys.robots_of(domain), robots_keys.PRIOR, clicked=becomes[0], suspect=becomes[1])
    item.ttl = int((now + _PRIOR_KEPT).timestamp())
    unchanged = PriorItem.clicked == was[0] if was[0] else PriorItem.clicked.does_not_exist()
    try:
        table.put(item, unchanged)
    except ConditionFailed:
        return
