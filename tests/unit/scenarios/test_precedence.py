"""Of two emails that a frequency cap has no room for, that of the scenario with the higher precedence goes first."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.email.eligibility.caps import limits, minutes, with_email
from sodate.email.eligibility.decide import may_claim
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState
from sodate.scenarios.precedence import PATIENCE, NextEmail, email_order, may_wait, waits_for

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SENDER = {
    "name": "例示", "from_address": "news@example.jp", "postal_address": "東京都千代田区",
    "contact": "info@example.jp", "time_zone": "Asia/Tokyo",
}  # fmt: skip
TOPICS = ("news", "events", "offers")


def mailing(*caps: tuple[str, int, str | None]) -> Mailing:
    listed = [{"per": per, "at_most": at_most, "topic": topic} for per, at_most, topic in caps]
    topics = [{"id": topic, "name": topic} for topic in TOPICS]
    return Mailing.model_validate({"sender": SENDER, "topics": topics, "caps": listed})


ONE_A_DAY = mailing(("day", 1, None))


def lead(**change: Any) -> ContactState:
    return ContactState("L", "key", **{"topics": dict.fromkeys(TOPICS, "confirmed"), **change})


def email(scenario: str = "first", topic: str = "news", due: datetime = NOW) -> NextEmail:
    return NextEmail(scenario, topic, due, due + 3 * DAY)


@pytest.mark.parametrize(
    ("precedences", "expected"),
    [
        ({}, ()),
        ({"a": 0, "b": 0}, ()),
        ({"a": 7, "b": 7}, ()),
        ({"b": 0, "c": 5, "a": 0, "d": -1}, ("c", "a", "b", "d")),
    ],
)
def test_the_order_is_by_precedence_and_then_by_id_and_there_is_none_without_a_precedence(
    precedences: dict[str, int], expected: tuple[str, ...]
) -> None:
    assert email_order(precedences) == expected


@pytest.mark.parametrize(
    ("name", "order", "expected"),
    [
        ("a", (), False),
        ("a", ("a", "b"), False),
        ("a#spring", ("a", "b"), True),  # that of another seminar may go before
        ("b", ("a", "b"), True),
        ("retired", ("a", "b"), False),
    ],
)
def test_only_an_email_that_something_goes_before_may_wait(name: str, order: tuple[str, ...], expected: bool) -> None:
    assert may_wait(name, order) is expected


def after(state: ContactState, *emails: NextEmail, topic: str = "news", settings: Mailing = ONE_A_DAY) -> str | None:
    return waits_for(state, topic, emails, settings, NOW)


def test_an_email_waits_when_the_cap_has_room_for_the_other_one_only() -> None:
    assert after(lead(), email()) == "first"
    assert after(lead(), email(), settings=mailing(("day", 2, None))) is None
    assert after(lead(), email(), email("second"), settings=mailing(("day", 2, None))) == "second"


def test_caps_of_a_topic_count_its_emails_only() -> None:
    by_topic = mailing(("day", 1, "news"))
    assert after(lead(), email(topic="events"), settings=by_topic) is None
    assert after(lead(), email(topic="news"), settings=by_topic) == "first"


def test_the_frequency_that_a_lead_chose_is_a_cap() -> None:
    assert after(lead(frequency="weekly"), email(), settings=mailing()) == "first"
    assert after(lead(), email(), settings=mailing()) is None


@pytest.mark.parametrize(
    "state",
    [
        lead(topics={"news": "confirmed"}),
        lead(mailed=(minutes(NOW - 3 * MINUTE),)),
        lead(blocked="complaint"),
        lead(pause_until="2026-12-01T00:00:00.000Z"),
    ],
    ids=["no consent to the other topic", "a cap is reached", "blocked", "paused"],
)
def test_nothing_waits_for_an_email_that_cannot_leave_or_when_it_cannot_leave_itself(state: ContactState) -> None:
    assert after(state, email(topic="events")) is None


@pytest.mark.parametrize(
    ("due", "waits"),
    [
        (NOW + MINUTE, False),
        (NOW, True),
        (NOW - PATIENCE, True),
        (NOW - PATIENCE - MINUTE, False),
        (NOW - DAY, False),
    ],
)
def test_an_email_that_is_not_due_yet_or_that_did_not_leave_in_time_is_not_waited_for(
    due: datetime, waits: bool
) -> None:
    assert (after(lead(), email(due=due)) is not None) is waits


def test_an_email_that_was_held_back_is_waited_for_from_the_moment_it_may_leave() -> None:
    """Both were deferred to this minute: by the cap, by a pause of the lead, or by the night."""
    earlier = NOW - timedelta(hours=20)
    assert after(lead(mailed=(minutes(NOW - DAY),)), email(due=earlier)) == "first"
    assert after(lead(pause_until="2026-11-24T02:00:00.000Z"), email(due=earlier)) == "first"
    in_the_morning = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    state, night = lead(), in_the_morning - timedelta(hours=5)
    assert waits_for(state, "news", [email(due=night)], ONE_A_DAY, in_the_morning) == "first"
    assert waits_for(state, "news", [email(due=night)], ONE_A_DAY, in_the_morning + PATIENCE + MINUTE) is None


def test_an_email_that_is_too_late_is_not_waited_for() -> None:
    late = NextEmail("first", "news", NOW - MINUTE, NOW - MINUTE)
    assert after(lead(), late) is None


_CAPS = st.lists(
    st.tuples(st.sampled_from(["day", "week"]), st.integers(1, 3), st.sampled_from([None, *TOPICS])), max_size=3
)


@given(_CAPS, st.lists(st.sampled_from(TOPICS), min_size=2, max_size=4), st.lists(st.integers(0, 3000), max_size=3))
def test_in_whatever_order_emails_are_taken_the_first_ones_by_precedence_leave(
    caps: list[tuple[str, int, str | None]], topics: list[str], mailed: list[int]
) -> None:
    settings = mailing(*caps)
    before = lead()
    for ago in sorted(mailed, reverse=True):
        before = with_email(before, limits(settings.caps, "news"), "news", NOW - ago * MINUTE)
    ranked = list(enumerate(topics))
    expected, state = set(), before
    for rank, topic in ranked:
        if may_claim(state, topic, limits(settings.caps, topic), NOW):
            state = with_email(state, limits(settings.caps, topic), topic, NOW)
            expected.add(rank)
    for order in permutations(ranked):
        assert _left(before, list(order), settings) == expected


def _left(state: ContactState, waiting: list[tuple[int, str]], settings: Mailing) -> set[int]:
    """Ranks of the emails that leave when they are taken in this order, again and again."""
    left = set()
    while waiting:
        rank, topic = waiting.pop(0)
        others = [NextEmail(str(other), of, NOW, NOW + DAY) for other, of in sorted(waiting) if other < rank]
        if waits_for(state, topic, others, settings, NOW) is not None:
            waiting.append((rank, topic))
        elif may_claim(state, topic, limits(settings.caps, topic), NOW):
            state = with_email(state, limits(settings.caps, topic), topic, NOW)
            left.add(rank)
    return left
