"""One gateway to the table: items and expressions are written in models and `store.py` files, by PynamoDB's means."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SODATE = ROOT / "layers" / "sodate" / "python" / "sodate"
OTHERS = [
    path
    for path in sorted([*SODATE.rglob("*.py"), *(ROOT / "functions").rglob("*.py"), *(ROOT / "cli").rglob("*.py")])
    if not path.is_relative_to(SODATE / "dynamodb")
]
#: Type tags of DynamoDB JSON.
TAGS = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}
#: Reads its keys from a dump of the table and from the stream, of which there is no model.
READS_RAW_ITEMS = {"cli/sodate_cli/rebuild.py"}


def imports_pynamodb(tree: ast.AST) -> bool:
    return any(
        (isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "pynamodb")
        or (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "pynamodb" for name in node.names))
        for node in ast.walk(tree)
    )


def handwritten(tree: ast.AST) -> Iterator[int]:
    """Lines on which an attribute value is written by hand: `{"S": text}`. `{"M": item}` only wraps a whole item."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and len(node.keys) == 1:
            (key,) = node.keys
            if isinstance(key, ast.Constant) and key.value in TAGS - {"M"}:
                yield node.lineno


def test_only_stores_and_the_gateway_know_pynamodb() -> None:
    found = [path for path in OTHERS if path.name != "store.py" and imports_pynamodb(ast.parse(path.read_text()))]
    assert not found, "move items, conditions and updates into the store.py of the room"


def test_no_item_is_written_by_hand_beside_its_model() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in OTHERS
        if str(path.relative_to(ROOT)) not in READS_RAW_ITEMS
        for line in handwritten(ast.parse(path.read_text()))
    }
    assert not found, "use `row` or `encode` of dynamodb/item.py, and conditions of PynamoDB"


@pytest.mark.parametrize(
    ("source", "is_found"),
    [('x = {"S": "text"}', True), ('x = {"N": str(1)}', True), ('x = plain({"M": item})', False), ("x = {}", False)],
)
def test_the_search_finds_what_is_written_by_hand(source: str, is_found: bool) -> None:
    assert bool(list(handwritten(ast.parse(source)))) is is_found
