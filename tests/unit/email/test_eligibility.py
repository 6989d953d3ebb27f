"""What becomes of a request that may not be sent now, decided without I/O."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sodate.email.eligibility.caps import Limit, minutes
from sodate.email.eligibility.decide import (
    AlreadyClaimed,
    Decision,
    Defer,
    Ended,
    Rules,
    Skip,
    WaitsForEarlier,
    after_rejection,
    before_claim,
)
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SENDER = {
    "name": "例示", "from_address": "news@example.jp", "postal_address": "東京都千代田区",
    "contact": "info@example.jp", "time_zone": "Asia/Tokyo",
}  # fmt: skip
MAILING = Mailing.model_validate({
    "sender": SENDER, "topics": [{"id": "news", "name": "News"}], "quiet_hours": {"from": "21:00", "until": "08:00"},
})  # fmt: skip
RULES = Rules("news", MAILING, (Limit(None, "day", 1),), "enrollment_ended")
MAILED = minutes(NOW - timedelta(hours=1))


def lead(**change: Any) -> ContactState:
    return ContactState("L", "key", **{"topics": {"news": "confirmed"}, **change})


@pytest.mark.parametrize(
    ("now", "valid_until", "expected"),
    [
        (NOW, NOW + DAY, None),
        (NOW, NOW, None),
        (NOW, NOW - timedelta(seconds=1), Skip("expired")),
        (NIGHT, NIGHT + DAY, Defer("closed_hours", MORNING)),
    ],
    ids=["now", "at the last moment", "too late", "at night in Japan"],
)
def test_before_the_claim(now: datetime, valid_until: datetime, expected: Decision | None) -> None:
    assert before_claim("L", valid_until, None, RULES, now) == expected


def test_the_clock_of_the_lead_decides_what_night_is() -> None:
    assert before_claim("L", NIGHT + DAY, "Europe/Berlin", RULES, NIGHT) is None


@pytest.mark.parametrize(
    ("state", "position", "expected"),
    [
        (None, "gone", Ended("lead_erased")),
        (lead(), "gone", Ended("enrollment_ended")),
        (lead(), "ahead", AlreadyClaimed()),
        (lead(), "behind", WaitsForEarlier()),
        (lead(blocked="complaint"), "here", Skip("blocked:complaint")),
        (lead(topics={}), "here", Skip("consent:none")),
        (lead(), "here", Defer("changed_meanwhile", NOW)),
        (lead(mailed=(MAILED,)), "here", Defer("cap:day", NOW + timedelta(hours=23))),
        (lead(pause_until="2026-11-24T05:00:00.000Z"), "here", Defer("paused_by_the_lead", NOW + timedelta(hours=3))),
        (lead(pause_until="2026-11-24T18:00:00.000Z"), "here", Defer("paused_by_the_lead", MORNING)),
        (lead(pause_until="2026-12-24T05:00:00.000Z"), "here", Skip("paused_by_the_lead")),
        (lead(frequency="weekly", mailed=(MAILED,)), "here", Skip("frequency_wish")),
    ],
    ids=[
        "erased", "ended", "claimed", "an earlier one first", "blocked", "no consent", "changed", "cap", "paused",
        "paused into the night", "paused for too long", "once a week",
    ],
)  # fmt: skip
def test_after_a_rejected_claim(state: ContactState | None, position: Any, expected: Decision) -> None:
    assert after_rejection(state, position, NOW + 2 * DAY, RULES, NOW) == expected
