"""The report of played playbooks: nobody is lost between entry, step and end; the same seed gives the same bytes."""

import json
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sodate.authoring.check import check
from sodate.rehearsal.assumptions import Assumptions
from sodate.rehearsal.chance import Chance
from sodate.rehearsal.crowd import imagined
from sodate.rehearsal.definitions import Rehearsed
from sodate.rehearsal.figures import Figures
from sodate.rehearsal.rehearse import Rehearsal, span_of
from sodate.rehearsal.report.difference import difference
from sodate.rehearsal.report.exits import exits_of_node, outcomes
from sodate.rehearsal.report.page import page
from sodate.rehearsal.report.summary import document
from sodate.rehearsal.report.text import sections
from sodate_cli import output

ROOT = Path(__file__).parents[3]
EVERY_KIND = ROOT / "tests" / "functions" / "rehearsed"
SAMPLE = ROOT / "playbooks" / "b2b-ja"
SPAN = span_of(datetime(2026, 12, 1, tzinfo=UTC), 60)
#: Eager people meet every step; there are seminars, which have enrollments of their own.
EAGER = Assumptions.model_validate(
    {
        "emails": {"opened": 70, "clicked": 60, "unsubscribed": 2, "bounced": 1},
        "people": {"fields": {"primary.title": {"部長": 1, "一般": 1}, "primary.employees": {"300-999": 1, "1-49": 1}}},
        "habits": [
            {"activity": "page_viewed", "per_week": 0.5, "about": {"page": ["/", "/pricing"]}},
            {"activity": "seminar_registered", "per_week": 0.2, "about": {"seminar": ["spring", "autumn"]}},
            {"activity": "seminar_attended", "per_week": 0.2, "about": {"seminar": ["spring", "autumn"]}},
        ],
    }
)


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The templates, forms and rules of the sample playbook with scenarios of every kind of step."""
    folder = tmp_path_factory.mktemp("playbook") / "b2b-ja"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("broadcasts", "scenarios"))
    (folder / "scenarios").mkdir()
    shutil.copy(SAMPLE / "scenarios" / "dormant-revival.yaml", folder / "scenarios")
    shutil.copytree(EVERY_KIND, folder, dirs_exist_ok=True)
    return folder


@cache
def played(playbook: Path, seed: int = 1, people: int = 200) -> tuple[Rehearsed, Figures, dict[str, Any]]:
    checked = check(playbook)
    assert checked.ok, checked.problems
    definitions = Rehearsed.of(checked.definitions())
    figures = Rehearsal(definitions, EAGER, SPAN, seed).run(imagined(people, definitions, EAGER, Chance(seed), SPAN))
    return definitions, figures, document(figures, definitions, EAGER, SPAN, seed)


def test_nobody_is_lost_between_entry_and_end(every_kind: Path) -> None:
    shown = played(every_kind)[2]
    assert len([one for one in shown["scenarios"].values() if one["entered"]]) > 5
    for scenario in shown["scenarios"].values():
        assert scenario["entered"] == scenario["inside"] + sum(scenario["ended"].values())
        for step in scenario["steps"]:
            gone = sum(one["enrollments"] for one in step["exits"])
            assert step["came"] == step["inside"] + step["ended_here"] + gone


def test_who_ends_early_ends_by_a_goal_an_exit_or_a_step_of_another_scenario(every_kind: Path) -> None:
    ended_early = 0
    for scenario in played(every_kind)[2]["scenarios"].values():
        reasons = scenario["ended"].items()
        early = sum(count for reason, count in reasons if reason.startswith(("goal:", "exit:", "left_")))
        assert sum(step["ended_here"] for step in scenario["steps"]) == early
        ended_early += early
    assert ended_early > 10


def test_every_outcome_that_the_rehearsal_counts_belongs_to_an_exit(every_kind: Path) -> None:
    definitions, figures, _ = played(every_kind)
    for program in definitions.programs.values():
        counted = outcomes(program, figures.edges)
        for node in program.nodes:
            known = {name for one in exits_of_node(program, node) for name in one.counted}
            assert counted[node.id].keys() <= known


def test_emails_add_up_by_day_hour_source_and_template(every_kind: Path) -> None:
    shown = played(every_kind)[2]
    emails = shown["emails"]
    assert emails["all"] > 200
    for by in ("by_day", "by_hour"):
        assert sum(sum(stack.values()) for stack in emails[by].values()) == emails["all"]
    assert sum(emails["by_source"].values()) == emails["all"]
    assert sum(one["sent"] for one in shown["answers"].values()) == emails["all"]


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(every_kind: Path) -> None:
    first = played(every_kind)[2]
    played.cache_clear()
    again, other = played(every_kind)[2], played(every_kind, seed=2)[2]
    assert json.dumps(again) == json.dumps(first)
    assert page(again) == page(first)
    assert difference(first, again) == "The rehearsal shows no difference.\n"
    assert "different seeds" in difference(first, other)


def test_the_text_of_the_sample_playbook_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    for section in sections(played(SAMPLE)[2]):
        if section.rows:
            output.show_table(section.title, section.columns, section.rows)
        else:
            output.show_letter(section.title, [("", section.sentences, section.entries)])
    assert 30 < len(capsys.readouterr().out.splitlines()) <= 100  # of 80 characters, so that some wrap
