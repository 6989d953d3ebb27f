"""A step with leads at it cannot disappear from a scenario unless its file says what becomes of them."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sodate.authoring.apply import apply_directory
from sodate.authoring.check import check
from sodate.authoring.plan import make_plan
from sodate.dynamodb import table
from sodate.leads.contact_state import ContactState, Enrollment, Visit
from sodate.leads.store import state_item
from sodate.playbook.problem import PlaybookInvalid
from sodate.playbook.store import Definitions
from sodate.scenarios.programs import live_program
from sodate_cli import scenarios as scenario_command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.support.tables import moto_table

SAMPLE = Path(__file__).parents[2] / "playbooks" / "b2b-ja"
NOW = datetime(2026, 11, 27, 0, 0, tzinfo=UTC)
TABLE = "removed-steps"
MISSED = "  - id: missed\n    send: webinar-3-missed\n"


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a published scenario, in a playbook that was applied."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(scenario_command, "target", lambda _: Target("test", TABLE, None))
    with moto_table(TABLE):
        playbook = Path(shutil.copytree(SAMPLE, tmp_path / "playbook"))
        apply_directory(playbook, now=NOW)
        yield playbook / "scenarios/webinar.yaml"


def lead_at(step: str, number: int = 1, *, name: str = "webinar#spring") -> None:
    """A lead at this step of the live version."""
    live = live_program(Definitions(), "webinar")
    index = live.index_of(step)
    assert index is not None
    enrollment = Enrollment(f"e{number}", live.version, index, NOW.isoformat(), live.end, Visit(1, 0))
    table.put(state_item(ContactState(f"lead-{number}", "", enrollments={name: enrollment})))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def without_missed(scenario: Path) -> None:
    edit(scenario, MISSED, "")
    edit(scenario, "on_timeout: missed", "on_timeout: end")


def refusal(scenario: Path) -> str:
    with pytest.raises(PlaybookInvalid) as caught:
        apply_directory(scenario.parents[1], now=NOW)
    assert Definitions().live("sequence", "webinar").version == 1, "nothing was written"
    assert [str(one) for one in caught.value.problems] == [str(one) for one in planned(scenario).refused]
    return str(caught.value)


def planned(scenario: Path) -> Any:
    return make_plan(check(scenario.parents[1]), NOW)


def test_a_step_with_leads_at_it_is_refused_with_the_place_the_number_and_what_to_do(scenario: Path) -> None:
    lead_at("missed", 1)
    lead_at("missed", 2)
    without_missed(scenario)
    said = refusal(scenario)
    line = scenario.read_text(encoding="utf-8").splitlines().index("steps:") + 1
    assert f"scenarios/webinar.yaml:{line}: steps: leads are at step `missed` (2)" in said
    assert "keep the step" in said and "`missed: <another step>`, `end`, or `stay`" in said


def test_a_wait_that_is_part_of_an_email_is_named_by_its_own_id(scenario: Path) -> None:
    edit(scenario, MISSED, "  - id: pause\n    wait: { days: 2, at: '10:00' }\n" + MISSED)
    edit(scenario, "on_timeout: missed", "on_timeout: pause")
    apply_directory(scenario.parents[1], now=NOW)
    lead_at("pause")
    edit(scenario, "  - id: pause\n    wait: { days: 2, at: '10:00' }\n", "")
    edit(scenario, MISSED, "")
    edit(scenario, "on_timeout: pause", "on_timeout: end")
    assert [one.message for one in planned(scenario).refused] == [
        "leads are at step `pause` (1), which the file no longer has"
    ]


@pytest.mark.parametrize("at", ["attended", None])
def test_a_step_that_nobody_is_at_may_go(scenario: Path, at: str | None) -> None:
    if at is not None:
        lead_at(at)
    lead_at("missed", 2, name="another#spring")
    without_missed(scenario)
    apply_directory(scenario.parents[1], now=NOW)
    assert Definitions().live("sequence", "webinar").version == 2


def test_leads_of_a_version_before_the_live_one_count(scenario: Path) -> None:
    """The step went while nobody was at it, and then a lead came to it; the next version must say something."""
    lead_at("attends")
    without_missed(scenario)
    apply_directory(scenario.parents[1], now=NOW)
    enrollment = {"webinar#spring": Enrollment("e1", 1, 4, NOW.isoformat(), 6, Visit(2, 0))}
    table.put(state_item(ContactState("lead-1", "", enrollments=enrollment)))
    assert planned(scenario).refused == [], "an unchanged scenario is not asked again"
    edit(scenario, "ウェビナーの前後", "ウェビナー")
    assert ["`missed` (1)" in one.message for one in planned(scenario).refused] == [True]


@pytest.mark.parametrize("target", ["attended", "end", "stay"])
def test_a_declared_step_may_go_and_the_migration_does_as_declared(scenario: Path, target: str) -> None:
    lead_at("missed")
    without_missed(scenario)
    edit(scenario, "\nsteps:", f"\nremoved_steps: {{ missed: {target} }}\nsteps:")
    apply_directory(scenario.parents[1], now=NOW)
    done = CliRunner().invoke(app, ["scenario", "migrate", "webinar", "--preview", "--json"])
    assert json.loads(done.stdout)["steps"] == [{"version": 1, "step": "missed", "to": target, "leads": 1}]
    done = CliRunner().invoke(app, ["scenario", "migrate", "webinar", "--json"])
    moved = json.loads(done.stdout)
    assert moved == {{"attended": "moved", "end": "ended", "stay": "left_on_its_version"}[target]: 1}


def test_leads_of_each_version_are_shown_until_the_last_one_is_through(scenario: Path) -> None:
    lead_at("attends", 1)
    lead_at("attends", 2)
    edit(scenario, "ウェビナーの前後", "ウェビナー")
    apply_directory(scenario.parents[1], now=NOW)
    lead_at("attended", 4)

    def shown() -> Any:
        return json.loads(CliRunner().invoke(app, ["scenario", "leads", "webinar", "--json"]).stdout)

    steps = [{"version": 1, "step": "attends", "leads": 2}, {"version": 2, "step": "attended", "leads": 1}]
    assert shown() == {"live": 2, "steps": steps}
    Definitions().retire("sequence", "webinar", NOW)
    assert shown() == {"live": None, "steps": steps}
    assert CliRunner().invoke(app, ["scenario", "leads", "nope"]).exit_code == 4


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ("gone: atended", "removed_steps.gone: there is no step `atended` (did you mean `attended`?)"),
        ("attended: end", "`attended` is in `removed_steps`, too"),
    ],
)
def test_check_finds_a_declaration_that_means_nothing(scenario: Path, declared: str, says: str) -> None:
    edit(scenario, "\nsteps:", f"\nremoved_steps: {{ {declared} }}\nsteps:")
    assert [says in str(one) for one in check(scenario.parents[1]).problems] == [True]


def test_the_commands_refuse_before_they_ask(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lead_at("missed")
    without_missed(scenario)
    where = [str(scenario.parents[1]), "--table", TABLE, "--region", "ap-northeast-1"]

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["playbook", *arguments, *where])

    plan, apply, unasked = run("plan"), run("apply"), run("apply", "--yes", "--json")
    assert (plan.exit_code, apply.exit_code, unasked.exit_code) == (1, 1, 1)
    assert all("leads are at step `missed` (1)" in one.output for one in (plan, apply, unasked))
    assert "Publish this?" not in apply.output
    (said,) = json.loads(run("plan", "--json").stdout)["refused"]
    assert (said["rule"], said["file"]) == ("step-has-leads", "scenarios/webinar.yaml")
