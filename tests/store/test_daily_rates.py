"""Daily counters: added up over seven days, one sender beside the other, gone after sixty days."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sodate.dynamodb import keys, table
from sodate.email.reputation import rates
from sodate.email.reputation.guards import Counts
from sodate.email.reputation.store import RateItem

from tests.support.tables import moto_table

NOW = datetime(2026, 11, 24, 23, 59, tzinfo=UTC)


@pytest.fixture(autouse=True)
def empty_table() -> Iterator[None]:
    with moto_table("sodate-rates"):
        yield


def test_batches_add_up_and_only_seven_days_count() -> None:
    for days, counts in ((7, Counts(9, 9, 9)), (6, Counts(100, 1, 0)), (0, Counts(10, 0, 1)), (0, Counts(5, 2, 0))):
        rates.record(counts, NOW - timedelta(days=days))

    assert rates.recent(NOW) == Counts(115, 3, 1)
    assert rates.recent(NOW + timedelta(days=1)) == Counts(15, 2, 1)
    assert rates.recent(NOW, "other") == Counts()


def test_a_gap_of_weeks_brings_no_old_days_back() -> None:
    rates.record(Counts(delivered=1), NOW - timedelta(days=30))

    assert rates.recent(NOW) == Counts()


def test_nothing_to_count_writes_nothing_and_what_is_written_ends() -> None:
    rates.record(Counts(), NOW)
    assert table.query(RateItem, keys.rates("default")) == []
    rates.record(Counts(delivered=1), NOW)
    (item,) = table.query(RateItem, keys.rates("default"))
    assert int(item.ttl) == int((NOW + timedelta(days=60)).timestamp())
