"""The docs name only what exists: commands, routes, events, make targets, settings, files. And nothing is left out."""

import json
import re
from pathlib import Path

import pytest
import typer
from sodate.outbox import events
from sodate_cli.main import app

from infra.catalog import EVERY_FUNCTION

ROOT = Path(__file__).parents[2]
ROOT_PAGES = ("README.md", "README.ja.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = [*(ROOT / name for name in ROOT_PAGES), *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
ROUTES = {
    "GET /forms/{form_id}",
    "POST /forms/{form_id}/submissions",
    "GET /opt-in/{token}",
    "POST /opt-in/{token}",
    "GET /unsubscribe/{token}",
    "POST /unsubscribe/{token}",
    "GET /preferences/{token}",
    "POST /preferences/{token}",
    "GET /quarantine/{token}",
    "POST /quarantine/{token}",
    "GET /privacy/{token}",
    "POST /privacy/{token}",
    "POST /activities",
    "POST /deals",
    "POST /iam/activities",
    "POST /iam/deals",
    "GET /sales/feedback/{token}",
    "POST /sales/feedback/{token}",
    "POST /events",
    "GET /sodate.js",
}


def commands() -> set[str]:
    found: set[str] = set()

    def walk(command: object, path: str) -> None:
        children = getattr(command, "commands", None)
        if not children:
            found.add(path)
            return
        for name, child in children.items():
            walk(child, f"{path} {name}")

    walk(typer.main.get_command(app), "sodate")
    return found


def test_every_command_in_the_docs_exists_and_every_command_is_documented() -> None:
    known = commands()
    groups = {" ".join(command.split()[:2]) for command in known} | {"sodate"}
    written = {match.strip() for match in re.findall(r"`(sodate(?: [a-z][a-z-]*)+)", TEXT)}
    unknown = {line for line in written if not any(_starts(line, command) for command in known | groups)}
    assert not unknown
    undocumented = {command for command in known if not re.search(rf"{command}\b", TEXT)}
    assert not undocumented


def _starts(line: str, command: str) -> bool:
    return line == command or line.startswith(f"{command} ") or command.startswith(f"{line} ")


def test_every_route_in_the_docs_exists_and_every_route_is_documented() -> None:
    written = set(re.findall(r"`((?:GET|POST) /[a-z{][^`\s]*)`", TEXT))
    assert written <= ROUTES, written - ROUTES
    assert written >= ROUTES, ROUTES - written


def test_every_make_target_in_the_docs_exists_and_the_other_way_round() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z0-9]*):", makefile, re.M))
    written = set(re.findall(r"(?:`|^)make ([a-z][a-z0-9]*)", TEXT, re.M))
    assert written <= targets, written - targets
    assert targets - {"help", "venv", "synth", "format", "unit", "e2e", "clean", "requirements"} <= written


def test_every_domain_event_has_a_schema_a_sample_and_a_line_in_the_docs() -> None:
    source = (Path(events.__file__)).read_text()
    emitted = set(re.findall(r'_(?:event|once)\("([A-Za-z]+)"', source))
    on_disk = {path.name.removesuffix(".v1.json") for path in (ROOT / "events" / "domain").glob("*.v1.json")}
    assert emitted == on_disk
    assert all(f"`{name}`" in TEXT for name in emitted)
    for path in (ROOT / "events" / "domain").glob("*.v1.json"):
        document = json.loads(path.read_text())
        assert {"schema", "sample"} <= set(document)


def test_every_function_is_in_the_docs() -> None:
    assert all(f"`{spec.name}`" in TEXT for spec in EVERY_FUNCTION)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_the_index_leads_to_every_page_and_each_readme_leads_to_the_index() -> None:
    docs = ROOT / "docs"
    indexed = _linked(docs / "README.md")
    assert {page for page in docs.glob("*.md") if page.name != "README.md"} <= indexed
    assert docs / "decisions" in indexed
    assert set((docs / "operations").glob("*.md")) <= _linked(docs / "operations.md") | indexed
    assert all(docs / "README.md" in _linked(ROOT / name) for name in ("README.md", "README.ja.md"))


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_files_that_a_root_page_names_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    named = set(re.findall(r"`((?:cli|docs|events|functions|infra|layers|requirements|tests)/[^`\s]*)`", text))
    missing = [path for path in named if "NNNN" not in path and not (ROOT / path).exists()]
    assert named
    assert not missing


def _linked(page: Path) -> set[Path]:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    return {(page.parent / link).resolve() for link in links}
