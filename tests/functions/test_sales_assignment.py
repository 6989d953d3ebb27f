"""Assignment of leads: owner, assignments, territory, product, rotation, capacity, absence. Once per signal."""

from collections import Counter
from datetime import timedelta

import pytest

from tests.functions.sales import (
    FEEDBACK,
    SATO,
    SLACK,
    SUZUKI,
    TANAKA,
    answer,
    become_hot,
    feedback_link,
    lead,
    rise,
    sales,
    signals,
)
from tests.support.crashes import crash_points
from tests.support.meanwhile import before_each_transaction, condition_failed
from tests.support.world import Json, World

THREE = (SATO, TANAKA, SUZUKI)
ROUND_ROBIN = {"then": "round_robin"}
TOKYO = {"territories": [{"attribute": "primary.prefecture", "any_of": ["東京都", "神奈川県"]}]}
ALL_TO_TANAKA = {"attribute": "primary.company", "contains": "例示", "owner": "tanaka"}
OSAKA = {"territories": [{"attribute": "primary.prefecture", "contains": "大阪"}]}


def owner_of(world: World, lead_id: str) -> str:
    (signal,) = signals(world, lead_id)
    return str(signal["assigned_to"])


def owners_of(world: World, prefix: str, leads: int) -> list[str]:
    """Who gets each of so many leads that become hot one after the other."""
    return [owner_of(world, become_hot(world, f"{prefix}{number}")) for number in range(leads)]


def because(world: World, lead_id: str) -> str:
    return str(signals(world, lead_id)[0]["assigned_because"])


def test_thirty_leads_for_three_owners_are_ten_each_although_every_event_comes_twice(world: World) -> None:
    sales(world, *THREE, assignment=ROUND_ROBIN)
    owners = []
    for number in range(30):
        lead_id = lead(world, f"lead{number}")
        event = rise(world, lead_id)
        world.settle()
        world.call("sales_handoff", event)
        owners.append(owner_of(world, lead_id))
    assert Counter(owners) == {"sato": 10, "tanaka": 10, "suzuki": 10}
    assert [Counter(owners[n : n + 3]) for n in range(0, 30, 3)] == [
        Counter({"sato": 1, "tanaka": 1, "suzuki": 1})
    ] * 10
    world.advance(timedelta(minutes=10))  # emails beyond the SES send rate wait two minutes
    assert [len(world.mails_to(str(owner["email"]))) for owner in THREE] == [10, 10, 10]


def test_an_owner_who_returns_gets_no_backlog(world: World) -> None:
    sales(world, SATO, TANAKA, {**SUZUKI, "away_until": "2026-11-24"}, assignment=ROUND_ROBIN)
    first = owners_of(world, "a", 6)
    assert Counter(first) == {"sato": 3, "tanaka": 3}
    world.now += timedelta(days=1)
    second = owners_of(world, "b", 6)
    assert Counter(second) == {"sato": 2, "tanaka": 2, "suzuki": 2}


def test_territory_and_product_narrow_and_the_reason_is_stored(world: World) -> None:
    crm = {"products": [{"attribute": "secondary.product", "contains": "CRM"}]}
    owners = ({**SATO, **TOKYO}, {**TANAKA, **OSAKA}, {**SUZUKI, **TOKYO, **crm})
    sales(world, *owners, assignment={"by": ["territory", "product"]})
    osaka = become_hot(world, "osaka", prefecture="大阪府")
    assert (owner_of(world, osaka), because(world, osaka)) == ("tanaka", "territory")
    tokyo = {owner_of(world, become_hot(world, f"t{n}", prefecture="東京都")) for n in range(4)}
    assert tokyo == {"sato", "suzuki"}
    nowhere = become_hot(world, "nowhere", prefecture="沖縄県")
    assert because(world, nowhere) == "round_robin"


@pytest.mark.parametrize(
    ("then", "owner"),
    [
        pytest.param({}, "suzuki", id="an owner without a territory"),
        pytest.param({"then": "default_owner"}, "sato", id="the default owner"),
    ],
)
def test_a_lead_outside_all_territories_goes_to(world: World, then: Json, owner: str) -> None:
    sales(world, {**SATO, **TOKYO}, {**TANAKA, **OSAKA}, SUZUKI, assignment={"by": ["territory"], **then})
    lead_id = become_hot(world, "a", prefecture="沖縄県")
    assert owner_of(world, lead_id) == owner
    assert because(world, lead_id) == then.get("then", "round_robin")


def test_the_owner_of_a_lead_gets_it_back_but_not_while_away(world: World) -> None:
    sales(world, *THREE, assignment=ROUND_ROBIN)
    mine = become_hot(world, "mine", owner="suzuki")
    assert (owner_of(world, mine), because(world, mine)) == ("suzuki", "owns_the_lead")
    sales(world, SATO, TANAKA, {**SUZUKI, "away_until": "2026-11-30"}, assignment=ROUND_ROBIN)
    away = become_hot(world, "away", owner="suzuki")
    assert owner_of(world, away) != "suzuki"
    (profile,) = [p for p in world.items("profile") if p["pk"] == f"LEAD#{away}"]
    assert profile["owner"] == "suzuki", "a stand-in does not take the lead over"


def test_no_owner_exceeds_their_capacity_and_feedback_frees_a_place(world: World) -> None:
    full = {**TANAKA, "capacity": 2}
    sales(world, SATO, full, assignment=ROUND_ROBIN, feedback=FEEDBACK)
    owners = owners_of(world, "a", 8)
    assert Counter(owners) == {"sato": 6, "tanaka": 2}
    link = feedback_link(world.mails_to("tanaka@example.jp")[0].text)
    answer(world, link, {"answer": "accepted"})
    answer(world, link, {"answer": "meeting_set"})
    more = owners_of(world, "b", 4)
    assert Counter(more) == {"sato": 3, "tanaka": 1}, "room for one, not for two"


def test_an_escalated_signal_makes_room_for_its_first_owner_on_feedback(world: World) -> None:
    sla = {"answer_within_minutes": 30, "escalate_to": "suzuki"}
    sales(world, SUZUKI, {**TANAKA, "capacity": 1}, assignments=[ALL_TO_TANAKA], sla=sla, feedback=FEEDBACK)
    first = become_hot(world, "first")
    world.advance(timedelta(minutes=40))
    assert owner_of(world, first) == "suzuki"
    assert owner_of(world, become_hot(world, "second")) == "suzuki", "tanaka still has one open"
    answer(world, feedback_link(world.mails_to("tanaka@example.jp")[0].text), {"answer": "accepted"})
    assert owner_of(world, become_hot(world, "third")) == "tanaka"


def test_an_unanswered_signal_makes_room_when_its_link_ends(world: World) -> None:
    sales(world, SATO, {**TANAKA, "capacity": 1}, assignment=ROUND_ROBIN, feedback={**FEEDBACK, "link_days": 3})
    first = owners_of(world, "a", 3)
    assert Counter(first) == {"sato": 2, "tanaka": 1}
    world.advance(timedelta(days=3, minutes=5))
    assert all("expired_at" in signal for signal in world.items("signal"))
    assert Counter(owners_of(world, "b", 2)) == {"sato": 1, "tanaka": 1}


def test_when_all_are_full_or_away_the_default_owner_still_gets_the_lead(world: World) -> None:
    sales(world, {**SATO, "capacity": 1}, {**TANAKA, "capacity": 1}, assignment=ROUND_ROBIN)
    leads = [become_hot(world, f"a{number}") for number in range(4)]
    assert [owner_of(world, one) for one in leads] == ["sato", "tanaka", "sato", "sato"]
    assert because(world, leads[-1]) == "default_owner"
    sales(world, {**SATO, "away_until": "2026-12-31"})
    away = become_hot(world, "away")
    assert (owner_of(world, away), because(world, away)) == ("sato", "everybody_is_away")


def test_a_hand_off_that_crashes_at_any_write_is_finished_once_by_its_repeat(world: World) -> None:
    """A crash before and after each write: one owner, one rotation step, one email, one post each."""
    sales(world, {**SATO, "capacity": 5}, TANAKA, assignment=ROUND_ROBIN, channels={"slack": SLACK})
    for crash in crash_points(world, at_least=6):
        lead_id = lead(world, f"lead{crash.number}")
        event = rise(world, lead_id)
        world.stream_records()  # discard the stream records: this test delivers the event itself
        posts = len(world.webhooks)
        crash.call("sales_handoff", event)
        world.call("sales_handoff", event)
        world.settle()
        (signal,) = signals(world, lead_id)
        assert signal["notifications"]["slack"]["status"] == "200"
        ids = [post.message_id for post in world.webhooks[posts:]]
        assert len(set(ids)) == 1
        assert len(ids) <= 1 + crash.died, "only a post whose mark was lost is repeated, with the same id"
        assert len([s for s in world.items("send") if s["pk"] == f"LEAD#{lead_id}"]) == 1
    (rotation,) = world.items("rotation")
    assert int(rotation["number"]) == crash.number + 1, "the rotation advances once per lead"


def test_a_lost_transaction_is_retried_with_fresh_data(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sales(world, *THREE, assignment=ROUND_ROBIN)
    event, failures = rise(world, lead(world, "slow")), [3]

    def contended() -> None:
        if failures[0]:
            failures[0] -= 1
            raise condition_failed()

    world.stream_records()
    before_each_transaction(monkeypatch, world, contended)
    world.call("sales_handoff", event)
    assert failures == [0]
    (rotation,) = world.items("rotation")
    assert int(rotation["number"]) == 1


def test_a_lead_in_an_active_conversation_causes_no_second_call(world: World) -> None:
    """Unanswered or accepted: a new rise within `quiet_days` is an update by email. Otherwise: a new signal."""
    sales(world, *THREE, assignment=ROUND_ROBIN, channels={"slack": SLACK})
    lead_id = become_hot(world, "taro")
    world.now += timedelta(days=2)
    event = rise(world, lead_id)
    world.settle()
    world.call("sales_handoff", event)
    world.settle()
    assert len(world.webhooks) == 1
    first, update = world.mails_to("sato@example.jp")
    assert (first.subject.startswith("ホットリード"), update.subject.startswith("続報")) == (True, True)
    answer(world, feedback_link(update.text), {"answer": "accepted"})
    older, newer = signals(world, lead_id)
    assert (older["feedback"], newer["joins"]) == ("accepted", older["sk"]), "an update's link answers the conversation"
    world.now += timedelta(days=3)
    rise(world, lead_id)
    world.settle()
    assert len(world.webhooks) == 1
    answer(world, feedback_link(update.text), {"answer": "rejected", "reason": "no-fit"})
    world.now += timedelta(days=1)
    rise(world, lead_id)
    world.settle()
    assert len(world.webhooks) == 2


def test_after_the_quiet_days_a_rise_is_a_new_call(world: World) -> None:
    sales(world, channels={"slack": SLACK}, quiet_days=5, feedback={**FEEDBACK, "link_days": 30})
    lead_id = become_hot(world, "taro")
    world.now += timedelta(days=5, seconds=1)
    rise(world, lead_id)
    world.settle()
    assert len(world.webhooks) == 2
