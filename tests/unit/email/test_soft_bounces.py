"""A number of transient bounces among the last emails blocks an address; a delivery resets the count."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.email.ledger.states import RANK
from sodate.email.ledger.store import SendItem
from sodate.email.mailing import SoftBounces
from sodate.email.reputation.soft_bounce import is_soft_bouncing, soft_bounce_writes
from sodate.leads.contact_state import ContactState

NOW = datetime(2026, 11, 26, tzinfo=UTC)
RULE = SoftBounces(limit=3, of_last=5)
B, D, S = "soft_bounced", "delivered", "sent"


@pytest.mark.parametrize(
    ("newest_first", "stops"),
    [
        ([B, B, B], True),
        ([B, B], False),
        ([B, B, D, B, B, B], False),  # a delivery resets, however many came before
        ([B, S, B, "delayed", B], True),  # three of the last five
        ([B, S, B, S, S, B], False),  # three of six
        ([B, "skipped", "failed", B, "unknown", "planned", "rejected", B], True),  # sends that never left are ignored
        ([D, B, B, B], False),
        ([], False),
    ],
)
def test_three_of_the_last_five_block_an_address(newest_first: list[str], stops: bool) -> None:
    assert is_soft_bouncing(newest_first, RULE) is stops


@given(st.lists(st.sampled_from(sorted(RANK)), max_size=20), st.integers(1, 5), st.integers(0, 5))
def test_only_bounces_after_the_last_delivery_count(states: list[str], limit: int, more: int) -> None:
    rule = SoftBounces(limit=limit, of_last=limit + more)
    since = states[: states.index(D)] if D in states else states

    assert is_soft_bouncing(states, rule) is is_soft_bouncing(since, rule)
    assert not is_soft_bouncing(states, rule) or since.count(B) >= limit
    assert is_soft_bouncing([B] * limit + states, rule)


def sends(*states: str) -> list[SendItem]:
    return [SendItem("LEAD#l", f"SEND#{n}", state=state, rank=RANK[state]) for n, state in enumerate(states)]


def test_the_lead_is_blocked_with_the_reason_unless_it_was_blocked_before() -> None:
    state = ContactState("l", "k", topics={"t": "confirmed"})

    write, _ = soft_bounce_writes(state, sends(D, B, B, B), RULE, NOW)

    assert str(write.actions[0].values[1].value) == "{'S': 'soft_bounces'}"  # type: ignore[union-attr]
    assert soft_bounce_writes(state, sends(B, B, B, D), RULE, NOW) == []
    for reason in ("complaint", "hard_bounce", "unsubscribed", "soft_bounces"):
        assert soft_bounce_writes(ContactState("l", "k", blocked=reason), sends(B, B, B), RULE, NOW) == []
