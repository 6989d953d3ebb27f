"""`sodate template test`: the live version to seed contacts, in a key space of its own, counted nowhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from sodate.playbook.store import Definitions
from sodate_cli import templates as command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.support.broadcasting import add_member, publish, send_tests_to
from tests.support.world import TABLE

TOPIC = "product-news"


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
    monkeypatch.setattr(command, "now", lambda _: world.now)
    monkeypatch.setattr(command, "person", lambda _: "editor")
    monkeypatch.setattr(command, "find_lead", lambda email, _: world.lead_id(email))
    send_tests_to(world, monkeypatch)
    publish(world.now, TOPIC)
    return world


def run(*arguments: Any, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["template", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def test_a_test_send_changes_nothing_but_its_own_item(stage: QuickWorld, tmp_path: Path) -> None:
    add_member("taro", topic=TOPIC)
    (tmp_path / "lead.yaml").write_text("primary: { name: 花子 }\n", encoding="utf-8")
    stage.settle()
    before = {item["pk"] + item["sk"]: item for item in stage.items()}
    (answer,) = run("test", "news", "--to", "taro@example.jp", "--lead", tmp_path / "lead.yaml", "--json")
    assert answer == {"address": "taro@example.jp", "answer": "accepted", "reason": ""}
    (mail,) = stage.mails_to("taro@example.jp")
    assert mail.subject == "[TEST] News for 花子"
    stage.ses.simulator.click(mail.message_id, "https://example.jp/cases")
    stage.ses.simulator.complain(mail.message_id)
    assert stage.visit(stage.unsubscribe_url(mail), "POST")["statusCode"] >= 400
    stage.settle()
    after = {item["pk"] + item["sk"]: item for item in stage.items()}
    changed = {key for key in after if after[key] != before.get(key)}
    # `coverage` counts reports that arrive, of any email.
    assert {after[key]["kind"] for key in changed} == {"templatetest", "rate_limiter", "coverage"}
    assert "taro@example.jp" not in json.dumps([after[key] for key in changed], default=str)
    found = run("results", "news", "--json")
    assert found["versions"] == []
    assert [(one["version"], one["sent_by"], one["accepted"]) for one in found["tests"]] == [(1, "editor", 1)]
    assert "Latest test sends" in run("results", "news")


def test_an_opt_in_email_is_tested_with_a_link_that_confirms_nobody(stage: QuickWorld) -> None:
    run("test", "confirm-materials", "--to", "me@example.jp")
    (mail,) = stage.mails_to("me@example.jp")
    assert mail.subject.startswith("[TEST] ") and "List-Unsubscribe" not in dict(mail.headers)
    assert stage.visit(stage.link(mail, "/opt-in/"), "POST")["statusCode"] >= 400


def test_seed_contacts_are_the_addresses_unless_others_are_given(stage: QuickWorld) -> None:
    assert "seed_contacts" in run("test", "news", code=1)
    mailing = {**Definitions().live("mailing").body, "seed_contacts": ["seed@example.jp"]}
    Definitions().publish("mailing", "default", mailing, stage.now)
    run("test", "news")
    assert len(stage.mails_to("seed@example.jp")) == 1
    many = [part for number in range(21) for part in ("--to", f"a{number}@example.jp")]
    assert "1 to 20 addresses" in run("test", "news", *many, code=1)


def test_an_unknown_template_and_one_that_cannot_be_filled_in_send_nothing(stage: QuickWorld) -> None:
    assert "no live template named" in run("test", "nws", "--to", "me@example.jp", code=4)
    publish(stage.now, TOPIC)
    body = {**Definitions().live("template", "news").body, "subject": "{{ lead.company }}"}
    Definitions().publish("template", "news", body, stage.now)
    assert "lead.company" in run("test", "news", "--to", "me@example.jp", code=1)
    assert stage.mails_to("me@example.jp") == []


def test_the_command_ends_with_one_when_ses_refuses(stage: QuickWorld) -> None:
    stage.ses.simulator.account.sending_enabled = False
    assert "accepted" not in run("test", "news", "--to", "me@example.jp", code=1)
