"""Feedback of sales through its link: each entry is recorded once, as an activity; a GET records nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.functions.sales import (
    FEEDBACK,
    SATO,
    SLACK,
    TEAMS,
    activities,
    answer,
    become_hot,
    feedback_link,
    sales,
    signals,
)
from tests.support.world import Json, World


@pytest.fixture
def link(world: World) -> str:
    sales(world, channels={"slack": SLACK, "teams": TEAMS})
    become_hot(world, "taro")
    (mail,) = world.mails_to("sato@example.jp")
    return feedback_link(mail.text)


def taro(world: World) -> str:
    return world.lead_id("taro@example.jp")


def types(world: World) -> list[str]:
    """What sales said; that a deal was opened follows of it (`test_deals.py`)."""
    return [a["type"] for a in activities(world, taro(world)) if a["type"] != "deal_opened"]


def test_the_whole_process_from_hot_to_won(world: World, link: str) -> None:
    """Hot → owner → email, Slack and Teams → click → accepted → meeting → won, all in the lead's log."""
    slack, teams = (json.loads(post.body) for post in world.webhooks)
    card = teams["attachments"][0]["content"]
    assert feedback_link(card["actions"][0]["url"]).startswith("https://mail.example.jp/sales/feedback/")
    assert "/sales/feedback/" in slack["blocks"][-1]["text"]["text"]
    page = answer(world, link, method="GET", **{"accept-language": "ja"})
    assert page["statusCode"] == 200
    assert all(words in page["body"] for words in ("例示株式会社", "山田太郎", "佐藤 美咲", "料金ページ", "引き受ける"))
    assert "taro@example.jp" not in page["body"]
    for body, label in (
        ("answer=accepted&id=first", "引き受ける"),
        ("answer=meeting_set", "商談を設定した"),
        ("answer=won&amount=1%2C200%2C000&currency=JPY&note=%E5%84%AA%E5%85%88", "受注した"),
    ):
        done = answer(world, link, body, **{"accept-language": "ja"})
        assert (done["statusCode"], f"「{label}」を記録しました" in done["body"]) == (200, True)
    world.settle()
    assert types(world) == ["sales_accepted", "meeting_set", "deal_won"]
    (won,) = (a["about"] for a in activities(world, taro(world)) if a["type"] == "deal_won")
    assert (won["amount"], won["currency"], won["owner"]) == (1_200_000, "JPY", "sato")
    assert "優先" not in json.dumps(won, default=str), "the note is no part of the log"
    (signal,) = signals(world, taro(world))
    assert (signal["feedback"], len(signal["feedback_entries"])) == ("won", 3)
    assert "優先" in str(signal["feedback_entries"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_get_changes_nothing(world: World, link: str, method: str) -> None:
    def stored() -> list[Json]:
        return [one for one in world.items() if one["kind"] != "access"]  # who looked is noted, and no state of ours

    before = stored()
    for _ in range(3):
        shown = answer(world, link, method=method)
        assert shown["statusCode"] == 200
        assert (shown["body"] == "") == (method == "HEAD")
    assert stored() == before
    headers = answer(world, link, method=method)["headers"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


def test_the_same_answer_twice_is_one_activity_and_a_reload_says_so(world: World, link: str) -> None:
    for expected in ("Recorded: I take it", "Recorded before: I take it"):
        assert expected in answer(world, link, "answer=accepted&id=first")["body"]
    again = answer(world, link, {"answer": "won", "amount": 5, "currency": "JPY"})
    assert json.loads(again["body"])["status"] == "recorded"
    repeat = answer(world, link, {"answer": "won", "amount": 5, "currency": "JPY"})
    assert json.loads(repeat["body"])["status"] == "already_recorded"
    assert "Recorded before" in answer(world, link, "answer=accepted&id=first")["body"], "a reload after more answers"
    assert types(world) == ["sales_accepted", "deal_won"]
    assert signals(world, taro(world))[0]["feedback"] == "won"


def test_a_contradiction_is_recorded_and_shows_the_previous_feedback(world: World, link: str) -> None:
    answer(world, link, {"answer": "lost", "reason": "price"})
    recorded = json.loads(answer(world, link, {"answer": "won", "amount": 0, "currency": "USD"})["body"])
    assert (recorded["status"], recorded["before"]) == ("recorded", "lost")
    page = answer(world, link, "answer=lost&reason=price&id=later")
    assert "The answer before it was: Won." in page["body"]
    world.settle()
    assert types(world) == ["deal_lost", "deal_won", "deal_lost"]


def test_an_accepted_lead_gets_a_link_for_the_months_of_a_deal(world: World, link: str) -> None:
    later = json.loads(answer(world, link, {"answer": "accepted"})["body"])["link"]
    world.now += timedelta(days=100)
    assert answer(world, link, method="GET")["statusCode"] == 400
    assert answer(world, later, method="GET")["body"].count(later.rsplit("/", 1)[-1]) == 5, (
        "a GET does not extend the link"
    )
    assert (
        json.loads(answer(world, later, {"answer": "won", "amount": 1, "currency": "JPY"})["body"])["status"]
        == "recorded"
    )


def test_the_link_of_a_deal_ends_with_its_days_for_any_number_of_answers(world: World, link: str) -> None:
    world.now += timedelta(days=13)
    later = json.loads(answer(world, link, {"answer": "accepted"})["body"])["link"]
    world.now += timedelta(days=166)
    renewed = json.loads(answer(world, later, {"answer": "meeting_set"})["body"])["link"]
    assert answer(world, renewed, method="GET")["statusCode"] == 200
    world.now += timedelta(days=1)
    assert answer(world, renewed, method="GET")["statusCode"] == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "answer"),
        ({"answer": "maybe"}, "answer"),
        ({"answer": ["won", "lost"]}, "answer"),
        ({"answer": "rejected"}, "reason"),
        ({"answer": "rejected", "reason": "price"}, "reason"),
        ({"answer": "accepted", "reason": "no-fit"}, "reason"),
        ({"answer": "won", "currency": "JPY"}, "amount"),
        ({"answer": "won", "amount": -1}, "amount"),
        ({"answer": "won", "amount": 10**12 + 1}, "amount"),
        ({"answer": "won", "amount": 1.5}, "amount"),
        ({"answer": "won", "amount": True}, "amount"),
        ({"answer": "won", "amount": "1e3"}, "amount"),
        ({"answer": "won", "amount": "9" * 90}, "amount"),
        ({"answer": "won", "amount": 1, "currency": "yen"}, "currency"),
        ({"answer": "accepted", "amount": 3}, "amount"),
        ({"answer": "accepted", "note": "x" * 1001}, "note"),
        ({"answer": "accepted", "note": {"a": 1}}, "note"),
        ({"answer": "accepted", "id": "a b"}, "id"),
        ({"answer": "accepted", "lead": "x"}, "unknown_field"),
    ],
)
def test_invalid_feedback_is_rejected_by_field_and_records_nothing(
    world: World, link: str, body: Any, field: str
) -> None:
    rejected = answer(world, link, body)
    assert rejected["statusCode"] == 422
    assert field in json.loads(rejected["body"])["error"]["fields"]
    assert types(world) == []


@pytest.mark.parametrize(
    ("body", "status"), [("", 422), ("answer=won&amount=abc", 422), ("%%%", 422), ("x" * 70_000, 413), ("[1]", 422)]
)
def test_a_broken_form_gets_a_page_or_an_error_and_records_nothing(
    world: World, link: str, body: str, status: int
) -> None:
    assert answer(world, link, body)["statusCode"] == status
    assert types(world) == []


def test_a_broken_json_body_is_a_400_and_an_unknown_kind_a_415(world: World, link: str) -> None:
    assert answer(world, link, "{", **{"content-type": "application/json"})["statusCode"] == 400
    assert answer(world, link, "x", **{"content-type": "text/csv"})["statusCode"] == 415


def test_forged_foreign_and_expired_links_open_nothing(world: World, link: str) -> None:
    world.join("hanako@example.jp")
    foreign = world.link(world.mails_to("hanako@example.jp")[0], "/opt-in/")
    for bad in (link[:-1] + ("A" if link[-1] != "A" else "B"), link + "A", foreign, link[:-10], "x" * 3000, "%00"):
        assert answer(world, bad, method="GET")["statusCode"] == 400
        rejected = answer(world, bad, {"answer": "accepted"})
        assert (rejected["statusCode"], json.loads(rejected["body"])["error"]["code"]) == (422, "link_broken")
    world.now += timedelta(days=14, seconds=1)
    shown = answer(world, link, method="GET", **{"accept-language": "ja"})
    assert (shown["statusCode"], "有効期限" in shown["body"]) == (400, True)
    assert answer(world, link, "answer=accepted")["statusCode"] == 400
    assert json.loads(answer(world, link, {"answer": "accepted"})["body"])["error"]["code"] == "link_expired"
    assert types(world) == []


def test_a_link_names_one_signal_of_one_lead(world: World, link: str) -> None:
    other = become_hot(world, "jiro")
    answer(world, link, {"answer": "accepted"})
    assert [len(activities(world, lead)) for lead in (taro(world), other)] == [1, 0]


def test_a_link_of_an_erased_lead_has_ended(world: World, link: str) -> None:
    for key in [key for key in world.table.items if key[0] == f"LEAD#{taro(world)}"]:  # type: ignore[attr-defined]
        del world.table.items[key]  # type: ignore[attr-defined]
    assert answer(world, link, method="GET")["statusCode"] == 400
    assert answer(world, link, "answer=accepted")["statusCode"] == 400
    assert answer(world, link, {"answer": "accepted"})["statusCode"] == 404


def test_more_than_fifty_answers_are_rejected(world: World, link: str) -> None:
    statuses = [answer(world, link, {"answer": "accepted", "id": f"n{n}"})["statusCode"] for n in range(52)]
    assert statuses == [200] * 50 + [409] * 2
    assert answer(world, link, "answer=meeting_set")["statusCode"] == 409


def test_a_rejected_lead_returns_to_nurturing_after_its_days(world: World) -> None:
    sales(world, SATO, feedback=FEEDBACK, recycle={"too-early": {"sequence": "materials-follow-up", "after_days": 30}})
    become_hot(world, "taro")
    link = feedback_link(world.mails_to("sato@example.jp")[0].text)
    answer(world, link, {"answer": "rejected", "reason": "too-early"})
    world.settle()
    world.advance(timedelta(days=29))
    assert world.state(taro(world))["enrollments"] == {}
    world.advance(timedelta(days=2))
    assert "materials-follow-up" in world.state(taro(world))["enrollments"]
    assert signals(world, taro(world))[0]["recycled"] == "materials-follow-up"
    world.advance(timedelta(days=5))
    assert world.mails_to("taro@example.jp"), "the sequence goes out again"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [({"blocked": "unsubscribed"}, "blocked:unsubscribed"), ({"topics": {"product-news": "withdrawn"}}, "no_consent")],
)
def test_a_lead_that_may_not_be_emailed_is_not_recycled_and_the_signal_says_why(
    world: World, change: Any, outcome: str
) -> None:
    from boto3.dynamodb.types import TypeSerializer

    sales(world, SATO, feedback=FEEDBACK, recycle={"no-fit": {"sequence": "materials-follow-up", "after_days": 3}})
    become_hot(world, "taro")
    link = feedback_link(world.mails_to("sato@example.jp")[0].text)
    answer(world, link, {"answer": "rejected", "reason": "no-fit"})
    state = world.table.items[f"LEAD#{taro(world)}", "STATE"]  # type: ignore[attr-defined]
    state |= {name: TypeSerializer().serialize(value) for name, value in change.items()}
    world.advance(timedelta(days=4))
    assert world.state(taro(world))["enrollments"] == {}
    assert signals(world, taro(world))[0]["recycled"] == outcome


def test_later_feedback_stops_the_recycling(world: World) -> None:
    sales(world, SATO, feedback=FEEDBACK, recycle={"no-fit": {"sequence": "materials-follow-up", "after_days": 3}})
    become_hot(world, "taro")
    link = feedback_link(world.mails_to("sato@example.jp")[0].text)
    answer(world, link, {"answer": "rejected", "reason": "no-fit"})
    answer(world, link, {"answer": "accepted"})
    world.advance(timedelta(days=4))
    assert world.state(taro(world))["enrollments"] == {}
    assert "recycled" not in signals(world, taro(world))[0]


def test_names_are_escaped_on_the_page(world: World) -> None:
    sales(world, talks=[{"say": "{company} の {name} 様、{{x}}".replace("{{x}}", "お元気ですか")}])
    become_hot(world, "eve", company='"><script>alert(1)</script>', name="{company}<img src=x onerror=y>")
    link = feedback_link(world.mails_to("sato@example.jp")[0].text)
    body = answer(world, link, method="GET")["body"]
    assert "<script" not in body
    assert "<img" not in body
    assert "&lt;script&gt;" in body
    assert "{company}&lt;img" in body, "a stranger's braces are no placeholder"


def test_whoever_opens_the_link_is_noted_as_its_owner_once_a_minute(world: World, link: str) -> None:
    for _ in range(3):
        answer(world, link, method="GET")
    noted = [(one["by"], one["command"]) for one in world.items("access")]
    assert noted == [("owner:sato", "feedback page")]
    answer(world, link[:-3], method="GET")
    assert len(world.items("access")) == 1
