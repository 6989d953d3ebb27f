"""Figure 13: RFC 8058 on every marketing mail that is built, and nothing but a POST ever changes anything."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.functions.quick import QuickWorld

URLENCODED = ({"content-type": "application/x-www-form-urlencoded"}, "List-Unsubscribe=One-Click")
MULTIPART = (
    {"content-type": "multipart/form-data; boundary=b"},
    '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
)


def everything(world: QuickWorld) -> str:
    return json.dumps(world.items(), default=str, sort_keys=True)


def marketing(world: QuickWorld, email: str = "taro@example.jp") -> list[Any]:
    world.advance(timedelta(days=20))
    return [mail for mail in world.mails_to(email) if dict(mail.tags)["purpose"] == "marketing"]


def test_every_marketing_mail_has_both_headers_and_a_visible_link(world: QuickWorld) -> None:
    world.join("taro0@example.jp")
    world.join("taro1@example.jp", "demo", phone="03-1234-5678", message="デモ希望")
    mails = marketing(world, "taro0@example.jp") + marketing(world, "taro1@example.jp")
    assert {dict(mail.tags)["sequence"] for mail in mails} == {"materials-follow-up", "demo-preparation"}
    assert len(mails) >= 4
    for mail in mails:
        headers = dict(mail.headers)
        link = headers["List-Unsubscribe"]
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert (link[0], link[-1], link.count("<")) == ("<", ">", 1)
        assert len(link) <= 995
        assert all("!" <= character <= "~" for character in link)
        assert urlsplit(link[1:-1]).scheme == "https"
        assert link[1:-1] in mail.html
        assert link[1:-1] in mail.text


def test_an_opt_in_mail_is_no_marketing_and_has_no_such_header(world: QuickWorld) -> None:
    world.join()
    (transactional,) = [
        mail for mail in world.mails_to("taro@example.jp") if dict(mail.tags)["purpose"] == "transactional"
    ]
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post"} & dict(transactional.headers).keys()


@pytest.mark.parametrize(("headers", "body"), [URLENCODED, MULTIPART], ids=["urlencoded", "multipart"])
def test_the_one_click_post_of_every_mail_is_answered_in_place(
    world: QuickWorld, headers: dict[str, str], body: str
) -> None:
    lead = world.join()
    for mail in marketing(world):
        answer = world.visit(world.unsubscribe_url(mail), "POST", body, **headers)
        assert answer["statusCode"] == 200
        assert not {"location", "set-cookie"} & {name.lower() for name in answer["headers"]}
    assert world.state(lead)["blocked"] == "unsubscribed"


#: What prefetchers, scanners and previews of links send.
VISITORS = (
    {},
    {"purpose": "prefetch", "sec-purpose": "prefetch;prerender"},
    {"user-agent": "Mozilla/5.0 (compatible; SafeLinks)", "x-moz": "prefetch"},
    {"content-type": "application/x-www-form-urlencoded", "x-http-method-override": "POST"},
)


def test_no_get_or_head_of_any_link_in_any_mail_changes_anything(world: QuickWorld) -> None:
    world.join()
    marketing(world)
    links = {
        link for mail in world.mails_to("taro@example.jp") for link in mail.links if link.startswith("https://mail.")
    }
    assert {urlsplit(link).path.split("/")[1] for link in links} >= {"opt-in", "unsubscribe"}
    before = everything(world)
    for link in sorted(links):
        for method in ("GET", "HEAD"):
            for visitor in VISITORS:
                answer = world.visit(link, method, "List-Unsubscribe=One-Click&do=stop", **visitor)
                assert answer["statusCode"] in (200, 400)
    assert everything(world) == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "post"])
def test_another_method_is_no_route(world: QuickWorld, method: str) -> None:
    world.join()
    (mail, *_) = marketing(world)
    before = everything(world)
    assert world.visit(world.unsubscribe_url(mail), method, URLENCODED[1])["statusCode"] == 404
    assert everything(world) == before
