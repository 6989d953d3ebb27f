"""`sodate lead unblock`: what mail systems caused may be lifted, what the person or the law decided never."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sodate.consent.consent import Evidence, Method
from sodate.consent.store import consent_item, consents_of, suppression_item, suppression_of
from sodate.consent.unblock import unblock
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import Put
from sodate.errors import Conflict, Invalid
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.store import load_state, state_item

from tests.functions.quick import QuickWorld

WHY = "the mailbox was full, by phone"


def blocked(world: QuickWorld, block: str, *, suppressed: bool = True) -> ContactState:
    state = replace(load_state(world.join("taro@example.jp")), blocked=block)
    world.settle()
    table.put(state_item(state))
    if suppressed:
        table.commit([Put(suppression_item(state.address_key, block, world.now))])
    return state


@pytest.mark.parametrize("block", [Block.HARD_BOUNCE, Block.SOFT_BOUNCES])
@pytest.mark.parametrize("suppressed", [True, False])
def test_a_bounce_may_be_lifted_with_a_reason_and_the_consent_is_as_before(
    world: QuickWorld, block: Block, suppressed: bool
) -> None:
    state = blocked(world, block, suppressed=suppressed)
    assert unblock(state.lead_id, WHY, "arn:aws:iam::1:user/hanako", world.now) == block
    after = load_state(state.lead_id)
    assert (after.blocked, after.topics) == (None, state.topics)
    assert suppression_of(state.address_key) is None
    (evidence,) = [one for one in consents_of(state.lead_id) if one.action == "unblocked"]
    assert (evidence.method, evidence.reference) == ("operator", block)
    assert evidence.note == f"{WHY} (by arn:aws:iam::1:user/hanako)"
    world.settle()
    log = [one for one in world.items("activity") if one["pk"] == keys.lead(state.lead_id)]
    (changed,) = [one for one in log if one["about"].get("reason") == "unblocked"]
    assert WHY not in str(changed)
    assert not [event for event in world.bus if "unblocked" in event["Detail"]]


@pytest.mark.parametrize(
    "block",
    [
        Block.COMPLAINT, Block.ERASED, Block.UNSUBSCRIBED, Block.MERGED, Block.NO_ADDRESS, Block.SUPPRESSED,
        "undeliverable:eai", "mixed_script",
    ],
)  # fmt: skip
def test_any_other_block_stays(world: QuickWorld, block: str) -> None:
    state = blocked(world, block)
    with pytest.raises(Conflict, match="this block stays"):
        unblock(state.lead_id, WHY, None, world.now)
    assert load_state(state.lead_id) == state
    assert suppression_of(state.address_key) == block


def test_an_opt_out_before_the_bounce_counts(world: QuickWorld) -> None:
    state = blocked(world, Block.HARD_BOUNCE)
    gone = replace(state.opt_out(state.topics, keys.stamp(world.now), of_everything=True), blocked=Block.HARD_BOUNCE)
    table.put(state_item(gone))
    with pytest.raises(Conflict, match="opted out"):
        unblock(state.lead_id, WHY, None, world.now)


def test_an_opt_out_behind_the_bounce_is_recorded_even_where_no_topic_is_left_to_end(world: QuickWorld) -> None:
    state = replace(blocked(world, Block.HARD_BOUNCE), topics={})
    table.put(state_item(state))
    assert unsubscribe(OptOut(state.lead_id, "send-1", None, "one_click"), world.now) is True
    assert unsubscribe(OptOut(state.lead_id, "send-1", None, "one_click"), world.now) is False, "and once"
    with pytest.raises(Conflict, match="has not agreed again"):
        unblock(state.lead_id, WHY, None, world.now)


@pytest.mark.parametrize("method", ["form", "double_opt_in", "preference_page", "undo"])
def test_whoever_ended_one_topic_is_unblocked_only_after_a_later_yes_of_its_own(
    world: QuickWorld, method: Method
) -> None:
    state = blocked(world, Block.SOFT_BOUNCES)
    unsubscribe(OptOut(state.lead_id, "send-1", "product-news", "unsubscribe_page"), world.now)
    with pytest.raises(Conflict, match="has not agreed again"):
        unblock(state.lead_id, WHY, None, world.now)
    again = world.now + timedelta(minutes=1)
    yes = Evidence(state.lead_id, again, "confirmed", method, ("product-news",))
    table.put(consent_item(yes, "a-later-yes"))
    assert unblock(state.lead_id, WHY, None, again) == Block.SOFT_BOUNCES


def test_a_consent_that_a_list_claims_lifts_no_opt_out(world: QuickWorld) -> None:
    state = blocked(world, Block.HARD_BOUNCE)
    unsubscribe(OptOut(state.lead_id, "send-1", None, "one_click"), world.now)
    later = world.now + timedelta(minutes=1)
    claimed = Evidence(state.lead_id, later, "confirmed", "import", ("product-news",))
    table.put(consent_item(claimed, "a-list"))
    with pytest.raises(Conflict, match="has not agreed again"):
        unblock(state.lead_id, WHY, None, later)


def test_a_stronger_entry_of_the_suppression_list_counts(world: QuickWorld) -> None:
    state = blocked(world, Block.SOFT_BOUNCES, suppressed=False)
    table.commit([Put(suppression_item(state.address_key, Block.COMPLAINT, world.now))])
    with pytest.raises(Conflict, match="complained"):
        unblock(state.lead_id, WHY, None, world.now)


def test_without_a_reason_or_a_block_nothing_is_lifted(world: QuickWorld) -> None:
    lead_id = world.join("taro@example.jp")
    with pytest.raises(Conflict, match="not blocked"):
        unblock(lead_id, WHY, None, world.now)
    with pytest.raises(Invalid, match="say why"):
        unblock(lead_id, "  ok \n", None, world.now)
