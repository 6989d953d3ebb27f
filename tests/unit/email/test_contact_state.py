"""Transitions of a lead's contact state, and what its store makes of a difference."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.dynamodb.item import encode
from sodate.leads.contact_state import Block, ContactState, Enrollment, Visit, strength
from sodate.leads.store import changes, state_item, to_state

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
AT = "2026-11-24T02:00:00.000Z"
RUN = Enrollment("e1", 1, 1, AT, 3)
STATE = ContactState("L", "key", topics={"news": "confirmed", "tips": "pending"}, enrollments={"drip": RUN})
REASONS = st.lists(st.sampled_from([*Block, "typo_in_domain"]), max_size=6)


@given(REASONS)
def test_the_strongest_block_stays_in_any_order_of_events(reasons: list[str]) -> None:
    forwards = backwards = STATE
    for reason in reasons:
        forwards = forwards.block(reason)
    for reason in reversed(reasons):
        backwards = backwards.block(reason)
    strongest = max(map(strength, reasons), default=0)
    assert strength(forwards.blocked) == strength(backwards.blocked) == strongest


@pytest.mark.parametrize("blocked", [None, Block.SOFT_BOUNCES])
def test_an_opt_out_replaces_no_block_or_soft_bounces(blocked: str | None) -> None:
    state = ContactState("L", "key", blocked=blocked).opt_out((), AT, of_everything=True)
    assert (state.blocked, state.opted_out_at) == (Block.UNSUBSCRIBED, AT)


@pytest.mark.parametrize("blocked", [Block.COMPLAINT, Block.HARD_BOUNCE, Block.SUPPRESSED, Block.NO_ADDRESS, "typo"])
def test_an_opt_out_is_recorded_beside_a_stronger_block(blocked: str) -> None:
    state = ContactState("L", "key", blocked=blocked).opt_out(["news"], AT, of_everything=True)
    assert (state.blocked, state.topics, state.opted_out_at) == (blocked, {"news": "withdrawn"}, AT)


def test_leaving_one_topic_blocks_nothing() -> None:
    left = STATE.opt_out(["news"], AT, of_everything=False)
    assert left.blocked is None
    assert left.permanent_rejection("news") == "consent:withdrawn"
    assert left.permanent_rejection("tips") == "consent:pending"
    assert left.permanent_rejection("other") == "consent:none"


def test_a_double_opt_in_lifts_the_block_and_ends_the_wait() -> None:
    state = ContactState("L", "key", blocked=Block.UNSUBSCRIBED, opt_in_mails=3).opt_in(["news"])
    assert (state.blocked, state.opt_in_mails, state.permanent_rejection("news")) == (None, 0, None)


@pytest.mark.parametrize(
    ("sequence", "enrollment", "step", "position"),
    [
        ("drip", "e1", 1, "here"),
        ("drip", "e1", 0, "ahead"),
        ("drip", "e1", 2, "behind"),
        ("drip", "e2", 1, "gone"),
        ("other", "e1", 1, "gone"),
    ],
)
def test_where_an_enrollment_is(sequence: str, enrollment: str, step: int, position: str) -> None:
    assert STATE.position(sequence, enrollment, step) == position


@pytest.mark.parametrize(
    ("step", "visit", "position"),
    [
        (2, Visit(3, 100), "here"),
        (2, Visit(4, 200), "behind"),
        (0, Visit(2, 50), "ahead"),
        (5, Visit(1, 40), "ahead"),
        (2, Visit(3, 90), "behind"),  # planned before an earlier step was deferred
    ],
)
def test_where_an_enrollment_in_a_scenario_is(step: int, visit: Visit, position: str) -> None:
    """Its steps come in any order, so the number of the visit decides."""
    here = Enrollment("e1", 1, 2, AT, 9, visit=Visit(3, 100))
    assert STATE.enroll({"graph": here}).position("graph", "e1", step, visit) == position
    ended = replace(here, ended="exit:replied")
    assert STATE.enroll({"graph": ended}).position("graph", "e1", step, visit) == "gone"


def test_a_pause_within_a_day_of_the_wanted_one_is_kept() -> None:
    paused = STATE.pause("2026-12-24T12:00:00.000Z")
    assert paused.is_paused_for(timedelta(days=30), NOW)
    assert not paused.is_paused_for(timedelta(days=60), NOW)
    assert paused.pause(None).pause_until is None


def test_the_difference_names_exactly_what_changed() -> None:
    assert changes(STATE, STATE) == []
    after = STATE.opt_out(["news"], AT, of_everything=True).enroll({"other": RUN}).prefer(
        frequency="weekly", language=None, zone="Europe/Berlin"
    )  # fmt: skip
    changed = {"blocked", "topics.news", "opted_out_at", "enrollments.other", "frequency", "zone"}
    assert {".".join(action.values[0].path) for action in changes(STATE, after)} == changed
    assert {".".join(action.values[0].path) for action in changes(after, STATE)} == changed


def test_an_item_is_read_back_as_it_was_written() -> None:
    state = STATE.block(Block.COMPLAINT).prefer(frequency="weekly", language="en", zone="Asia/Tokyo").pause(AT)
    assert to_state(encode(state_item(state))) == state
    assert to_state(encode(state_item(STATE))) == STATE
