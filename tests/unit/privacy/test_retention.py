"""Ends of data: only earlier ones are set, a repeat changes nothing, and without a policy nobody is inactive."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sodate.consent.data_policy import DataPolicy
from sodate.privacy.retention import Stored, end_of, is_inactive

NOW = datetime(2026, 11, 27, tzinfo=UTC)
DAYS = st.none() | st.integers(30, 3650)
ITEMS = st.builds(
    Stored,
    st.sampled_from(["submission", "activity", "send", "consent"]),
    st.integers(0, 4000).map(lambda days: NOW - timedelta(days=days)),
    st.none() | st.integers(-100, 100).map(lambda days: int((NOW + timedelta(days=days)).timestamp())),
    st.sampled_from(["mail_clicked", "segment_entered", "mail_bounced"]),
    st.booleans(),
)


@given(ITEMS, DAYS)
def test_an_end_is_never_moved_later_and_a_repeat_changes_nothing(item: Stored, days: int | None) -> None:
    policy = DataPolicy(submissions_days=days)
    end = end_of(item, policy, NOW)
    if end is not None:
        assert item.ttl is None or end < item.ttl
        assert end >= NOW.timestamp()
        repeated = Stored(item.kind, item.at, end, item.type, item.is_quarantined)
        assert end_of(repeated, policy, NOW) is None
        assert item.kind == "submission"


@given(st.lists(ITEMS, max_size=5))
def test_without_a_policy_nothing_ends_and_nobody_is_inactive(items: list[Stored]) -> None:
    assert not any(end_of(item, DataPolicy(), NOW) for item in items if not item.is_quarantined)
    assert not is_inactive(NOW - timedelta(days=5000), items, DataPolicy(), NOW)


def test_what_others_did_makes_no_lead_active() -> None:
    policy, old, recent = DataPolicy(inactive_months=6), NOW - timedelta(days=400), NOW - timedelta(days=3)
    assert is_inactive(old, [Stored("activity", recent, type="segment_entered")], policy, NOW)
    assert not is_inactive(old, [Stored("activity", recent, type="mail_clicked")], policy, NOW)
    assert not is_inactive(recent, [], policy, NOW)
