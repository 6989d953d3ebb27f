"""`sodate lead export|erase|access` and `sodate privacy …`, as people and programs run them."""

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.playbook.store import Definitions
from sodate.privacy.store import put_request
from sodate_cli import leads
from sodate_cli.main import app
from sodate_cli.privacy import commands, lead_commands, parts
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.support.privacy import IMPORTS, LEDGER, SECRET, make_buckets

TARO = "taro@example.jp"


@pytest.fixture(autouse=True)
def _stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    make_buckets()
    for room in (leads, commands, lead_commands):
        monkeypatch.setattr(room, "target", lambda stage: Target("test", "sodate-test", None))
        monkeypatch.setattr(room, "now", lambda where: world.now)
    monkeypatch.setattr(leads, "find_lead", lambda email, where: world.lead_id(email))
    known = {"ErasureLedger": LEDGER, "ImportBucket": IMPORTS, "DlqSendUrl": world.dlq}
    monkeypatch.setattr(parts, "outputs", lambda where: known)
    monkeypatch.setattr(parts, "secret", lambda where, name: {"key": SECRET.decode()})
    for room in (parts, lead_commands):
        monkeypatch.setattr(room, "person", lambda where: "arn:aws:iam::1:user/suzuki")


def run(*arguments: str, code: int = 0, typed: str = "") -> Any:
    done = CliRunner().invoke(app, [*arguments], input=typed)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments and done.stdout else " ".join(done.output.split())


def test_an_export_is_printed_or_written_and_never_overwrites(world: QuickWorld, tmp_path: Path) -> None:
    world.join(TARO)
    printed = run("lead", "export", TARO)
    assert TARO in printed
    file, page = tmp_path / "taro.json", tmp_path / "taro.html"
    run("lead", "export", TARO, "--file", str(file), "--html", str(page), "--language", "en")
    assert json.loads(file.read_text())["format"] == "sodate.lead_export.v1"
    assert "Your data" in page.read_text()
    assert "<script" not in page.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "cannot be written" in run("lead", "export", TARO, "--file", str(file), code=1)


def test_a_page_is_in_japanese_and_runs_nothing_that_a_lead_typed(world: QuickWorld, tmp_path: Path) -> None:
    world.join(TARO, name="<script>alert(1)</script>")
    page = tmp_path / "taro.html"
    run("lead", "export", TARO, "--html", str(page))
    text = page.read_text()
    assert '<html lang="ja">' in text
    assert "フォーム送信" in text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_an_erasure_says_first_what_goes_and_does_nothing_without_a_yes(world: QuickWorld) -> None:
    world.join(TARO)
    before = world.items()
    plan = run("lead", "erase", TARO, "--because", "subject-request", "--plan", "--json")
    assert plan["items"]["profile"] == 1
    assert plan["outside_of_the_table"]["recovery"]
    assert run("lead", "erase", TARO, "--because", "subject-request", "--json", code=1)["items"]
    assert "What will be erased" in run("lead", "erase", TARO, "--because", "subject-request", code=1, typed="n\n")
    assert world.items() == before
    done = run("lead", "erase", TARO, "--because", "subject-request", "--yes", "--json")
    assert done["complete"]
    again = run("lead", "erase", TARO, "--because", "subject-request", "--yes", "--json")
    assert (again["counts"]["items"], again["is_repeat"]) == (0, True)


def test_a_lead_without_an_address_is_named_by_its_id(world: QuickWorld) -> None:
    lead_id = world.join(TARO)
    assert run("lead", "erase", lead_id, "--because", "test", "--yes", "--json")["complete"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("erase", "nobody@example.jp", "--because", "x"), 4, "no lead with the address"),
        (("erase", "not an address", "--because", "x"), 1, "not a mail address"),
        (("erase", TARO, "--because", "he called me"), 1, "write a code"),
        (("export", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), 4, "no lead with the id"),
        (("export", TARO, "--language", "xx"), 1, "write ja or en"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], code: int, said: str) -> None:
    assert said in run("lead", *arguments, code=code)


def test_every_look_at_a_lead_is_logged_without_its_content(world: QuickWorld) -> None:
    lead_id = world.join(TARO)
    for command in ("show", "timeline", "explain", "export"):
        run("lead", command, TARO)
        run("lead", command, TARO)
    rows = run("lead", "access", TARO, "--json")
    assert sorted(row["command"] for row in rows) == ["lead explain", "lead export", "lead show", "lead timeline"]
    assert {row["by"] for row in rows} == {"arn:aws:iam::1:user/suzuki"}
    stored = [item for item in world.items("access") if item["pk"] == f"LEAD#{lead_id}"]
    assert all(item["ttl"] for item in stored)
    assert TARO not in json.dumps(stored, default=str)
    assert "suzuki" in run("lead", "access", TARO)


def test_the_ledger_is_listed_and_replayed(world: QuickWorld) -> None:
    world.join(TARO)
    backup = dict(world.table.items)
    run("lead", "erase", TARO, "--because", "ticket-1", "--yes", "--json")
    (row,) = run("privacy", "erasures", "--json")
    assert (row["because"], row["by"], row["done"]) == ("ticket-1", "arn:aws:iam::1:user/suzuki", True)
    world.table.items = backup
    assert "nothing was done" in run("privacy", "replay-erasures", "--json", code=1)
    (done,) = run("privacy", "replay-erasures", "--yes", "--json")
    assert done["counts"]["items"] > 5
    assert "0 something had come back" in run("privacy", "replay-erasures", "--yes")


def test_two_leads_become_one_and_two_again(world: QuickWorld) -> None:
    new, old = world.join(TARO), world.join("taro@old.example.jp")
    done = run("lead", "merge", TARO, "taro@old.example.jp", "--because", "same-person", "--json")
    assert (done["stays"], done["joins"], done["copied"] > 0) == (new, old, True)
    assert "named by its id" in run("lead", "unmerge", TARO, "taro@old.example.jp", code=1)
    assert run("lead", "unmerge", TARO, old, "--json")["copied"] == done["copied"]
    assert "not merged" in run("lead", "unmerge", TARO, old, code=4)


def test_a_review_lists_and_only_ends_what_the_playbook_says(world: QuickWorld) -> None:
    old = world.join(TARO)
    policy(world, submissions_days=30, inactive_months=6)
    world.now += timedelta(days=200)
    world.join("new@example.jp")
    before = world.items()
    listed = run("privacy", "review", "--json")
    assert (listed["inactive"], listed["ended"], listed["erased"]) == ([old], 2, [])
    assert world.items() == before
    run("privacy", "review", "--apply")
    ends = {item["pk"]: item["ttl"] for item in world.items("submission")}
    assert ends[f"LEAD#{old}"] == int(world.now.timestamp()), "what is overdue ends at once"
    assert run("privacy", "review", "--apply", "--json")["ended"] == 0
    assert world.state(old), "a lead is never erased unless the playbook says so"
    policy(world, inactive_months=6, inactive="erase")
    assert run("privacy", "review", "--json")["erased"] == []
    assert run("privacy", "review", "--apply", "--json")["erased"] == [], "a program says --yes"
    assert run("privacy", "review", "--apply", "--yes", "--json")["erased"] == [old]


def test_requests_of_leads_are_listed_and_carried_out(world: QuickWorld) -> None:
    lead_id = world.join(TARO)
    put_request(lead_id, "erase", world.now)
    (row,) = run("privacy", "requests", "--json")
    assert (row["lead"], row["what"]) == (lead_id, "erase")
    assert run("privacy", "requests", "--erase", "--json"), "nothing without a yes"
    done = run("privacy", "requests", "--erase", "--yes", "--json")
    assert (done["erased"], done["waiting"]) == (1, 0)
    assert run("privacy", "requests", "--json") == []
    assert TARO not in json.dumps(world.items(), default=str)


def test_a_person_erases_nobody_before_the_date_or_who_came_back_and_can_drop_a_request(world: QuickWorld) -> None:
    policy(world, erase_after_days=5)
    leads = [world.join(address) for address in (TARO, "hanako@example.jp")]
    for lead_id in leads:
        put_request(lead_id, "erase", world.now)
    unsubscribe(OptOut(leads[0], "privacy", None, "preference_page"), world.now)
    assert {row["lead"]: row["next"] for row in run("privacy", "requests", "--json")} == {
        leads[0]: "later", leads[1]: "came_back",
    }  # fmt: skip
    assert run("privacy", "requests", "--erase", "--yes", "--json", code=1)["erased"] == 0
    assert run("privacy", "requests", "--drop", leads[1], "--json") == {"dropped": leads[1]}
    assert [row["lead"] for row in run("privacy", "requests", "--json")] == [leads[0]]
    run("privacy", "requests", "--drop", "nobody", code=4)


def policy(world: QuickWorld, **privacy: Any) -> None:
    body = Definitions().live("mailing").body
    Definitions().publish("mailing", "default", {**body, "privacy": {**body["privacy"], **privacy}}, world.now)
