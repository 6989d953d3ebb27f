"""A lead asks for its own data: the page asks, a mailed link acts for a day, a GET changes nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sodate.consent.links import Links
from sodate.playbook.store import Definitions
from sodate.privacy.links import DataLinks
from sodate.signing import Signer

from tests.functions.quick import QuickWorld
from tests.support.privacy import eraser_of, make_buckets
from tests.support.world import PUBLIC_URL, Json

TARO = "taro@example.jp"
FORM = {"content-type": "application/x-www-form-urlencoded"}
SIGNER = Signer(["a-signing-key-of-the-tests"])


def visit(world: QuickWorld, link: str, method: str = "GET", body: str | None = None) -> Json:
    token = link.rsplit("/", 1)[-1]
    event = world.http_event(f"{method} /privacy/{{token}}", {"token": token}, FORM, body, False)
    done: Json = world.call("privacy_pages", event)
    world.settle()
    return done


def mailed(world: QuickWorld) -> list[Any]:
    return [mail for mail in world.mails_to(TARO) if any("/privacy/" in link for link in mail.links)]


@pytest.fixture
def lead(world: QuickWorld) -> str:
    return world.join(TARO)


@pytest.fixture
def asking(world: QuickWorld, lead: str) -> str:
    return DataLinks(PUBLIC_URL, SIGNER).ask(lead, world.now)


def ask(world: QuickWorld, asking: str, what: str) -> str:
    assert visit(world, asking, "POST", f"do={what}")["statusCode"] == 200
    mail = mailed(world)[-1]
    return next(link for link in mail.links if "/privacy/" in link)


def test_the_preference_page_leads_there(world: QuickWorld, lead: str) -> None:
    page = world.visit(Links(PUBLIC_URL, SIGNER).preferences(lead, world.now))["body"]
    link = page.split('href="')[1].split('"')[0]
    assert link.startswith("../privacy/")
    shown = visit(world, link)
    assert (shown["statusCode"], "データの削除を申し込む" in shown["body"]) == (200, True)


def test_an_export_is_downloaded_by_the_mailed_link_only(world: QuickWorld, lead: str, asking: str) -> None:
    link = ask(world, asking, "export")
    before = world.items()
    assert visit(world, link)["statusCode"] == 200
    assert world.items() == before, "a GET changes nothing"
    done = visit(world, link, "POST", "as=json")
    assert "attachment" in done["headers"]["content-disposition"]
    assert json.loads(done["body"])["lead_id"] == lead
    assert "山田太郎" in visit(world, link, "POST", "as=html")["body"]
    assert [one["by"] for one in world.items("access")] == ["the lead"]


def test_the_mailed_link_ends_after_a_day(world: QuickWorld, asking: str) -> None:
    link = ask(world, asking, "export")
    world.now += timedelta(hours=24, seconds=1)
    assert visit(world, link, "POST", "as=json")["statusCode"] == 400


def test_a_request_for_erasure_stops_marketing_at_once_and_waits_for_a_person(
    world: QuickWorld, lead: str, asking: str
) -> None:
    make_buckets()
    link = ask(world, asking, "erase")
    assert world.state(lead).get("blocked") is None, "asking changes nothing yet"
    assert visit(world, link, "POST")["statusCode"] == 200
    assert visit(world, link, "POST")["statusCode"] == 200
    assert world.state(lead)["blocked"] == "unsubscribed"
    (request,) = world.items("privacyrequest")
    assert (request["lead_id"], request["what"]) == (lead, "erase")
    eraser_of(world).erase(lead, "", "self-service", "tester")
    assert not world.items("privacyrequest")
    assert visit(world, link, "POST")["statusCode"] == 400


def test_the_button_sends_a_few_emails_a_day_and_says_the_same_afterwards(world: QuickWorld, asking: str) -> None:
    answers = set()
    for _ in range(8):
        answers.add(visit(world, asking, "POST", "do=export")["body"])
        world.now += timedelta(minutes=5)
    assert len(answers) == 1
    assert len(mailed(world)) == 3


@pytest.mark.parametrize("body", ["", "do=", "do=drop", "do=export%00", "x" * 10_000, "do=erase;drop", "%ff%fe"])
def test_hostile_bodies_do_nothing(world: QuickWorld, asking: str, body: str) -> None:
    before = world.items()
    assert visit(world, asking, "POST", body)["statusCode"] == 200
    assert world.items() == before


def test_a_link_for_one_purpose_works_for_no_other(world: QuickWorld, lead: str, asking: str) -> None:
    preferences = Links(PUBLIC_URL, SIGNER).preferences(lead, world.now)
    for link in (preferences, asking[:-3], asking + "x", "nonsense"):
        assert visit(world, link, "POST", "do=erase")["statusCode"] == 400
    assert visit(world, asking, "POST", "as=json")["headers"].get("content-disposition") is None


def test_what_the_playbook_does_not_offer_is_neither_shown_nor_done(world: QuickWorld, asking: str) -> None:
    link = ask(world, asking, "erase")
    body = Definitions().live("mailing").body
    off = {**body, "privacy": {**body["privacy"], "self_service": {"export": False, "erase": "off"}}}
    Definitions().publish("mailing", "default", off, world.now)
    assert 'name="do"' not in visit(world, asking)["body"]
    assert visit(world, link, "POST")["statusCode"] == 400
    assert not world.items("privacyrequest")


def test_pressing_the_button_twice_in_a_minute_uses_up_one_email_of_the_day(world: QuickWorld, asking: str) -> None:
    for _ in range(2):
        for _ in range(5):
            visit(world, asking, "POST", "do=export")
        world.now += timedelta(minutes=5)
    visit(world, asking, "POST", "do=export")
    assert len(mailed(world)) == 3, "three minutes, three emails"
