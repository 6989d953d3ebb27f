"""Times for people: in the zone of the stage, which is named."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sodate_cli.languages import speaking, words
from sodate_cli.times import Times

TOKYO = Times(ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-11-24T15:30:00.123Z", "2026-11-25 00:30"),
        ("2026-11-24T15:30:00Z", "2026-11-25 00:30"),
        ("2026-11-24 15:30", "2026-11-25 00:30"),
        ("2026-11-24T15", "2026-11-25 00:00"),
        ("2026-11-25T00:30:00+09:00", "2026-11-25 00:30"),
        (datetime(2026, 11, 24, 15, 30, tzinfo=UTC), "2026-11-25 00:30"),
        (None, ""),
        ("", ""),
        ("never", "never"),
    ],
)
def test_a_time_is_shown_in_the_zone(at: str | datetime | None, shown: str) -> None:
    assert TOKYO.shown(at) == shown


def test_the_zone_is_named_in_the_column_or_the_title() -> None:
    assert TOKYO.column("planned") == "planned (Asia/Tokyo)"
    assert TOKYO.title("Failed sends") == "Failed sends (times: Asia/Tokyo)"
    assert Times.utc().column("sent") == "sent (UTC)"


def test_the_name_of_a_column_is_in_the_readers_language() -> None:
    with speaking("ja"):
        assert Times.utc().column("sent") == "送信 (UTC)"
        assert words(Times.utc().title("Quarantine")) == "隔離(時刻: UTC)"


def test_times_within_a_text_are_converted_and_the_rest_stays() -> None:
    text = "told 2026-11-24T02:00Z (200); next: 2026-11-24 23:05, until 2026-12-01"
    assert TOKYO.within(text) == "told 2026-11-24 11:00 (200); next: 2026-11-25 08:05, until 2026-12-01"


def test_of_a_document_only_what_is_a_time_is_changed_and_its_name_says_the_zone() -> None:
    tokyo = Times(ZoneInfo("Asia/Tokyo"))
    document = {
        "at": "2026-11-24T02:00:00.000Z", "made": datetime(2026, 11, 24, 2, tzinfo=UTC), "scopes": ("deals",),
        "parts": [], "contacts": [{"since": "2026-11-24T02:00:00+00:00"}], "close": "2026-12-24", "none": None,
    }  # fmt: skip
    assert tokyo.fields(document) == {
        "at (Asia/Tokyo)": "2026-11-24 11:00", "made (Asia/Tokyo)": "2026-11-24 11:00", "scopes": ("deals",),
        "parts": [], "contacts (Asia/Tokyo)": [{"since": "2026-11-24 11:00"}], "close": "2026-12-24", "none": None,
    }  # fmt: skip
