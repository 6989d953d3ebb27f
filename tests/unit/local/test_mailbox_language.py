"""The mailbox page speaks Japanese or English: as asked on the page, else as the browser asks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sodate_cli.local.server import LocalServices
from sodate_cli.local.web import Request, Response

HOST = {"host": "localhost"}


@pytest.fixture
def services(tmp_path: Path) -> LocalServices:
    services = LocalServices(tmp_path)
    services.simulator.identities = ("example.jp",)
    return services


@pytest.fixture
def mail(services: LocalServices) -> str:
    body = {"Html": {"Data": "<p>本文</p><a href='https://www.example.jp/x'>A</a>"}, "Text": {"Data": "本文"}}
    request: dict[str, Any] = {
        "FromEmailAddress": "news@example.jp",
        "Content": {"Simple": {"Subject": {"Data": "ご案内"}, "Body": body}},
        "Destination": {"ToAddresses": ["taro@example.jp"]},
    }
    return services.simulator.send_email(request)


def get(services: LocalServices, path: str, headers: Mapping[str, str] | None = None, **query: str) -> Response:
    return services.router.answer(
        Request("GET", path, {name: [value] for name, value in query.items()}, {**HOST, **(headers or {})})
    )


@pytest.mark.parametrize(("header", "language"), [
    ("ja", "ja"), ("ja-JP,ja;q=0.9,en;q=0.8", "ja"), ("en-US,en;q=0.9", "en"), ("fr-FR, ja;q=0.5", "ja"),
    ("", "en"), ("*", "en"), ("x;" * 500, "en"),
])  # fmt: skip
def test_the_page_is_in_the_first_language_of_the_browser_that_there_is(
    header: str, language: str, services: LocalServices
) -> None:
    shown = get(services, "/", {"accept-language": header}).body.decode()
    assert f'<html lang="{language}">' in shown
    assert ("まだメールがありません" in shown) is (language == "ja")


def test_a_choice_on_the_page_wins_and_is_remembered(services: LocalServices) -> None:
    english = {"accept-language": "en"}
    answer = get(services, "/", english, lang="ja")
    assert '<html lang="ja">' in answer.body.decode()
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert '<html lang="ja">' in get(services, "/", {**english, "cookie": cookie}).body.decode()
    assert "Set-Cookie" not in get(services, "/", english).headers


@pytest.mark.parametrize("asked", ["../../etc/passwd", "<script>", "de", "JA", "", "\r\nSet-Cookie: x=1"])
def test_another_language_is_not_read_and_nothing_of_it_is_shown(asked: str, services: LocalServices) -> None:
    answer = get(services, "/", lang=asked, headers={"cookie": f'lang="{asked}"'})
    assert '<html lang="en">' in answer.body.decode()
    assert answer.headers.get("Set-Cookie", "lang=en").startswith("lang=en")


@pytest.mark.parametrize("view", ["html", "text", "headers", "events"])
def test_nothing_of_the_japanese_page_is_in_english(view: str, services: LocalServices, mail: str) -> None:
    services.actions.bounce(mail)
    english, japanese = (get(services, f"/mail/{mail}", lang=one, view=view).body.decode() for one in ("en", "ja"))
    words = {">Reply<", ">Complain", ">Bounce", "Headers", "Events", "link in", "Nothing here", "mails"}
    page = japanese.partition("<script>")[0]
    assert {word for word in words if word in page} == set()
    assert {word for word in words if word in english} >= words - {"Events"}


def test_what_was_done_is_said_in_the_language_and_told_to_programs_in_english(
    services: LocalServices, mail: str
) -> None:
    request = Request("POST", f"/mail/{mail}/open", {}, {**HOST, "accept-language": "ja"})
    location = services.router.answer(request).headers["Location"]
    assert "開きました" in unquote(location)
    assert services.actions.open(mail).startswith("opened")


def test_new_mails_are_said_in_the_language_of_the_page(services: LocalServices, mail: str) -> None:
    shown = get(services, "/", lang="ja").body.decode()
    assert 'data-one="新着メール 1 通"' in shown
    assert 'data-more="新着メール # 通"' in shown
    assert "配達" in get(services, "/list", {"cookie": "lang=ja"}).body.decode()
