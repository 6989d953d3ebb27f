"""`sodate scenario rehearse` and `sodate playbook plan --rehearse`: what they show and reject."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sodate_cli import rehearse as command
from sodate_cli import target
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld, quick_world
from tests.support.world import PLAYBOOK, TABLE

SMALL = ("--start", "2026-12-01", "--synthetic", "80", "--days", "40")
SAMPLE = ("--playbook", str(PLAYBOOK))


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["scenario", "rehearse", *arguments])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else " ".join(done.output.split())


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PLAYBOOK, tmp_path / "changed"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_everything_published_is_played_and_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    page = tmp_path / "deep" / "page.html"
    first = run(*SAMPLE, *SMALL, "--json", "--html", str(page))
    assert first == run(*SAMPLE, *SMALL, "--json")
    assert first != run(*SAMPLE, *SMALL, "--json", "--seed", "2")
    document = json.loads(first)
    assert {"welcome", "webinar", "materials-follow-up", "onboarding"} <= document["scenarios"].keys()
    assert document["emails"]["all"] > 80
    assert document["assumptions"]["people"]["existing"] == 40
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "Look at this" in run(*SAMPLE, *SMALL)


def test_everything_in_the_sample_happens_to_some_of_a_thousand_people() -> None:
    document = json.loads(run(*SAMPLE, "--synthetic", "1000", "--days", "90", "--start", "2026-12-01", "--json"))
    assert len(document["scenarios"]) == 8
    assert min(one["entered"] for one in document["scenarios"].values()) > 0
    assert document["emails"]["by_source"].keys() >= document["scenarios"].keys() | {"monthly-news"}
    assert [
        one for one in document["look_at"] if one["finding"] in ("nobody_entered", "dead_step", "goal_missed")
    ] == []
    (experiment,) = [one["experiments"] for one in document["broadcasts"].values()]
    assert len(experiment) == 3, "the first Fridays of three months"


def test_a_draft_takes_part_when_it_is_named(changed: Path) -> None:
    edit(changed / "scenarios" / "welcome.yaml", "status: published", "status: draft")
    arguments = ("--playbook", str(changed), *SMALL, "--json")
    assert "welcome" not in json.loads(run(*arguments))["scenarios"]
    assert json.loads(run("welcome", *arguments))["scenarios"]["welcome"]["entered"] > 0
    assert "there is no scenario or sequence `welcom`" in run("welcom", *arguments, code=1)


def test_a_change_is_shown_as_a_difference_and_no_change_as_none(changed: Path) -> None:
    against = ("--playbook", str(changed), "--against", str(PLAYBOOK), *SMALL)
    assert "no difference" in run(*against).lower()
    edit(changed / "playbook.yaml", "at_most: 4", "at_most: 1")
    shown = run(*against)
    assert shown.startswith("**The rehearsal differs")
    assert "cap:week" in shown
    assert "--against prints markdown" in run(*against, "--json", code=2)


def test_people_come_from_a_file_and_a_wrong_file_is_named_with_line_and_column(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_bytes("primary.title,form,time_zone\n部長,request-materials,Asia/Tokyo\n課長,,\n".encode("cp932"))
    arguments = (*SAMPLE, "--start", "2026-12-01", "--leads", str(people), "--json")
    assert json.loads(run(*arguments))["people"]["all"] == 2
    for text, problem in (
        ("title,form\n部長,demo\n", "people.csv:1: column 'title'"),
        ("primary.title,time_zone\n部長,Tokyo\n", "people.csv:2: unknown time zone 'Tokyo'"),
        ("primary.title\n部長,2\n", "people.csv:2: the row has 2 cells, the header has 1"),
        ("", "is empty"),
    ):
        people.write_text(text, encoding="utf-8")
        assert problem.replace(" ", "") in run(*arguments, code=1).replace(" ", "")  # lines are wrapped anywhere
    assert "cannot read" in run(*SAMPLE, "--leads", str(tmp_path / "none.csv"), code=1)
    assert "write a number of days from 1d to 730d" in run(*SAMPLE, "--from-log", "0d", code=2)
    assert "give either --leads or --from-log" in run(*SAMPLE, "--leads", str(people), "--from-log", "9", code=2)


def test_an_unsound_playbook_is_not_played(changed: Path) -> None:
    edit(changed / "rehearsal.yaml", "request-materials: 4", "nothing: 4")
    shown = run("--playbook", str(changed), *SMALL, code=1)
    assert "there is no form `nothing`" in shown


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as world:
        monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
        monkeypatch.setattr(command, "now", lambda _: world.now)
        monkeypatch.setattr(target, "connect", lambda *_, **__: Target("test", "of your own", None))
        yield world


def test_the_leads_of_a_stage_take_part_with_the_rates_of_its_log(stage: QuickWorld) -> None:
    for name in ("taro", "hanako", "jiro"):
        stage.join(f"{name}@example.jp")
    stage.advance(timedelta(days=3))
    mail = next(one for one in stage.mails_to("taro@example.jp") if one.tags["purpose"] == "marketing")
    stage.ses.simulator.open(mail.message_id)
    unmailable = {"email": "ユーザー@例.jp", "name": "渡辺", "company": "例示", "title": "部長", "agree": True}
    assert stage.post(unmailable)["statusCode"] == 202
    stage.settle()
    document = json.loads(run(*SAMPLE, "--from-log", "30d", "--days", "40", "--json"))
    assert document["people"]["all"] == 4
    assert not any("eai" in reason for reason in document["people"]["opt_outs"]), "blocked before the rehearsal"
    assert document["assumptions"]["emails"]["opened"] == pytest.approx(16.667)  # one of six emails
    assert document["assumptions"]["emails"]["clicked"] == 0


def test_a_plan_shows_the_difference_from_what_is_live(stage: QuickWorld, changed: Path) -> None:
    edit(changed / "sequences" / "materials-follow-up.yaml", "business_days: 7", "business_days: 3")
    done = CliRunner().invoke(app, ["playbook", "plan", str(changed), "--rehearse"])
    assert done.exit_code == 0, done.output
    assert "materials-follow-up" in done.stdout
