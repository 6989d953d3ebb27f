"""The words of docs/glossary.md: what is retired there is in no identifier, and its rows are complete."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
CODE = ("layers", "functions", "cli", "infra", "tests", "benchmarks")
#: Files whose subject is another thing of that name: the line of the mailbox page that says what happened.
OTHER_SUBJECT = {
    "layers/sodate/python/sodate/scenarios/scenario.py": {"draft"},
    # What visitors of a website are informed of by law.
    "layers/sodate/python/sodate/tracking/notice.py": {"notice"},
    "cli/sodate_cli/tracking.py": {"notice"},
    "cli/sodate_cli/local/mailbox/pages.py": {"notice"},
    "cli/sodate_cli/local/mailbox/site.py": {"notice"},
}


def rows() -> list[list[str]]:
    lines = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def retired() -> set[str]:
    return {word for row in rows() for word in re.findall(r"`([a-z_]+)`", row[3])}


def words(identifier: str) -> list[str]:
    """`watchCohort` and `watch_cohort` → watch, cohort."""
    return [word for word in re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", identifier).lower().split("_") if word]


def identifiers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if not name.startswith("test_"):
                yield name, node.lineno  # names of tests are sentences
            case ast.ClassDef(name=name) | ast.keyword(arg=str(name)):
                yield name, node.lineno


def code() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *CODE], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    paths = [ROOT / line for line in listed.splitlines()] or [path for top in CODE for path in (ROOT / top).rglob("*")]
    return [path for path in paths if path.suffix == ".py" and path.is_file()]


def uses_of(wanted: set[str]) -> dict[str, list[str]]:
    """Word → places with an identifier that contains it."""
    found: dict[str, list[str]] = {}
    for path in code():
        name = path.relative_to(ROOT).as_posix()
        others = OTHER_SUBJECT.get(name, set())
        for identifier, line in identifiers(ast.parse(path.read_text(encoding="utf-8"))):
            for word in wanted.intersection(words(identifier)) - others:
                found.setdefault(word, []).append(f"{name}:{line} {identifier}")
    return found


def test_no_identifier_contains_a_retired_word() -> None:
    assert not uses_of(retired()), "say it in the words of docs/glossary.md"


def test_no_file_or_folder_is_named_by_a_retired_word() -> None:
    named = [
        path for path in code() if retired().intersection(words(path.stem), *(words(p) for p in path.parts[-3:-1]))
    ]
    assert not named


def test_every_row_has_its_word_in_both_languages() -> None:
    assert len(rows()) > 20
    assert not [row for row in rows() if len(row) != 4 or not row[0] or not row[1] or not row[2]]
