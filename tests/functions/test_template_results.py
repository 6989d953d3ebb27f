"""`sodate template results`: counted from the ledger and the logs, whatever is delivered twice."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sodate.activities.catalog import ActivityVerdict
from sodate.activities.store import activities_of
from sodate.broadcasts.store import runs_of
from sodate.dynamodb import keys
from sodate.scoring.correct import judge
from sodate_cli import templates as command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.support.broadcasting import TEMPLATE, add_member, publish_approved
from tests.support.world import TABLE

TOPIC = "product-news"
LINK = "https://example.jp/cases?for={{ lead.email | url_encode }}"
NAMES = ("taro", "hanako", "jiro", "sabu")


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
    monkeypatch.setattr(command, "now", lambda _: world.now)
    monkeypatch.setitem(TEMPLATE, "html", f'<a href="{LINK}">news</a><a href="{{{{ unsubscribe_url }}}}">stop</a>')
    for name in NAMES:
        add_member(name, topic=TOPIC)
    publish_approved(world.now, TOPIC)
    world.advance(timedelta(hours=4))
    return world


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["template", "results", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def only(*arguments: str) -> dict[str, Any]:
    (version,) = run("news", *arguments, "--json")["versions"]
    return {name: value for name, value in version.items() if value}


def email(stage: QuickWorld, name: str) -> Any:
    return stage.mails_to(f"{name}@example.jp")[-1]


def test_each_figure_counts_emails_however_often_an_event_comes(stage: QuickWorld) -> None:
    simulator = stage.ses.simulator
    for name in ("taro", "hanako"):
        mail = email(stage, name)
        for _ in range(2):
            simulator.open(mail.message_id)
            simulator.click(mail.message_id, f"https://example.jp/cases?for={name}%40example.jp")
            stage.now += timedelta(seconds=1)
    stage.visit(stage.unsubscribe_url(email(stage, "jiro")), "POST")
    simulator.complain(email(stage, "sabu").message_id)
    stage.settle()
    clicks = [one.key for one in activities_of("hanako") if one.type == "mail_clicked"]
    for key in clicks:
        judge("hanako", key, ActivityVerdict.ROBOT, stage.now)
    before = only()
    assert before == {
        "version": 1, "sent": 4, "delivered": 4, "opened": 2, "clicked": 1, "clicked_by_robots_only": 1,
        "clicked_robot_share": 0.5,
        "complained": 1, "unsubscribed": 1, "still_open": 4,
        "links": [{"link": LINK, "clicked": 1, "clicked_by_robots_only": 1}],
    }  # fmt: skip
    shown = run("news")
    assert "clicked │ 1 │ 25.0 % │ 1 │" in re.sub(r"\s+", " ", shown) and "Clicks" in shown


def test_versions_are_apart_and_may_be_asked_for(stage: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TEMPLATE, "subject", "Again")
    publish_approved(stage.now, TOPIC, id="second", once="2026-11-24T18:00")
    stage.advance(timedelta(hours=4))
    assert len(runs_of("second")) == 1
    found = run("news", "--json")["versions"]
    assert [(one["version"], one["sent"]) for one in found] == [(1, 4), (2, 4)]
    assert only("--version", "2")["version"] == 2


def test_only_emails_sent_in_the_time_count(stage: QuickWorld) -> None:
    at = "2026-11-24T05:30"
    assert only("--until", at)["sent"] == 4
    assert run("news", "--since", at, "--json")["versions"] == []
    assert "No email of it was sent" in run("news", "--since", at)
    assert "write it as" in run("news", "--since", "yesterday", code=1)


def test_an_email_that_was_not_sent_and_an_unknown_template_are_no_results(stage: QuickWorld) -> None:
    sent = next(one for one in stage.items("send") if one["pk"] == keys.lead("taro"))
    stage.table.put({**stage.table.items[sent["pk"], sent["sk"]], "state": {"S": "failed"}, "rank": {"N": "22"}})
    assert only()["sent"] == 3
    assert "did you mean `news`?" in run("nws", code=4)


def test_a_log_that_cannot_be_read_is_said_and_not_skipped(stage: QuickWorld) -> None:
    key = (keys.lead("taro"), "ACT#2026-11-24T06:00:00.000Z#broken")
    stage.table.put({"pk": {"S": key[0]}, "sk": {"S": key[1]}, "kind": {"S": "activity"}})
    assert "lead taro has an item that cannot be read" in run("news", code=1)
