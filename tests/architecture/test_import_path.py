"""What a Lambda function imports when it starts: no compiler of playbooks, no YAML but for imports, no command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
#: Rooms and libraries of the operator's machine.
NEVER = {
    "sodate.authoring", "sodate.conditions.one_line_parser", "sodate_cli",
    "css_inline", "inscriptis", "jsonschema", "lxml", "mjml", "rich", "typer",
}  # fmt: skip
#: `mapping.yaml` of an import is the only YAML that a function reads.
READS_YAML = {"lead_import"}
#: Prints the imported modules as JSON, one line per function.
IMPORT = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(f"functions.{name}.handler")
    print(json.dumps(sorted(sys.modules)))
"""


def imported(*functions: str) -> set[str]:
    """Modules of a fresh process after it imported the handlers."""
    command = [sys.executable, "-c", IMPORT, *functions]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_no_function_imports_a_library_of_the_operators_machine() -> None:
    modules = imported(*FUNCTIONS)
    assert {f"functions.{name}.handler" for name in FUNCTIONS} <= modules
    assert not modules & NEVER


def test_only_the_import_reads_yaml() -> None:
    assert "yaml" not in imported(*(name for name in FUNCTIONS if name not in READS_YAML))


@pytest.mark.parametrize("library", sorted(NEVER))
def test_each_of_them_is_installed_here_so_that_an_import_would_be_seen(library: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {library}"], cwd=ROOT, capture_output=True, check=True)
