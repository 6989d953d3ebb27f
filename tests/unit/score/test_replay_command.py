"""`sodate score replay` and `diff` over a file: what they say, that a killed run goes on, and what they refuse."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sodate.scoring.replay import replay
from sodate.scoring.rules import RuleSet
from sodate_cli import score
from sodate_cli.leadfile import read_file
from sodate_cli.main import app
from typer.testing import CliRunner

from tests.support.population import lines

SAMPLE = Path(__file__).parents[3] / "playbooks" / "b2b-ja" / "rules.yaml"
AT = "2026-11-20T00:00+00:00"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("people") / "items.jsonl"
    path.write_text("".join(lines(300, 12)), encoding="utf-8")
    return path


def run(*arguments: str | Path, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["score", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments and done.stdout else done.output


def softer(tmp_path: Path) -> Path:
    body = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    body["hot"] = {"threshold": 100, "cool_below": 80}
    path = tmp_path / "softer.yaml"
    path.write_text(yaml.safe_dump(body, allow_unicode=True), encoding="utf-8")
    return path


def test_a_replay_counts_every_lead_once(people: Path) -> None:
    found = run("replay", "--from", people, "--rules", SAMPLE, "--as-of", AT, "--json")
    assert (found["leads"], found["activities"], found["differ"]) == (300, 3600, 300)
    assert sum(found["ranks"].values()) == sum(found["phases"].values()) == 300
    engine = score.ScoringEngine(RuleSet.model_validate(yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))))
    score_states = [replay(case, engine, datetime.fromisoformat(AT)) for case, _ in read_file(people)]
    assert found["hot"] == sum(score_state.hot for score_state in score_states) > 0
    assert sum(found["calls"].values()) == sum(len(score_state.rises) for score_state in score_states)


def test_as_of_an_earlier_day_less_is_known(people: Path) -> None:
    early = run("replay", "--from", people, "--rules", SAMPLE, "--as-of", "2026-02-01", "--json")
    late = run("replay", "--from", people, "--rules", SAMPLE, "--as-of", AT, "--json")
    assert early["hot"] < late["hot"]


def test_a_diff_names_the_people(people: Path, tmp_path: Path) -> None:
    arguments = ("--from", people, "--rules", softer(tmp_path), "--against", SAMPLE, "--as-of", AT, "--json")
    found = run("diff", *arguments)
    before, after = found["before"], found["after"]
    assert before["hot"] - len(found["stops_being_hot"]) + len(found["becomes_hot"]) == after["hot"] < before["hot"]
    assert sum(found["ranks"].values()) == 300
    assert sum(found["sources"].values()) == len(found["stops_being_hot"]) + len(found["becomes_hot"])
    assert found["calls_a_week"]["after"] < found["calls_a_week"]["before"]
    run("diff", *arguments[:-1], "--most-moved", "0.01", code=1)
    text = run("diff", *arguments[:-1])
    assert "Stop being hot" in text
    assert "01POP" in text


def test_the_same_rules_change_nobody(people: Path) -> None:
    found = run("diff", "--from", people, "--rules", SAMPLE, "--against", SAMPLE, "--as-of", AT, "--json")
    assert (found["moved"], found["becomes_hot"], found["stops_being_hot"]) == (0, [], [])


@pytest.mark.parametrize("dies_at", [1, 100, 101, 299])
def test_a_killed_run_goes_on_where_it_was(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    monkeypatch.setattr(score, "CHECKPOINT_EVERY", 50)
    arguments = ["diff", "--from", people, "--rules", softer(tmp_path), "--against", SAMPLE, "--as-of", AT, "--json"]
    whole = run(*arguments)
    arguments += ["--checkpoint", tmp_path / "kept.json"]
    real, seen = score.Comparison.add, list[str]()

    def killed(self: Any, case: Any, *rest: Any) -> None:
        if len(seen) == dies_at:
            raise KeyboardInterrupt
        seen.append(case.profile.lead_id)
        real(self, case, *rest)

    monkeypatch.setattr(score.Comparison, "add", killed)
    CliRunner().invoke(app, ["score", *map(str, arguments)])
    monkeypatch.setattr(score.Comparison, "add", real)
    assert run(*arguments) == whole
    assert not (tmp_path / "kept.json").exists()


def test_a_checkpoint_of_another_run_is_refused(people: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"settings": {"what": "diff"}, "position": 0, "figures": {}}))
    text = run("replay", "--from", people, "--rules", SAMPLE, "--as-of", AT, "--checkpoint", kept, code=1)
    assert "belongs to another run" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json\n", "line 1: this is no item"),
        ('{"Item": {"pk": {"S": "LEAD#1"}}}\n', "line 1: this is no item"),
        ('{"pk": {"S": "LEAD#1"}, "sk": {"S": "PROFILE"}}\n', "lead 1 has an item that cannot be read"),
        ("[]\n", "line 1: this is no item"),
    ],
)
def test_a_file_that_is_none_says_where(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    assert message in " ".join(run("replay", "--from", path, "--rules", SAMPLE, code=1).split())


def test_wrong_rules_and_times_are_named(people: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("hot: {threshold: 5, cool_below: 9}\nrules: []\nphases: [{id: a, label: A}]\n")
    assert "wrong.yaml:1" in run("replay", "--from", people, "--rules", wrong, code=1).replace("\n", "")
    missing = run("replay", "--from", tmp_path / "none", "--rules", SAMPLE, code=1)
    assert "does not exist" in " ".join(missing.split())
    assert "write it as" in run("replay", "--from", people, "--rules", SAMPLE, "--as-of", "yesterday", code=1)
    assert "leave out" in run("replay", "--from", people, "--rules", SAMPLE, "--write", code=1)
