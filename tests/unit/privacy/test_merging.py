"""A merge undone is as if it had never been; of two consents the more restrictive one holds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.errors import Conflict, Invalid
from sodate.leads.contact_state import ContactState
from sodate.privacy.merging import before_merge, check, merged_state, unmerged_state

TOPICS = ("news", "events", "offers")
STATUS = st.sampled_from(["pending", "confirmed", "withdrawn"])
MINUTES = st.lists(st.integers(29_000_000, 29_000_050), max_size=6).map(lambda m: tuple(sorted(m, reverse=True)))
STAMPS = st.none() | st.sampled_from(["2026-11-01T00:00:00.000Z", "2026-11-20T00:00:00.000Z"])
BLOCKS = st.sampled_from([None, "unsubscribed", "complaint", "hard_bounce", "soft_bounces"])


@st.composite
def states(draw: st.DrawFn, lead_id: str) -> ContactState:
    return ContactState(
        lead_id,
        f"key-{lead_id}",
        blocked=draw(BLOCKS),
        topics=draw(st.dictionaries(st.sampled_from(TOPICS), STATUS)),
        opted_out_at=draw(STAMPS),
        pause_until=draw(STAMPS),
        frequency=draw(st.sampled_from([None, "weekly", "monthly"])),
        mailed=draw(MINUTES),
        mailed_in=draw(st.dictionaries(st.sampled_from(TOPICS), MINUTES.filter(bool))),
        runs=frozenset(draw(st.sets(st.sampled_from(["r1", "r2", "r3"])))),
    )


@given(states("A"), states("B"))
def test_to_undo_a_merge_gives_what_was_there_before(stays: ContactState, joins: ContactState) -> None:
    before = before_merge(stays, joins, {}, {})
    assert unmerged_state(merged_state(stays, joins), before) == stays


@given(states("A"), states("B"))
def test_nobody_gets_more_email_by_a_merge(stays: ContactState, joins: ContactState) -> None:
    merged = merged_state(stays, joins)
    for topic in TOPICS:
        if merged.permanent_rejection(topic) is None:
            assert stays.permanent_rejection(topic) is None
            assert joins.topics.get(topic) != "withdrawn"
            assert joins.blocked not in ("unsubscribed", "complaint")
    assert len(merged.mailed) == len(stays.mailed) + len(joins.mailed)
    assert merged.runs >= stays.runs | joins.runs


@given(states("A"), states("B"))
def test_an_opt_out_after_the_merge_is_never_undone_by_undoing_it(stays: ContactState, joins: ContactState) -> None:
    before = before_merge(stays, joins, {}, {})
    out = merged_state(stays, joins).opt_out(TOPICS, "2026-12-01T00:00:00.000Z", of_everything=True)
    undone = unmerged_state(out, before)
    assert undone.blocked == out.blocked
    assert set(undone.topics.values()) <= {"withdrawn"}


@given(states("A"), states("B"), st.integers(29_000_060, 29_000_100))
def test_an_email_of_the_time_between_still_counts_after_undoing(
    stays: ContactState, joins: ContactState, minute: int
) -> None:
    before = before_merge(stays, joins, {}, {})
    merged = merged_state(stays, joins)
    undone = unmerged_state(replace(merged, mailed=(minute, *merged.mailed)), before)
    assert undone.mailed == (minute, *stays.mailed)


def test_a_lead_is_not_merged_twice_nor_into_itself() -> None:
    one, other = ContactState("A", "a"), ContactState("B", "b", blocked="merged")
    with pytest.raises(Invalid, match="same lead"):
        check(one, one)
    with pytest.raises(Conflict, match="merged already"):
        check(one, other)
