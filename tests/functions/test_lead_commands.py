"""`sodate lead show|timeline|explain` as people read them; `--json` keeps UTC and the names of before."""

import json
import re
from typing import Any

import pytest
from sodate.errors import Transient
from sodate_cli import leads
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld

PYTHON = re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|[{}\[\]]|'")


@pytest.fixture
def typed(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> str:
    """An address whose domain is mailed in punycode; its lead posted a form and confirmed."""
    address = "taro@例え.jp"
    answers = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}
    assert world.post({"email": address, **answers}, "request-materials")["statusCode"] == 201
    world.settle()
    (mail,) = world.mails_to("taro@xn--r8jz45g.jp")
    assert world.visit(world.link(mail, "/opt-in/"), "POST")["statusCode"] == 200
    world.settle()
    monkeypatch.setattr(leads, "target", lambda stage: Target("test", "sodate-test", None))
    monkeypatch.setattr(leads, "find_lead", lambda email, where: world.lead_id(email))
    monkeypatch.setattr(leads, "now", lambda where: world.now)
    return address


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(app, ["lead", *arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


@pytest.mark.parametrize("command", ["show", "timeline", "explain"])
def test_people_read_no_python_and_see_the_address_as_it_is_mailed(command: str, typed: str) -> None:
    shown = run(command, typed)
    assert not PYTHON.search(shown), shown
    assert "taro@xn--r8jz45g.jp (typed as taro@例え.jp)" in " ".join(shown.split())
    assert "Asia/Tokyo" in shown
    assert "UTC" not in shown


def test_programs_get_the_document_as_before(world: QuickWorld, typed: str) -> None:
    show, explain = run("show", typed, "--json"), run("explain", typed, "--json")
    assert (show["email"], show["email_as_typed"]) == ("taro@xn--r8jz45g.jp", typed)
    assert (show["hot"], show["totals"]["all"]["attribute_plus"]) == (False, 20)
    assert set(explain) == {"state", "score", "phases", "told", "mails", "next"}
    assert run("timeline", typed, "--json")[0]["at"] == f"{world.now:%Y-%m-%dT%H:%M:%S}Z"


def test_the_explanation_says_who_why_and_what_comes_next(typed: str) -> None:
    letter = " ".join(run("explain", typed).split())
    who = "taro@xn--r8jz45g.jp (typed as taro@例え.jp)"
    assert letter.startswith(f"About {who} (times: Asia/Tokyo) {who} is in phase ")
    for said in (
        "with 30 points: rank ",
        "It is not hot. What is missing to be hot: ",
        "Why this score +20 by attributes and +10 by behaviour. - +20 役職が部長以上 - +10 資料を請求: 2026-11-24",
        "Sales has not been notified of this lead.",
        "Marketing email may be sent (topics: product-news). Consent: product-news: confirmed.",
        "- 2026-11-24 11:00 confirm-materials: delivered",
        "- 2026-11-25 10:00 step first-steps of sequence 資料請求後のフォロー(3通) (materials-follow-up)",
    ):
        assert said in letter, said
    assert "\n┃" not in letter


def test_the_explanation_is_in_the_readers_language(typed: str) -> None:
    done = CliRunner().invoke(app, ["--language", "ja", "lead", "explain", typed])
    letter = " ".join(done.output.split())

    assert done.exit_code == 0, letter
    for said in (
        "について(時刻: Asia/Tokyo)",
        "フェーズで 30 点です。",
        "スコアの理由",
        "属性で +20、行動で +10 です。",
        "このリードは営業に知らせていません。",
        "マーケティングメールを送れます(トピック: product-news)。",
        "ステップメール 資料請求後のフォロー(3通) (materials-follow-up) のステップ first-steps",
    ):
        assert said in letter, letter
    english = re.search(r"[A-Z][a-z]+ [a-z]+ [a-z]+", letter)
    assert english is None, english


def test_times_are_utc_and_say_so_when_the_time_zone_cannot_be_read(
    typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise Transient("DynamoDB does not answer")

    monkeypatch.setattr("sodate_cli.times.Definitions.live", silent)
    assert "time (UTC)" in run("timeline", typed)
