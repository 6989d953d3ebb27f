"""`sodate segment`: what its commands show, change and reject."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sodate_cli import segments as command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.functions.test_segments import MANAGERS, READERS, WARM, publish
from tests.support.step_mail import step_mail_playbook
from tests.support.world import TABLE

LIST = {"id": "fair", "title": "展示会"}


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
    monkeypatch.setattr(command, "now", lambda _: world.now)
    monkeypatch.setattr(command, "find_lead", lambda email, _: world.lead_id(email))
    publish(world, MANAGERS, READERS, WARM, LIST)
    world.join("taro@example.jp")
    world.join("hanako@example.jp", title="一般")
    return world


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["segment", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def test_every_segment_is_listed_with_the_number_of_its_members(stage: QuickWorld) -> None:
    found = {row["id"]: (row["kind"], row["members"]) for row in run("list", "--json")}
    assert found == {
        "managers": ("condition", 1),
        "readers": ("condition", 0),
        "warm-managers": ("condition", 1),
        "fair": ("list", 0),
    }


def test_members_are_listed_page_by_page(stage: QuickWorld) -> None:
    for number in range(4):
        stage.join(f"p{number}@example.jp")
    found, cursor = [], None
    while True:
        page = run("members", "managers", "--limit", "2", *(["--after", cursor] if cursor else []), "--json")
        found += [member["email"] for member in page["members"]]
        if (cursor := page["after"]) is None:
            break
    assert sorted(found) == ["p0@example.jp", "p1@example.jp", "p2@example.jp", "p3@example.jp", "taro@example.jp"]
    assert "Nobody is in readers" in run("members", "readers")


def test_a_preview_says_who_would_enter_and_leave_and_why_and_changes_nothing(
    stage: QuickWorld, tmp_path: Path
) -> None:

    step_mail_playbook(tmp_path)
    shutil.rmtree(tmp_path / "playbook" / "scenarios")  # they name segments of the sample
    (tmp_path / "playbook" / "segments.yaml").write_text(
        "segments:\n  - id: managers\n    when: { attribute: primary.title, equals: 一般 }\n"
    )
    before = dict(stage.table.items)
    found = run("preview", "managers", "--playbook", str(tmp_path / "playbook"), "--json")
    assert [found[name] for name in ("leads", "members", "entering", "leaving")] == [2, 1, 1, 1]
    assert found["sample"][0]["reasons"] == {"primary.title is 一般": True}
    assert {one["email"]: one["enters"] for one in found["moving"]} == {
        "hanako@example.jp": True,
        "taro@example.jp": False,
    }
    assert stage.table.items == before
    assert "would enter" in run("preview", "managers")


def test_the_overlap_of_two_segments(stage: QuickWorld) -> None:
    found = run("overlap", "managers", "warm-managers", "--json")
    assert found == {"managers": 1, "warm-managers": 1, "both": 1, "only managers": 0, "only warm-managers": 0}


def test_a_list_is_changed_by_hand_and_a_condition_is_not(stage: QuickWorld) -> None:
    run("add", "fair", "hanako@example.jp")
    stage.settle()
    assert {row["id"]: row["members"] for row in run("list", "--json")}["fair"] == 1
    stage.now += timedelta(minutes=1)
    run("remove", "fair", "hanako@example.jp")
    stage.settle()
    assert {row["id"]: row["members"] for row in run("list", "--json")}["fair"] == 0
    assert "has a condition" in run("add", "managers", "hanako@example.jp", code=1)


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["members", "nobody"], "known: managers", 4),
        (["members", "managers", "--after", "x"], "the cursor", 1),
        (["overlap", "managers", "x"], "there is no segment 'x'", 4),
        (["preview", "x"], "there is no segment 'x'", 4),
    ],
)
def test_what_cannot_be_found_is_said(stage: QuickWorld, arguments: list[str], says: str, code: int) -> None:
    assert says in run(*arguments, code=code)
