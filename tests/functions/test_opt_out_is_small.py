"""Figure 10: an opt-out commits in one small write whatever the history; the ends of the evidence follow in batches."""

from datetime import timedelta
from typing import Any

import pytest
from sodate.consent.consent import Evidence
from sodate.consent.links import Links
from sodate.consent.retention import EvidenceReview, review
from sodate.consent.store import consent_item
from sodate.dynamodb import table
from sodate.leads.store import StateItem, state_key

from tests.functions.quick import QuickWorld
from tests.support.meanwhile import before_each_transaction
from tests.support.world import PUBLIC_URL

FORM = {"content-type": "application/x-www-form-urlencoded"}
TOPIC, OTHER = "product-news", "events"
ANSWERS: dict[str, Any] = {
    "email": "taro@example.jp",
    "name": "山田太郎",
    "company": "例示株式会社",
    "title": "部長",
    "agree": True,
}


def write_history(world: QuickWorld, lead: str, topic: str, length: int) -> None:
    for number in range(length):
        at = world.now - timedelta(days=300) + timedelta(minutes=number)
        table.put(consent_item(Evidence(lead, at, "confirmed", "double_opt_in", (topic,)), f"{topic}{number}"))


def counted(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    real = world.table.call

    def counting(operation: str, request: dict[str, Any]) -> Any:
        calls.append(operation)
        if operation == "TransactWriteItems":
            assert len(request["TransactItems"]) <= 100, "DynamoDB refuses more"
        return real(operation, request)

    monkeypatch.setattr(world.table, "call", counting)
    return calls


def one_click(world: QuickWorld, lead: str) -> Any:
    url = Links(PUBLIC_URL, world.app.secrets.signer()).unsubscribe(lead, "s", TOPIC, world.now)
    return world.visit(url, "POST", "List-Unsubscribe=One-Click", **FORM)


def preferences(world: QuickWorld, lead: str, body: str) -> Any:
    return world.visit(Links(PUBLIC_URL, world.app.secrets.signer()).preferences(lead, world.now), "POST", body, **FORM)


@pytest.mark.parametrize("path", ["one_click", "stop"])
def test_an_opt_out_with_a_history_of_1000_items_takes_six_calls_at_most(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    lead = world.join()
    write_history(world, lead, TOPIC, 1000)
    world.now += timedelta(minutes=1)
    calls = counted(world, monkeypatch)
    answer = one_click(world, lead) if path == "one_click" else preferences(world, lead, f"shown={TOPIC}&do=stop")
    assert answer["statusCode"] == 200
    before_the_answer = list(calls)
    assert world.state(lead)["blocked"] == "unsubscribed"
    assert before_the_answer.count("TransactWriteItems") == 1
    assert len(before_the_answer) <= 6, before_the_answer


def test_after_an_opt_out_all_1000_items_get_an_end(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = world.join()
    write_history(world, lead, TOPIC, 1000)
    world.now += timedelta(minutes=1)
    one_click(world, lead)
    counted(world, monkeypatch)
    world.advance(timedelta(minutes=5))
    assert [item for item in world.items("consent") if "ttl" not in item] == []


def test_giving_up_one_topic_and_renewing_another_works_with_any_history(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = world.join()
    table.update(state_key(lead), [StateItem.topics[OTHER].set("confirmed")])
    for topic in (TOPIC, OTHER):
        write_history(world, lead, topic, 150)
    world.now += timedelta(minutes=1)
    preferences(world, lead, f"shown={TOPIC}&shown={OTHER}&topic={OTHER}&do=save")
    world.advance(timedelta(minutes=5))
    counted(world, monkeypatch)
    assert preferences(world, lead, f"shown={TOPIC}&shown={OTHER}&topic={TOPIC}&do=save")["statusCode"] == 200
    assert world.state(lead)["topics"] == {TOPIC: "confirmed", OTHER: "withdrawn"}
    world.advance(timedelta(minutes=5))
    for item in world.items("consent"):
        if item["action"] != "withdrawn":
            assert ("ttl" in item) == (item["topics"] == [OTHER]), item


def test_evidence_that_a_new_consent_needs_gets_no_end_from_an_older_opt_out(world: QuickWorld) -> None:
    lead = world.join()
    world.now += timedelta(minutes=1)
    preferences(world, lead, f"shown={TOPIC}&do=save")
    entry = EvidenceReview(lead, world.now, timedelta(days=1098))
    preferences(world, lead, f"shown={TOPIC}&topic={TOPIC}&do=save")
    assert review(entry) == 0
    assert review(entry) == 0
    assert [i["action"] for i in world.items("consent") if "ttl" in i] == ["withdrawn"]


def test_a_consent_between_the_look_and_the_write_of_a_review_is_seen(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = world.join()
    world.now += timedelta(minutes=1)
    one_click(world, lead)
    entry = EvidenceReview(lead, world.now, timedelta(days=1098))
    waiting = [True]

    def meanwhile() -> None:
        if waiting:
            waiting.clear()
            table.update(state_key(lead), [StateItem.topics[TOPIC].set("confirmed"), StateItem.blocked.remove()])

    before_each_transaction(monkeypatch, world, meanwhile)
    review(entry)
    assert not waiting
    assert [i["action"] for i in world.items("consent") if "ttl" in i] == ["withdrawn"]


def test_posts_of_a_stranger_leave_one_request_and_a_confirmed_one_is_history(world: QuickWorld) -> None:
    for number in range(40):
        world.now += timedelta(hours=3)
        assert world.post({**ANSWERS, "message": f"m{number}"})["statusCode"] == 201
    (request,) = [item for item in world.items("consent") if item["action"] == "requested"]
    world.settle()
    assert world.visit(world.link(world.mails_to("taro@example.jp")[-1], "/opt-in/"), "POST")["statusCode"] == 200
    kept = {i["sk"]: i for i in world.items("consent")}
    assert "confirmed_at" in kept[request["sk"]]
    lead = world.lead_id("taro@example.jp")
    world.now += timedelta(minutes=1)
    one_click(world, lead)
    for number in range(10):
        world.now += timedelta(days=1)
        world.post({**ANSWERS, "message": f"n{number}"})
    after = {i["sk"]: i for i in world.items("consent")}
    assert all(after[sk] == item for sk, item in kept.items()), "what was confirmed is never overwritten"
    assert len([i for i in after.values() if i["action"] == "requested"]) == 2


def test_a_post_after_an_opt_out_revives_no_link_that_lay_in_the_mailbox(world: QuickWorld) -> None:
    world.post(ANSWERS)
    world.settle()
    old = world.link(world.mails_to("taro@example.jp")[-1], "/opt-in/")
    lead = world.lead_id("taro@example.jp")
    world.now += timedelta(minutes=1)
    one_click(world, lead)
    world.now += timedelta(days=1)
    world.post({**ANSWERS, "message": "again"})
    assert world.visit(old, "POST")["statusCode"] == 400
    assert world.state(lead)["blocked"] == "unsubscribed"
    world.settle()
    assert world.visit(world.link(world.mails_to("taro@example.jp")[-1], "/opt-in/"), "POST")["statusCode"] == 200
    assert "blocked" not in world.state(lead)
