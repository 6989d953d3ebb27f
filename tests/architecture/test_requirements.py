"""pyproject.toml declares what is needed; requirements/*.txt pins it. Both must say the same, without a network."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]
GROUPS: dict[str, list[Any]] = PYPROJECT["dependency-groups"]
#: Export → the extras and groups that the target `requirements` of the Makefile compiles it from.
EXPORTS: dict[str, tuple[bool, tuple[str, ...], str | None]] = {
    "runtime": (True, (), None),
    "cli": (True, ("cli",), None),
    "calibrate": (True, ("calibrate",), None),
    "dev": (True, ("calibrate",), "dev"),
    "bootstrap": (False, (), "bootstrap"),
    "ministack": (False, (), "ministack"),
    "bench": (False, (), "bench"),
}
OWN_IMPORTS = {"sodate", "functions", "sodate_cli", "calibration", "ses_simulator"}
SODATE = "layers/sodate/python/sodate"
#: The room that needs the extra `cli`; test_import_path.py keeps it out of Lambda's imports.
AUTHORING = f"{SODATE}/authoring"


def pins(export: str) -> dict[str, list[Requirement]]:
    """The pinned lines of an export by name; a universal export has several where a marker tells them apart."""
    by_name: dict[str, list[Requirement]] = {}
    for line in (ROOT / "requirements" / f"{export}.txt").read_text().splitlines():
        if line and not line.startswith(("#", " ")):
            requirement = Requirement(line.removesuffix("\\").strip())
            by_name.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return by_name


def version_of(pin: Requirement) -> str:
    (exact,) = pin.specifier
    assert exact.operator == "==", pin
    return exact.version


def declared(export: str) -> list[Requirement]:
    project, extras, group = EXPORTS[export]
    lines = list(PYPROJECT["project"]["dependencies"]) if project else []
    lines += [line for extra in extras for line in extra_lines(extra)]
    lines += group_lines(group) if group else []
    return [Requirement(line) for line in lines]


def extra_lines(extra: str) -> Iterator[str]:
    """An extra may name another one of this project: `sodate[cli]`."""
    for line in EXTRAS[extra]:
        requirement = Requirement(line)
        if requirement.name == PYPROJECT["project"]["name"]:
            for other in sorted(requirement.extras):
                yield from extra_lines(other)
        else:
            yield line


def group_lines(group: str) -> Iterator[str]:
    for entry in GROUPS[group]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group_lines(entry["include-group"])


def imports_of(*folders: str, without: str | None = None) -> set[str]:
    """Top-level names of all absolute imports below the folders, except below `without`."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    trees = [ast.parse(path.read_text()) for path in paths if not (without and path.is_relative_to(ROOT / without))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    dotted = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in plain | dotted}


@pytest.mark.parametrize("export", EXPORTS)
def test_each_declared_requirement_is_pinned_to_a_version_that_satisfies_it(export: str) -> None:
    pinned = pins(export)
    wrong = []
    for requirement in declared(export):
        versions = [version_of(pin) for pin in pinned.get(canonicalize_name(requirement.name), [])]
        if not versions or not all(requirement.specifier.contains(version) for version in versions):
            wrong.append(f"{requirement} (pinned: {versions})")
    assert not wrong, "run `make requirements` and commit what it writes"


@pytest.mark.parametrize("export", EXPORTS)
def test_each_pin_has_hashes_and_no_address(export: str) -> None:
    text = (ROOT / "requirements" / f"{export}.txt").read_text()
    entries = text.replace("\\\n", " ").splitlines()
    assert all("--hash=sha256:" in entry for entry in entries if entry and not entry.lstrip().startswith("#"))
    assert "://" not in text
    assert "--index" not in text


def test_every_export_is_checked_here_and_made_by_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    on_disk = {path.stem for path in (ROOT / "requirements").glob("*.txt")}
    assert on_disk == set(EXPORTS)
    recipe = makefile[makefile.index("\nrequirements:") : makefile.index("\nclean:")]
    assert all(name in recipe for name in EXPORTS)
    assert not list((ROOT / "requirements").glob("*.in")), "pyproject.toml is the one source"


def test_the_same_package_has_the_same_pin_in_the_layer_the_command_and_the_tests() -> None:
    dev = pins("dev")
    for export in ("runtime", "cli", "calibrate", "bootstrap"):
        other = {name: lines for name, lines in pins(export).items() if lines != dev.get(name)}
        assert not other, export


def test_what_lambda_imports_is_declared_as_a_dependency_and_nothing_else() -> None:
    names = {canonicalize_name(Requirement(line).name) for line in PYPROJECT["project"]["dependencies"]}
    imported = distributions(imports_of(SODATE, "functions", without=AUTHORING) - OWN_IMPORTS)
    assert imported == names


def test_what_the_command_imports_is_declared_in_an_extra() -> None:
    lines = [*PYPROJECT["project"]["dependencies"], *extra_lines("cli")]
    names = {canonicalize_name(Requirement(line).name) for line in lines}
    learning = {canonicalize_name(Requirement(line).name) for line in extra_lines("calibrate")}
    #: `infra` is the checkout's, ministack_entry.py runs in .venv-ministack.
    others = OWN_IMPORTS | {"infra", "ministack"}
    imported = distributions(imports_of("cli", AUTHORING) - others)
    assert imported <= names | learning, imported - names - learning
    assert names | learning <= imported | distributions(imports_of(SODATE, "functions"))


def test_lambda_gets_no_package_that_learns_and_none_of_the_command() -> None:
    brought_by_python_liquid = {"babel"}
    command = {
        canonicalize_name(Requirement(line).name) for line in extra_lines("calibrate")
    } - brought_by_python_liquid
    assert not command & set(pins("runtime"))


def distributions(modules: set[str]) -> set[str]:
    known = packages_distributions()
    third_party = modules - set(sys.stdlib_module_names) - {"sodate", "functions"}
    unknown = third_party - set(known)
    assert not unknown, unknown
    return {canonicalize_name(known[module][0]) for module in third_party}
