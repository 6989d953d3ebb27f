"""The preference centre: only what the page shows can change, each POST leaves evidence, no foreign stop is lifted."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sodate.consent.links import Links
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb import table
from sodate.playbook.store import Definitions

from tests.functions.quick import QuickWorld
from tests.support.world import PUBLIC_URL

FORM = {"content-type": "application/x-www-form-urlencoded"}
TOPIC = "product-news"
KEEP = f"shown={TOPIC}&topic={TOPIC}"
DROP = f"shown={TOPIC}"


def link(world: QuickWorld, lead: str) -> str:
    return Links(PUBLIC_URL, world.app.secrets.signer()).preferences(lead, world.now)


def post(world: QuickWorld, lead: str, body: str) -> str:
    world.now += timedelta(minutes=1)
    answer = world.visit(link(world, lead), "POST", body, **FORM)
    assert answer["statusCode"] == 200
    assert not {"location", "set-cookie"} & {name.lower() for name in answer["headers"]}
    return str(answer["body"])


def everything(world: QuickWorld) -> str:
    return json.dumps(world.items(), default=str, sort_keys=True)


def evidence(world: QuickWorld, method: str = "preference_page") -> list[dict[str, Any]]:
    return sorted((e for e in world.items("consent") if e["method"] == method), key=lambda e: e["sk"])


@pytest.fixture
def lead(world: QuickWorld) -> str:
    return world.join()


def test_looking_changes_nothing(world: QuickWorld, lead: str) -> None:
    before = everything(world)
    for method in ("GET", "HEAD", "GET"):
        assert world.visit(link(world, lead), method)["statusCode"] == 200
    assert everything(world) == before


@pytest.mark.parametrize(
    "body", ["", "x=1", "%ff%fe", "topic=other", "a=b&" * 300, "{}", "do=save", "pause=&language="]
)
def test_a_post_that_asks_for_nothing_changes_nothing(world: QuickWorld, lead: str, body: str) -> None:
    before = everything(world)
    post(world, lead, body)
    assert everything(world) == before


def test_frequency_pause_language_and_zone_are_kept_with_one_activity(world: QuickWorld, lead: str) -> None:
    page = post(world, lead, f"{KEEP}&frequency=monthly&pause=60&language=en&zone=Europe%2FBerlin&do=save")
    state = world.state(lead)
    assert (state["frequency"], state["language"], state["zone"]) == ("monthly", "en", "Europe/Berlin")
    assert state["pause_until"] == "2027-01-23T02:01:00.000Z"
    assert next(item for item in world.items("profile") if lead in item["pk"])["language"] == "en"
    assert [a["type"] for a in world.items("activity")].count("preferences_changed") == 1
    assert "Your preferences are saved." in page
    assert "Paused until 23 January 2027" in page
    assert evidence(world) == []

    post(world, lead, f"{KEEP}&frequency=all&pause=0&language=ja&do=save")
    state = world.state(lead)
    assert not {"frequency", "pause_until"} & state.keys()
    assert state["language"] == "ja"


def test_sending_the_page_twice_is_sending_it_once(world: QuickWorld, lead: str) -> None:
    body = f"{KEEP}&frequency=weekly&pause=30&language=ja&do=save"
    post(world, lead, body)
    before = everything(world)
    post(world, lead, body)
    assert everything(world) == before


def test_a_topic_is_given_up_and_taken_up_again_with_evidence(world: QuickWorld, lead: str) -> None:
    post(world, lead, f"{DROP}&do=save")
    assert world.state(lead)["topics"] == {TOPIC: "withdrawn"}
    (gone,) = evidence(world)
    assert (gone["action"], gone["topics"]) == ("withdrawn", [TOPIC])
    assert [a["about"]["scope"] for a in world.items("activity") if a["type"] == "unsubscribed"] == [TOPIC]
    sent = len(world.ses.simulator.messages)
    world.advance(timedelta(days=2))
    assert len(world.ses.simulator.messages) == sent

    post(world, lead, f"{KEEP}&do=save")
    assert world.state(lead)["topics"] == {TOPIC: "confirmed"}
    back = evidence(world)[-1]
    (first,) = evidence(world, "double_opt_in")
    assert (back["action"], back["reference"]) == ("confirmed", first["sk"])


def test_stopping_everything_can_be_taken_back_here(world: QuickWorld, lead: str) -> None:
    page = post(world, lead, f"{KEEP}&do=stop")
    state = world.state(lead)
    assert (state["blocked"], state["topics"]) == ("unsubscribed", {TOPIC: "withdrawn"})
    assert [item["reason"] for item in world.items("suppression")] == ["unsubscribed"]
    assert "すべての配信を停止しました" in page

    post(world, lead, f"{KEEP}&do=save")
    state = world.state(lead)
    assert "blocked" not in state
    assert state["topics"] == {TOPIC: "confirmed"}
    assert world.items("suppression") == []


def test_a_second_stop_is_heard_while_a_request_waits(world: QuickWorld, lead: str) -> None:
    post(world, lead, "do=stop")
    world.now += timedelta(hours=1)
    answers = {
        "email": "taro@example.jp",
        "name": "山田太郎",
        "company": "例示株式会社",
        "title": "部長",
        "agree": True,
    }
    assert world.post(answers)["statusCode"] == 201
    world.settle()
    pending = world.link(world.mails_to("taro@example.jp")[-1], "/opt-in/")
    post(world, lead, "do=stop")
    assert world.visit(pending, "POST")["statusCode"] == 400
    assert world.state(lead)["blocked"] == "unsubscribed"


@pytest.mark.parametrize("scope", ["all", "topic"])
def test_an_opt_out_made_elsewhere_is_not_undone(world: QuickWorld, lead: str, scope: Any) -> None:
    post(world, lead, f"{DROP}&do=save")
    post(world, lead, f"{KEEP}&do=save")
    unsubscribe(OptOut(lead, "s", None if scope == "all" else TOPIC, "one_click"), world.now + timedelta(seconds=1))
    before = world.state(lead)
    page = post(world, lead, f"{KEEP}&do=save")
    assert world.state(lead) == before
    assert before["topics"] == {TOPIC: "withdrawn"}
    assert "disabled" in page


@pytest.mark.parametrize("blocked", ["complaint", "hard_bounce", "suppressed", "soft_bounces"])
def test_it_lifts_no_complaint_and_no_bounce(world: QuickWorld, lead: str, blocked: str) -> None:
    from sodate.leads.store import StateItem, state_key

    post(world, lead, f"{DROP}&do=save")
    table.update(state_key(lead), [StateItem.blocked.set(blocked)])
    post(world, lead, f"{KEEP}&do=save")
    state = world.state(lead)
    assert (state["blocked"], state["topics"]) == (blocked, {TOPIC: "withdrawn"})


def test_a_topic_that_was_never_confirmed_cannot_be_ticked(world: QuickWorld) -> None:
    assert world.post({"email": "jiro@example.jp", "name": "n", "company": "c", "title": "部長", "agree": True})
    world.settle()
    lead = world.lead_id("jiro@example.jp")
    for body in (KEEP, DROP, KEEP, "shown=secret&topic=secret", f"{KEEP}&status=confirmed&blocked="):
        post(world, lead, f"{body}&do=save")
        assert world.state(lead)["topics"][TOPIC] != "confirmed"
        assert set(world.state(lead)["topics"]) == {TOPIC}


def test_an_unknown_field_or_value_is_ignored(world: QuickWorld, lead: str) -> None:
    """phpList CVE-2017-20029: the edit-subscription form wrote whatever field it was sent."""
    before = everything(world)
    for body in (
        "email=x%40evil.example&lead_id=other&pk=LEAD%23x&version=9&hot=1&totals=9",
        "frequency=hourly&pause=36500&language=xx&zone=Mars%2FOlympus",
        "frequency=weekly&frequency=monthly",
        "shown=__proto__&shown=%24where&topic=%3Cscript%3E",
        "do=erase",
    ):
        post(world, lead, body)
    assert everything(world) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_of_another_purpose_or_of_31_days_ago_opens_nothing(world: QuickWorld, lead: str, method: str) -> None:
    links = Links(PUBLIC_URL, world.app.secrets.signer())
    stop = links.unsubscribe(lead, "s", TOPIC, world.now).replace("/unsubscribe/", "/preferences/")
    old = links.preferences(lead, world.now - timedelta(days=31))
    before = everything(world)
    for url in (stop, old, link(world, lead)[:-2], f"{PUBLIC_URL}/preferences/x"):
        assert world.visit(url, method, "do=stop", **FORM)["statusCode"] == 400
    assert everything(world) == before


def test_the_page_escapes_what_the_playbook_and_the_table_say(world: QuickWorld, lead: str) -> None:
    definitions = Definitions()
    body = definitions.live("mailing").body
    topic = {**body["topics"][0], "name": "<b>News</b>", "description": '"><script>'}
    definitions.publish("mailing", "default", {**body, "topics": [topic]}, world.now)
    page = world.visit(link(world, lead))["body"]
    assert "<script>" not in page
    assert "<b>News" not in page
    assert "&lt;b&gt;News" in page


def test_evidence_ends_three_years_after_the_withdrawal_and_not_before(world: QuickWorld, lead: str) -> None:
    assert not [item for item in world.items("consent") if "ttl" in item]
    post(world, lead, f"{DROP}&do=save")
    kept, until = 3 * 366 * 24 * 3600, int(world.now.timestamp()) + 3 * 366 * 24 * 3600
    world.advance(timedelta(minutes=5))  # the retention review follows the opt-out
    ends = {int(item["ttl"]) for item in world.items("consent")}
    assert len(world.items("consent")) == 3
    assert ends == {until}
    assert kept >= 3 * 365.25 * 24 * 3600

    post(world, lead, f"{KEEP}&do=save")
    world.advance(timedelta(minutes=5))
    assert sorted(item["action"] for item in world.items("consent") if "ttl" not in item) == [
        "confirmed",
        "confirmed",
        "requested",
    ]


def test_a_new_opt_in_lifts_a_block_for_soft_bounces_and_a_stop_takes_its_place(world: QuickWorld, lead: str) -> None:
    from sodate.leads.store import StateItem, state_key

    opt_in = next(
        email for email in world.mails_to("taro@example.jp") if dict(email.tags)["purpose"] == "transactional"
    )
    table.update(state_key(lead), [StateItem.blocked.set("soft_bounces")])
    post(world, lead, "do=stop")
    assert world.state(lead)["blocked"] == "unsubscribed"
    assert [item["reason"] for item in world.items("suppression")] == ["unsubscribed"]

    other = world.post({"email": "saburo@example.jp", "name": "n", "company": "c", "title": "部長", "agree": True})
    assert other["statusCode"] == 201
    world.settle()
    waiting = world.lead_id("saburo@example.jp")
    table.update(state_key(waiting), [StateItem.blocked.set("soft_bounces")])
    link_ = world.link(world.mails_to("saburo@example.jp")[-1], "/opt-in/")
    assert world.visit(link_, "POST")["statusCode"] == 200
    assert "blocked" not in world.state(waiting)
    assert world.visit(world.link(opt_in, "/opt-in/"), "POST")["statusCode"] == 200
    assert world.state(lead)["blocked"] == "unsubscribed", "a used link lifts nothing"
