"""The rules that matter, as failing tests: handler size, key strings, clocks, randomness, table schema."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_cdk import App
from pynamodb.attributes import Attribute
from sodate.dynamodb.item import TableItem

from infra.app import build
from infra.catalog import EVERY_FUNCTION

ROOT = Path(__file__).parents[2]
SODATE = ROOT / "layers" / "sodate" / "python" / "sodate"
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))
SOURCES = sorted([*SODATE.rglob("*.py"), *HANDLERS])
ALL_CODE = sorted([*SOURCES, *(ROOT / "cli").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
NO_BUNDLING = {"aws:cdk:bundling-stacks": []}
KEY = re.compile(
    r"^(LEAD|EMAIL|EXTERNAL|IMPORT|ACT|SEND|DUE|CONSENT|SIGNAL|SUBMISSION|SUPPRESSION|DEFINITION|RECEIPT|SALES|CURSOR"
    r"|QUARANTINE|UNKNOWN|FAILED|COVERAGE|REPLAY|SEGMENT|CEILING|RATE|BROADCAST|RUN|BATCH|MEMBERS|EXPERIMENT|DECISION"
    r"|CALL|CALLS|ACCESS|MERGE|PRIVACY)#"
)


def test_there_is_one_handler_per_function_of_the_catalog() -> None:
    assert {path.parent.name for path in HANDLERS} == {spec.name for spec in EVERY_FUNCTION}


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda path: path.parent.name)
def test_a_handler_is_thin(handler: Path) -> None:
    lines = handler.read_text().splitlines()
    assert len(lines) <= 60


def test_key_strings_are_built_and_parsed_in_dynamodb_only() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in ALL_CODE
        if path.parent != SODATE / "dynamodb" or not path.name.endswith("keys.py")
        for line, text in _strings(path)
        if KEY.match(text)
    ]
    assert not found, "build these in dynamodb/keys.py, or in a `…_keys.py` beside it"


def test_nobody_asks_the_machine_for_the_time_but_the_clock() -> None:
    forbidden = {("datetime", "now"), ("datetime", "utcnow"), ("time", "time"), ("date", "today")}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        if path != SODATE / "runtime" / "clock.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in forbidden
    ]
    assert not found, "take `now` as an argument"


def test_status_codes_are_chosen_in_web_and_runtime_only() -> None:
    """Domain code says what happened; a number such as 404 is the web's word for it."""
    outside = [p for p in ALL_CODE if p.is_relative_to(SODATE) or p.is_relative_to(ROOT / "functions")]
    outside = [p for p in outside if not p.is_relative_to(SODATE / "web") and not p.is_relative_to(SODATE / "runtime")]
    assert len(outside) > 100
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in outside
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id in ("Response", "json_response", "Captured")
        if node.args and isinstance(node.args[0], ast.Constant) and type(node.args[0].value) is int
    ]
    assert not found


def test_chance_comes_from_secrets_only() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import) and any(alias.name == "random" for alias in node.names)
    ]
    assert not found


def test_no_except_swallows_everything_but_in_the_batch_guard() -> None:
    broad = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert set(broad) <= {"layers/sodate/python/sodate/runtime/batch.py"}


def test_the_models_and_the_cdk_table_have_the_same_schema() -> None:
    complete = {"stage": "prod", "stages": str(ROOT / "tests" / "infra" / "stages.toml")}
    app = App(context={**json.loads((ROOT / "cdk.json").read_text())["context"], **complete, **NO_BUNDLING})
    build(app)
    template = app.synth().stacks[0].template
    table = next(r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::DynamoDB::Table")
    attributes = TableItem.get_attributes()
    keys = {entry["AttributeName"]: entry["KeyType"] for entry in table["KeySchema"]}
    assert keys == {_name(attributes, "is_hash_key"): "HASH", _name(attributes, "is_range_key"): "RANGE"}
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
    assert types == {name: attributes[name].attr_type for name in keys}
    assert table["TimeToLiveSpecification"] == {"AttributeName": attributes["ttl"].attr_name, "Enabled": True}
    assert "GlobalSecondaryIndexes" not in table, "an index needs an access pattern in docs/data-model.md"


def test_every_kind_of_item_is_documented() -> None:
    text = (ROOT / "docs" / "data-model.md").read_text()
    kinds = set(re.findall(r'discriminator="([a-z]+)"', "".join(path.read_text() for path in SODATE.rglob("*.py"))))
    assert kinds == set(re.findall(r"`kind=([a-z]+)`", text))


def _name(attributes: dict[str, Attribute], flag: str) -> str:
    return next(attribute.attr_name for attribute in attributes.values() if getattr(attribute, flag))


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value
