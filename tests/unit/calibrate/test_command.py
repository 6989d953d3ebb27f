"""The command line: files written, one JSON document, exit codes, and nothing heavy imported by other commands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from calibration.base import base_of_file
from calibration.ruleset import to_yaml
from sodate.authoring.check import check
from sodate_cli.main import app
from typer.testing import CliRunner

from tests.support.history import history

FAST = ["--folds", "3", "--repeats", "1", "--max-rules", "8"]


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["score", "calibrate", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return (
        history(1500)
        .with_column("<b>&", ["x", "y", "<script>"] * 500)
        .write(tmp_path_factory.mktemp("command") / "h.csv")
    )


def test_json_is_one_document_and_the_files_are_written(outcomes: Path, tmp_path: Path, root: Path) -> None:
    rules, report = tmp_path / "rules.yaml", tmp_path / "report.html"
    code, out, _ = run(
        "--outcomes", outcomes, "--out", rules, "--report", report, "--json", *FAST, "--call-cost", 5, "--deal-value",
        20, "--base", root / "playbooks" / "b2b-ja",
    )  # fmt: skip
    said = json.loads(out)
    assert code == 0
    assert said["auc"]["mean"] > 0.7
    assert said["compared"]["live_rule_set"] == 0.5, "the sample playbook knows nothing of these attributes"
    assert {"not-learnt", "phases"} <= {one["kind"] for one in said["warnings"]}
    assert len(said["lift_by_decile"]) == 10
    assert sum(one["won"] for one in said["lift_by_decile"]) == said["won"]
    html = report.read_text()
    assert html.count("<svg") == 3
    assert "<script" not in html and "http" not in html.replace("http://www.w3.org", "").replace("http://purl.org", "")
    assert _checked(rules, root, tmp_path) == []


def _checked(rules: Path, root: Path, tmp_path: Path) -> list[str]:
    """Errors that `sodate playbook check` finds in the rules, in the sample playbook with the fields of their head."""
    import shutil

    copy = shutil.copytree(root / "playbooks" / "b2b-ja", tmp_path / "playbook")
    text = rules.read_text()
    (copy / "rules.yaml").write_text(text)
    declared = [line.removeprefix("# ") for line in text.partition("# fields:")[2].splitlines() if line[:1] == "#"]
    with (copy / "playbook.yaml").open("a") as playbook:
        playbook.write("\n".join(declared))  # its last key is `fields`
    return [str(problem) for problem in check(copy, {}).problems if problem.severity == "error"]


def test_people_get_tables(outcomes: Path) -> None:
    code, out, err = run("--outcomes", outcomes, *FAST)
    assert code == 0
    assert all(word in out for word in ("AUC", "Rules", "Tenths", "Warnings"))
    assert "Traceback" not in err


def test_what_is_wrong_ends_with_words_and_a_code(outcomes: Path, tmp_path: Path) -> None:
    assert run("--outcomes", tmp_path / "none.csv")[0] == 1
    code, out, err = run("--outcomes", outcomes, "--target", "nope", "--json")
    assert (code, out) == (1, "")
    assert "--target" in err
    assert run("--outcomes", outcomes, "--max-rules", 0)[0] == 2
    assert run("--outcomes", outcomes, *FAST, "--out", tmp_path / "no" / "dir.yaml")[0] == 1


def test_other_commands_do_not_wait_for_the_learning_libraries() -> None:
    code = "import sys, sodate_cli.main; print([m for m in ('sklearn', 'scipy', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_the_extra_it_says_how_to_get_it(outcomes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("calibration.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    code, _, err = run("--outcomes", outcomes)
    assert code == 2
    assert "requirements/calibrate.txt" in err.replace("\n", " ")


def test_a_base_may_have_its_conditions_on_one_line(tmp_path: Path) -> None:
    text = """\
hot: { threshold: 5, cool_below: 2 }
rules:
  - { id: boss, label: Boss, when: %s, points: 5 }
phases:
  - { id: new, label: New }
  - { id: warm, label: Warm, when: %s }
"""
    bases = []
    for forms in (("{ attribute: primary.title, equals: boss }", "{ score: total, at_least: 3 }"),
                  ("primary.title = boss", "score >= 3")):  # fmt: skip
        (tmp_path / "rules.yaml").write_text(text % forms)
        bases.append(base_of_file(tmp_path))
    assert bases[0] == bases[1]
    assert "at_least: 3" in to_yaml(dict(bases[1].body), [])
