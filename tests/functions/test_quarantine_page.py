"""The link of the daily email: somebody of the company sees the doubtful posts and makes the real ones leads."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sodate.consent.store import consents_of
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.forms.store import quarantined
from sodate.leads.store import load_state

from tests.functions.quick import QuickWorld
from tests.functions.test_quarantine_announcement import NINE, ROBOT, WEB, publish, robots
from tests.support.world import Json

ROUTE = "/quarantine/{token}"
HTML = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html", "accept-language": "ja"}


@pytest.fixture
def token(world: QuickWorld) -> str:
    publish()
    robots(world, 2)
    world.call("report_email", {})
    found = re.search(r"/quarantine/([^\s\"]+)", world.mails_to(WEB)[-1].text)
    assert found is not None
    return found[1]


def visit(world: QuickWorld, token: str, method: str = "GET", body: str | None = None) -> Json:
    event = world.http_event(f"{method} {ROUTE}", {"token": token}, HTML, body, False)
    answer: Json = world.call("form_capture", event)
    return answer


def ids(page: str) -> list[str]:
    return re.findall(r'name="id" value="([^"]+)"', page)


def test_the_page_shows_who_wrote_what_and_why_it_waits_and_opening_it_changes_nothing(
    world: QuickWorld, token: str
) -> None:
    page = visit(world, token)["body"]
    assert "確認待ちのフォーム送信(2件)" in page
    assert "robot0@example.jp" in page and "氏名" in page and "2026-11-25 06:00" in page, "in the company's zone"
    assert "人には見えない欄に記入がありました。" in page
    assert world.items("profile") == []
    assert len(ids(visit(world, token)["body"])) == 2


def test_a_post_becomes_a_lead_by_its_button_once(world: QuickWorld, token: str) -> None:
    newest = ids(visit(world, token)["body"])[0]
    for _ in range(2):
        page = visit(world, token, "POST", urlencode({"id": newest}))["body"]
        assert "リードにしました" in page
        assert "(1件)" in page and newest not in page
    (lead,) = world.items("profile")
    assert lead["primary"]["company"] == "会社"
    assert [bool(item.released) for item in quarantined(world.now)].count(True) == 1


@pytest.mark.parametrize("body", ["", "id=", "id=nothing", "id=%00&id=2", "&" * 900, "id=" + "x" * 5000])
def test_a_post_that_names_nothing_changes_nothing(world: QuickWorld, token: str, body: str) -> None:
    assert visit(world, token, "POST", body)["statusCode"] == 200
    assert world.items("profile") == []


def test_a_link_of_another_kind_an_old_one_and_a_cut_one_show_nothing(world: QuickWorld, token: str) -> None:
    other = world.app.secrets.signer().sign("sales-feedback", {}, world.now, timedelta(days=1))
    for wrong in (other, token[:-3], "x"):
        for method in ("GET", "POST"):
            answer = visit(world, wrong, method, "id=1")
            assert answer["statusCode"] == 400
            assert "robot" not in answer["body"]
    world.now = NINE + timedelta(days=8)
    assert "有効期限が切れています" in visit(world, token)["body"]


def test_a_post_of_a_form_that_was_changed_says_so_and_stays(world: QuickWorld, token: str) -> None:
    body = dict(world.app.definitions.live("form", "request-materials").body)
    fields = [{**field, "required": True} if field["name"] == "phone" else field for field in body["fields"]]
    world.app.definitions.publish("form", "request-materials", {**body, "fields": fields}, world.now)
    world.new_process()
    (newest, _) = ids(visit(world, token)["body"])
    page = visit(world, token, "POST", urlencode({"id": newest}))["body"]
    assert "フォームが変更または終了された" in page
    assert world.items("profile") == []
    assert newest in visit(world, token)["body"]


def test_a_closed_form_releases_nothing(world: QuickWorld, token: str) -> None:
    body = dict(world.app.definitions.live("form", "request-materials").body)
    world.app.definitions.publish("form", "request-materials", {**body, "status": "closed"}, world.now)
    world.new_process()
    (newest, _) = ids(visit(world, token)["body"])
    assert "フォームが変更または終了された" in visit(world, token, "POST", urlencode({"id": newest}))["body"]
    assert world.items("profile") == []


def quarantined_tick(world: QuickWorld, email: str) -> str:
    answer = world.post({**ROBOT, "email": email, "agree": True})
    assert answer["statusCode"] == 200
    return quarantined(world.now)[-1].submission_id


def test_a_tick_of_before_an_opt_out_asks_for_nothing_when_it_is_released(world: QuickWorld, token: str) -> None:
    lead_id = world.join("taro@example.jp")
    world.settle()
    post = quarantined_tick(world, "taro@example.jp")
    world.now += timedelta(minutes=5)
    unsubscribe(OptOut(lead_id, "send-1", None, "one_click"), world.now)
    world.now += timedelta(hours=2)
    mails = len(world.mails_to("taro@example.jp"))
    assert "リードにしました" in visit(world, token, "POST", urlencode({"id": post}))["body"]
    world.settle()
    assert len(world.mails_to("taro@example.jp")) == mails
    assert load_state(lead_id).blocked == "unsubscribed"
    assert consents_of(lead_id)[-1].action == "withdrawn"


def test_a_tick_beside_other_words_is_no_consent_to_the_live_ones(world: QuickWorld, token: str) -> None:
    post = quarantined_tick(world, "taro@example.jp")
    body = dict(world.app.definitions.live("form", "request-materials").body)
    other = {**body, "consent": {**body["consent"], "wording": "ほかの会社にも渡します"}}
    world.app.definitions.publish("form", "request-materials", other, world.now)
    world.new_process()
    page = visit(world, token)["body"]
    assert "チェックあり" in page and "True" not in page
    assert "フォームが変更または終了された" in visit(world, token, "POST", urlencode({"id": post}))["body"]
    assert world.items("consent") == []
