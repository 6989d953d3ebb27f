"""Each deliberate mistake in a playbook is said with file, line, key, what is wrong and what to do; nothing else is."""

import re
import shutil
from pathlib import Path

import pytest
from sodate.authoring.check import check
from sodate.playbook.problem import Problem
from sodate_cli.languages import say_in

from tests.unit.mistakes.catalog import ACCEPTED, GOOD, MISTAKES, Change, Expected

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
#: What the author wrote, and names of YAML, are the same in both languages.
QUOTED = re.compile(r"`[^`]*`|'[^']*'")


def problems(folder: Path, change: Change) -> list[Problem]:
    playbook = folder / "playbook"
    shutil.copytree(GOOD, playbook)
    change(playbook)
    return check(playbook).problems


def test_the_playbook_without_a_mistake_is_good() -> None:
    assert check(GOOD).problems == []


def test_there_are_at_least_sixty_mistakes() -> None:
    assert len(MISTAKES) >= 60


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_no_mistake_is_accepted(tmp_path: Path, name: str) -> None:
    assert problems(tmp_path, ACCEPTED[name]) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_exactly_the_mistake_is_said(tmp_path: Path, name: str) -> None:
    change, *expected = MISTAKES[name]
    assert not isinstance(change, Expected)

    found = problems(tmp_path, change)

    assert [Expected(p.file, p.line, p.field, p.message, p.hint) for p in found] == expected


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_said_in_japanese_too(tmp_path: Path, name: str) -> None:
    change, *_ = MISTAKES[name]
    assert not isinstance(change, Expected)

    for problem in problems(tmp_path, change):
        message, hint = say_in("ja", problem.message), say_in("ja", problem.hint)

        assert JAPANESE.search(QUOTED.sub("", message)), message
        assert not problem.hint or JAPANESE.search(QUOTED.sub("", hint)), hint
        assert not re.search(r"[A-Za-z]{4,} [a-z]{2,} [a-z]{2,}", QUOTED.sub("", message + hint)), message + hint
        assert all(quoted in message for quoted in re.findall(r"`[^`{]*`", problem.message)), message
