"""What a newcomer, a colleague's machine and CI are told to run is what the README and `make check` say."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def test_ci_runs_the_two_commands_of_the_readme_and_nothing_else() -> None:
    block = (ROOT / "README.md").read_text().partition("## Two commands")[2].partition("```")[2].partition("```")[0]
    commands = set(re.findall(r"^(make [a-z]+)", block, re.M))
    assert len(commands) == 2
    jobs = read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"].values()
    assert {step["run"] for job in jobs for step in job["steps"] if "run" in step} == commands
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("make test")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_pins_each_action_by_its_commit(workflow: Path) -> None:
    document = read(workflow)
    assert document["permissions"] == {"contents": "read"}
    jobs = document["jobs"].values()
    assert all("permissions" not in job and job["timeout-minutes"] <= 60 for job in jobs)
    actions = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert actions
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in actions)
    assert "pull_request_target" not in workflow.read_text()
    assert "secrets." not in workflow.read_text()


def test_pre_commit_runs_make_check_and_downloads_nothing() -> None:
    repositories = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    hooks = [hook for repository in repositories for hook in repository["hooks"]]
    assert [(hook["entry"], hook["language"], hook["pass_filenames"]) for hook in hooks] == [
        ("make check", "system", False)
    ]


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_asks_something_and_each_question_has_an_id_of_its_own(form: Path) -> None:
    document = read(form)
    assert document["name"]
    assert document["description"]
    questions = [part for part in document["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in questions} <= {"textarea", "input", "dropdown"}
    ids = [part["id"] for part in questions]
    assert ids
    assert len(ids) == len(set(ids))
    assert all(part["attributes"]["label"] for part in questions)


def test_the_licence_is_the_one_that_the_package_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "LICENSE").read_text()
    assert project["license"] == "Apache-2.0"
    assert set(project["license-files"]) == {"LICENSE", "NOTICE"}
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert all(f"\n   {number}. " in text for number in range(1, 10))
    assert "urls" not in project, "there is no public address yet"


def test_each_version_of_the_changelog_says_first_what_to_do() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    versions = re.split(r"^## ", text, flags=re.M)[1:]
    assert versions
    assert versions[0].startswith("[Unreleased]")
    kinds = {"What you must do", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    for version in versions:
        assert re.match(r"\[(Unreleased|\d+\.\d+\.\d+)\]( - \d{4}-\d{2}-\d{2})?\n", version)
        headings = re.findall(r"^### (.+)$", version, re.M)
        assert headings[0] == "What you must do"
        assert set(headings) <= kinds
