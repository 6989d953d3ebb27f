"""docs/playbook.md, the JSON Schemas and the sample tell the truth."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml
from pydantic import BaseModel, TypeAdapter
from sodate import authoring
from sodate.authoring.check import check
from sodate.authoring.loader import MANY, SINGLE
from sodate.authoring.schema import schemas
from sodate.conditions.language import KINDS, Condition
from sodate.conditions.one_line_parser import parse_one_line
from sodate.playbook import yamlfile
from sodate.scenarios import graph
from sodate.scenarios.recurrence import Recurrence
from sodate.scenarios.triggers import Reply, SalesFeedback, SegmentEntered, SegmentLeft
from sodate.scenarios.waits import BusinessDays, CalendarDays, Elapsed, OnDate, OnWeekday, UntilTime
from sodate_cli.playbook.commands import app
from typer.testing import CliRunner

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "playbooks" / "b2b-ja"
DOCS = (ROOT / "docs/playbook.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##)", DOCS, re.MULTILINE | re.DOTALL))
MODELS = {**SINGLE, **MANY}
CONDITIONS = tuple(KINDS.values())
WAITS = (Elapsed, CalendarDays, BusinessDays, UntilTime, OnWeekday, OnDate)
TRIGGERS = (SegmentEntered, SegmentLeft, SalesFeedback, Reply)
#: Models that have a section of their own.
SHARED = {"conditions": CONDITIONS, "waits": WAITS, "triggers": TRIGGERS, "recurrences": (Recurrence,)}
_APART = tuple(model for models in SHARED.values() for model in models)


def keys_of(model: type[BaseModel], prefix: str = "", above: tuple[type[BaseModel], ...] = ()) -> set[str]:
    """Without the models that have a section of their own."""
    found = set()
    for name, field in model.model_fields.items():
        name = field.alias or name
        found.add(prefix + name)
        for inner in models_in(field.annotation):
            if inner not in above and inner not in _APART:
                mark = "[]" if "tuple" in str(field.annotation) else ""
                found |= keys_of(inner, f"{prefix}{name}{mark}.", (*above, model))
    return found


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in models_in(inner)]


@pytest.mark.parametrize("section", MODELS)
def test_every_key_is_documented_and_every_documented_key_exists(section: str) -> None:
    documented = set(re.findall(r"^\| `([^`]+)` \|", SECTIONS[section], re.MULTILINE))

    assert documented == keys_of(MODELS[section])


@pytest.mark.parametrize("section", SHARED)
def test_every_key_of_a_shared_part_is_documented(section: str) -> None:
    documented = set(re.findall(r"^\| `([^`]+)` \|", SECTIONS[section], re.MULTILINE))

    assert documented == {field.alias or name for kind in SHARED[section] for name, field in kind.model_fields.items()}


def test_each_condition_on_one_line_is_the_yaml_beside_it() -> None:
    table = DOCS.split("### Conditions on one line")[1].split("\n###")[0]
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|$", table, re.MULTILINE)

    assert len(rows) == table.count("\n| `")
    for line, as_yaml in rows:
        read = yamlfile.parse("docs", as_yaml)
        assert parse_one_line(line) == read.data, line
        TypeAdapter(Condition).validate_python(read.data)
    assert {head for head in KINDS if f"{head}:" in table} == KINDS.keys()


def rule_ids() -> set[str]:
    """Every rule id in the code: the `rule` argument of whatever makes a problem, and the table of law rules."""
    named = ("form", "template", "sequence", "segment", "scenario")
    found = {"schema", "yaml", *(f"{kind}-exists" for kind in named)}
    folders = (Path(module.__file__).parent for module in (authoring, yamlfile, graph))
    for file in (file for folder in folders for file in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found |= set(_rule_of(node))
        found |= set(re.findall(r'"(law-[a-z-]+)"', file.read_text(encoding="utf-8")))
    return found


def _rule_of(call: ast.Call) -> list[str]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    place = {"problem": 3, "at": 3, "Problem": 5, "_problem": 4, "Fault": 3}.get(name)
    values = [keyword.value for keyword in call.keywords if keyword.arg == "rule"]
    values += call.args[place : place + 1] if place is not None else []
    return [v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str) and v.value]


def test_every_rule_is_documented_and_every_documented_rule_exists() -> None:
    table = DOCS.split("## All rules")[1].split("\nAn error looks like this")[0]
    documented = {
        name for line in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`([a-z-]+)`", line)
    }

    assert documented == rule_ids()


def test_every_command_and_option_is_documented_and_the_other_way_round() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    options = {
        option
        for command in commands.values()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }

    assert set(re.findall(r"sodate playbook (\w+)", DOCS)) == set(commands)
    assert {option for option in re.findall(r"(?<![\w-])(--[a-z][a-z-]*)", DOCS)} == options


def test_the_committed_schemas_are_current() -> None:
    committed = {f.name: f.read_text(encoding="utf-8") for f in (ROOT / "schemas/playbook").glob("*.json")}

    assert committed == schemas(), "run: sodate playbook schema --out schemas/playbook"


def test_the_sample_is_right_without_a_warning() -> None:
    assert check(SAMPLE).problems == []


def test_the_sample_is_valid_by_the_published_schemas() -> None:
    names = {"forms": "form", "templates": "template", "sequences": "sequence", "scenarios": "scenario"}
    names |= {"broadcasts": "broadcast", "campaigns": "campaign"}
    for file in sorted(SAMPLE.rglob("*.yaml")):
        name = names.get(file.parent.name, file.stem)
        schema = json.loads((ROOT / f"schemas/playbook/{name}.schema.json").read_text(encoding="utf-8"))
        jsonschema.validate(_core(yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)), schema)


def _core(node: Any) -> Any:
    """Enough of the YAML core schema for the sample, without our own loader."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: _core(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_core(value) for value in node.value]
    plain = {"true": True, "false": False}
    if node.style is None and re.fullmatch(r"-?\d+", node.value):
        return int(node.value)
    if node.style is None and re.fullmatch(r"-?\d+\.\d+", node.value):
        return float(node.value)
    return plain.get(node.value, node.value) if node.style is None else node.value


def test_the_error_example_is_what_the_command_prints(small: Path) -> None:
    form = small / "forms/ask.yaml"
    form.write_text(
        form.read_text(encoding="utf-8").replace("  template:", "  double_optin: true\n  template:"), encoding="utf-8"
    )
    printed = CliRunner().invoke(app, ["check", str(small)]).stdout
    example = DOCS.split("An error looks like this:\n\n")[1].split("\n\n")[0]

    assert "\n".join(line[4:] for line in example.split("\n")) in printed
