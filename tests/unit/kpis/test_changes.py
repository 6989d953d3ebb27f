"""Records of the table's stream become changes of the counters; items of a redrive do not."""

from datetime import UTC, datetime
from typing import Any

from sodate.kpis.changes import changes_of

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def record(number: str) -> dict[str, Any]:
    item = {
        "pk": {"S": "LEAD#L"}, "sk": {"S": "SEND#1"}, "kind": {"S": "send"}, "purpose": {"S": "marketing"},
        "state": {"S": "sent"}, "rank": {"N": "2"}, "planned_at": {"S": "2026-11-24T03:00:00.000Z"},
        "sent_at": {"S": "2026-11-24T03:00:00.000Z"},
    }  # fmt: skip
    body = {
        "Keys": {"pk": item["pk"], "sk": item["sk"]}, "NewImage": item, "SequenceNumber": number,
        "ApproximateCreationDateTime": AT.timestamp(),
    }  # fmt: skip
    return {"eventName": "INSERT", "dynamodb": body}


def test_an_email_that_was_sent_changes_the_counters() -> None:
    (change,) = changes_of([record("1001")])
    assert change.written == AT


def test_an_item_that_a_redrive_rebuilt_was_perhaps_counted_and_is_not_counted_again() -> None:
    assert changes_of([record("rebuilt-12")]) == []
