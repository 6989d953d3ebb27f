"""What people read on the pages: the words they agreed to, the topic by its name, and what they can do next."""

import json
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from sodate.playbook.store import Definitions

from tests.functions.quick import QuickWorld
from tests.functions.sales import activities, answer, become_hot, feedback_link, sales
from tests.functions.test_consent_pages import ask
from tests.support.world import Json

HTML = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html", "accept-language": "ja"}


def form_body(world: QuickWorld) -> Json:
    return dict(world.app.definitions.live("form", "request-materials").body)


def mailing(world: QuickWorld, **more: object) -> None:
    body = {**world.app.definitions.live("mailing").body, **more}
    Definitions().publish("mailing", "default", body, world.now)
    world.new_process()


def test_the_opt_in_page_shows_the_sender_the_topics_and_the_words_of_the_version_that_was_agreed_to(
    world: QuickWorld,
) -> None:
    form = form_body(world)
    agreed = form["consent"]["wording"]
    link = ask(world)
    changed = {**form, "title": "新しい題", "consent": {**form["consent"], "wording": "ほかの会社にも渡します"}}
    Definitions().publish("form", "request-materials", changed, world.now)
    world.new_process()
    body = world.visit(link)["body"]
    assert agreed in body
    assert f"「{form['title']}」" in body
    topic = world.app.definitions.live("mailing").body["topics"][0]
    assert topic["name"] in body and topic["description"] in body
    assert world.app.definitions.live("mailing").body["sender"]["name"] in body.partition("</h1>")[0]
    assert "ほかの会社にも渡します" not in body


def test_words_whose_digest_is_not_the_evidence_are_not_shown(world: QuickWorld) -> None:
    link = ask(world)
    (request,) = [item for item in world.items("consent") if item["action"] == "requested"]
    key = (request["pk"], request["sk"])
    world.table.items[key] = {**world.table.items[key], "wording_digest": {"S": "0" * 32}}
    body = world.visit(link)["body"]
    assert form_body(world)["consent"]["wording"] not in body
    assert "登録を確定する" in body


def test_the_unsubscribe_page_names_the_topic_and_offers_the_preferences_for_30_days(world: QuickWorld) -> None:
    world.join()
    world.advance(timedelta(days=1))
    url = str(world.mails_to("taro@example.jp")[-1].unsubscribe_url)
    topic = world.app.definitions.live("mailing").body["topics"][0]["name"]
    body = world.visit(url)["body"]
    assert f"「{topic}」のメールだけ" in body
    base, _, rest = body.partition('href="../preferences/')[2].partition('"')
    assert rest and world.visit(f"{url.split('/unsubscribe/')[0]}/preferences/{base}")["statusCode"] == 200
    world.now += timedelta(days=30)
    assert "../preferences/" not in world.visit(url)["body"], "the link lives for years, the page's for 30 days"
    assert "../preferences/" not in world.visit(url, "POST", "scope=all", **HTML)["body"]


def change_form(world: QuickWorld, **changes: object) -> None:
    Definitions().publish("form", "request-materials", {**form_body(world), **changes}, world.now)
    world.new_process()


class Again(HTMLParser):
    """What a browser would send from the page, and the reason tied to each control."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self._tied: dict[str, str] = {}
        self._inside = ("", "")
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if "aria-describedby" in found:
            self._tied[found["aria-describedby"]] = name
        if tag == "input" and ("checked" in found or found["type"] != "checkbox"):
            self.fields[name] = found["value"]
        if tag == "select":
            self._inside = ("select", name)
        if tag == "option" and "selected" in found:
            self.fields[self._inside[1]] = found["value"]
        if tag == "textarea":
            self.fields[name] = ""
            self._inside = ("textarea", name)
        if found.get("id") in self._tied:
            self._inside = ("reason", self._tied[found["id"]])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("textarea", "p", "select"):
            self._inside = ("", "")

    def handle_data(self, data: str) -> None:
        kind, name = self._inside
        if kind == "reason":
            self.reasons[name] = self.reasons.get(name, "") + data
        if kind == "textarea":
            self.fields[name] += data.removeprefix("\n")


def test_a_wrong_form_is_shown_again_with_what_was_sent_and_each_reason_tied_to_its_field(world: QuickWorld) -> None:
    change_form(world, redirects=["https://www.example.jp/thanks"])
    sent = {
        "email": "taro＠example", "name": "山田 \"太郎\"</textarea>", "title": "部長", "agree": "on",
        "_page_url": "https://www.example.jp/form", "_submission_id": "11111111-2222", "_utm_source": "google",
    }  # fmt: skip
    answer = world.post(urlencode(sent), **HTML)
    assert answer["statusCode"] == 422
    again = Again(answer["body"])
    assert again.reasons == {
        "email": "メールアドレスの形で入力してください(例: taro@example.jp)。", "company": "入力してください。"
    }  # fmt: skip
    assert {name: again.fields[name] for name in sent} == {**sent, "agree": "true"}
    assert form_body(world)["consent"]["wording"] in answer["body"]
    assert answer["headers"]["referrer-policy"] == "same-origin", "else the browser posts without an origin"
    assert "form-action 'self' https:;" in answer["headers"]["content-security-policy"]

    corrected = {**again.fields, "email": "taro@example.jp", "company": "例示株式会社"}
    own = {"origin": "https://api.example.jp", "host": "api.example.jp"}
    done = world.post(urlencode(corrected), **HTML, **own)
    assert (done["statusCode"], done["headers"]["location"]) == (303, "https://www.example.jp/thanks")
    world.settle()
    (lead,) = world.items("profile")
    assert lead["primary"]["company"] == "例示株式会社"
    assert lead["source"]["utm_source"] == "google"


def with_field(world: QuickWorld, **field: object) -> None:
    change_form(world, fields=[*form_body(world)["fields"], field])


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ({"minimum": 1, "maximum": 1234567}, "1から1,234,567までの数字で入力してください。"),
        ({"minimum": 1000000}, "1,000,000以上の数字で入力してください。"),
        ({"maximum": 0.5}, "0.5以下の数字で入力してください。"),
    ],
)
def test_the_ends_of_a_number_are_said_as_a_person_writes_them(
    world: QuickWorld, ends: dict[str, float], said: str
) -> None:
    with_field(world, name="budget", type="number", label="予算", **ends)
    value = "-1" if "minimum" in ends else "99"
    assert said in world.post(urlencode({"email": "x", "budget": value}), **HTML)["body"]


def test_a_wrong_value_that_no_person_sees_is_left_out_and_the_form_can_be_sent(world: QuickWorld) -> None:
    with_field(world, name="product", type="hidden", choices=[{"value": "a", "label": "a"}])
    sent = {"email": "taro@example.jp", "name": "山田", "company": "例示", "title": "部長", "product": "zz"}
    answer = world.post(urlencode(sent), **HTML)
    assert answer["statusCode"] == 422
    assert "外しました" in answer["body"]
    again = Again(answer["body"]).fields
    assert "product" not in again
    assert world.post(urlencode(again), **HTML)["statusCode"] in (200, 303)


@pytest.mark.parametrize(
    ("changes", "body", "headers", "status", "said"),
    [
        ({"status": "closed"}, "email=x", {}, 404, "ページが見つかりません"),
        ({}, "email=x", {"origin": "https://evil.example"}, 403, "送信できませんでした"),
        ({}, "email=%FF", {}, 400, "処理できませんでした"),
        ({}, "x" * 70_000, {}, 413, "長すぎます"),
    ],
)
def test_a_person_without_javascript_gets_a_page_whatever_goes_wrong(
    world: QuickWorld, changes: dict[str, object], body: str, headers: dict[str, str], status: int, said: str
) -> None:
    change_form(world, **changes)
    answer = world.post(body, **HTML, **headers)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (status, "text/html; charset=utf-8")
    assert said in answer["body"]
    as_json = world.post(body, **{**HTML, "accept": "*/*"}, **headers)
    assert (as_json["statusCode"], "error" in json.loads(as_json["body"])) == (status, True), "a program gets JSON"


def test_the_page_of_another_site_posts_no_form(world: QuickWorld) -> None:
    for origin in ("https://evil.example", "null", "http://api.example.jp", "https://api.example.jp.evil.example"):
        answer = world.post(urlencode({"email": "x"}), **HTML, origin=origin, host="api.example.jp")
        assert answer["statusCode"] == 403, origin


def test_a_tick_that_was_not_made_is_not_made_by_the_page(world: QuickWorld) -> None:
    for value in ("", "off", "いいえ"):
        assert "agree" not in Again(world.post(urlencode({"email": "x", "agree": value}), **HTML)["body"]).fields


def test_a_form_with_a_captcha_is_not_shown_again_as_the_check_needs_a_script(world: QuickWorld) -> None:
    change_form(world, bots={"captcha": "turnstile"})
    body = world.post(urlencode({"email": "no address", "name": "山田"}), **HTML)["body"]
    assert "メールアドレスの形で入力してください" in body and "「戻る」" in body
    assert "<form" not in body and "#field-" not in body


def test_a_name_that_the_form_does_not_have_is_said_and_not_sent_again(world: QuickWorld) -> None:
    for wrong in ({"<svg onload=x>": "1"}, {"_odd": "1"}):
        body = world.post(urlencode({"email": "taro@example.jp", **wrong}), **HTML)["body"]
        assert "このフォームにない項目です" in body and "<svg" not in body
        assert Again(body).fields["email"] == "taro@example.jp"
        assert not set(wrong) & set(Again(body).fields)


def test_the_brand_is_on_each_page_and_only_its_logo_may_be_loaded(world: QuickWorld) -> None:
    logo = {"url": "https://cdn.example.jp/a/logo.png?v=2", "width": 120, "height": 40}
    links = [{"label": "プライバシーポリシー", "url": "https://www.example.jp/privacy"}]
    mailing(world, brand={"color": "#D9480F", "logo": logo, "links": links})
    link = ask(world)
    wrong = world.post(urlencode({"email": "x"}), **HTML)
    for shown in (world.visit(link), world.visit(link, "POST"), world.visit(link + "x"), wrong):
        assert 'src="https://cdn.example.jp/a/logo.png?v=2" width="120" height="40"' in shown["body"]
        assert "--brand:#d9480f" in shown["body"]
        assert "プライバシーポリシー" in shown["body"]
        policy = shown["headers"]["content-security-policy"]
        assert "img-src https://cdn.example.jp;" in policy
        assert policy.startswith("default-src 'none'")


def test_a_stored_mailing_of_before_has_no_brand_and_pages_are_shown(world: QuickWorld) -> None:
    mailing(world)
    answer = world.visit(ask(world))
    assert answer["statusCode"] == 200
    assert "img-src" not in answer["headers"]["content-security-policy"]


def test_the_feedback_page_says_score_and_reasons_by_weight_and_what_happens_next(world: QuickWorld) -> None:
    recycle = {"too-early": {"sequence": "welcome-series", "after_days": 30}}
    Definitions().publish("sequence", "welcome-series", _with_title(world), world.now)
    sales(world, recycle=recycle)
    world.new_process()
    lead = become_hot(world, "taro")
    (mail,) = world.mails_to("sato@example.jp")
    body = answer(world, feedback_link(mail.text), method="GET")["body"]
    assert "79" in body and "検討" in body
    assert "30 days: はじめての方へ" in body
    assert body.count('<button type="submit">') == 1, "one button stands out"
    assert '<select name="currency"><option value="JPY">' in body
    assert lead not in body
    assert 'href="https://mail.example.jp/sales/feedback/' in mail.html and '#accepted"' in mail.html
    assert activities(world, lead) == []


def _with_title(world: QuickWorld) -> Json:
    sequences = world.app.definitions.all_live("sequence")
    return {**sequences[0].body, "id": "welcome-series", "title": "はじめての方へ"}
