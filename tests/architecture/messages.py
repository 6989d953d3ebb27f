"""What the command line says, and what its catalogs have of it. `python -m tests.architecture.messages` lists gaps."""

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from babel.messages.pofile import read_po
from sodate_cli.main import app
from sodate_cli.root import EXAMPLE, paragraphs

ROOT = Path(__file__).parents[2]
CATALOGS = ROOT / "cli" / "sodate_cli" / "catalogs"
FOLDERS = ("layers/sodate/python/sodate", "cli/sodate_cli")
#: Functions of `sodate_cli.output` and others → positions of the texts that they look up in the catalogs.
PRINTS = {
    "say": (0,), "fail": (0,), "progress": (0,), "confirm": (0,), "show_done": (1,), "show_table": (0, 1),
    "show_fields": (0,), "show_letter": (0,), "words": (0,), "sentence": (0,),
    # of `sodate_cli.times.Times`
    "column": (0,), "title": (0,),
}  # fmt: skip
#: Errors of our own code: nobody mends them at a keyboard.
OF_PROGRAMMERS = frozenset({"AssertionError", "KeyError", "LookupError", "RuntimeError", "TypeError"})
#: Calls that say why a row of a file is refused.
REFUSES = frozenset({"BadRow", "RowRejected", "Trouble", "_problem", "_refuse", "refused"})
SENTENCE = re.compile("[A-Za-z]{2}.* [A-Za-z]")

#: Names under which columns of tables wait for `show_table`.
COLUMNS = ("columns", "titles", "_COLUMNS")


def trees() -> Iterator[tuple[str, ast.Module]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def of_messages() -> dict[str, str]:
    """Template → place of each `Message("…")` that is a literal."""
    found: dict[str, str] = {}
    for name, node in _calls():
        if called(node) == "Message" and node.args:
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                found.setdefault(text.value, f"{name}:{node.lineno}")
    return found


def with_values() -> set[str]:
    """Templates of messages that are made with values: their braces are fields."""
    return {
        str(node.args[0].value)
        for _, node in _calls()
        if called(node) == "Message" and node.keywords and node.args and isinstance(node.args[0], ast.Constant)
    }


def not_literal() -> list[str]:
    """Places where the template of a message is put together: no catalog can have it."""
    return [
        f"{name}:{node.lineno}"
        for name, node in _calls()
        if called(node) == "Message" and node.args and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]


def of_prints() -> dict[str, str]:
    """Literals that the command line prints: sentences, titles, columns."""
    found: dict[str, str] = {}
    for name, node in _calls():
        for text in _printed(node) if name.startswith("cli/") else ():
            if re.search("[A-Za-z]{2}", text):
                found.setdefault(text, f"{name}:{node.lineno}")
    return {**_of_columns(), **found}


def _of_columns() -> dict[str, str]:
    """Columns that have a name before they are printed."""
    found: dict[str, str] = {}
    for name, tree in trees():
        for node in ast.walk(tree) if name.startswith("cli/sodate_cli/") else ():
            if isinstance(node, ast.Assign) and {getattr(one, "id", "") for one in node.targets} & set(COLUMNS):
                for text in _literals(node.value):
                    if re.search("[A-Za-z]{2}", text):
                        found.setdefault(text, f"{name}:{node.lineno}")
    return found


def _printed(node: ast.Call) -> Iterator[str]:
    for position in PRINTS.get(called(node), ()):
        yield from _literals(node.args[position]) if position < len(node.args) else ()
    for keyword in node.keywords:
        if called(node) == "show_table" and keyword.arg == "nothing":
            yield from _literals(keyword.value)


def sentences_in_english() -> list[str]:
    """Calls that print an f-string with words in it: nothing can say it in another language."""
    return [
        f"{name}:{node.lineno}"
        for name, node in _calls()
        if name.startswith("cli/")
        for position in PRINTS.get(called(node), ())
        if position < len(node.args) and _has_words(node.args[position])
    ]


def _has_words(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) and any(
        isinstance(part, ast.Constant) and re.search("[A-Za-z]{3}", str(part.value)) for part in node.values
    )


def raised_in_english() -> dict[str, list[int]]:
    """File → lines where an error is raised, or a row refused, with a text that is no `Message`."""
    found: dict[str, list[int]] = {}
    for name, tree in trees():
        for node in ast.walk(tree):
            if any(_is_in_english(argument) for argument in _of_error(node)):
                found.setdefault(name, []).append(getattr(node, "lineno", 0))
    return found


def _of_error(node: ast.AST) -> list[ast.expr]:
    """Arguments of a raised error that is for people, or of a call that says why a row is refused."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and called(node.exc) not in OF_PROGRAMMERS:
        return node.exc.args
    if isinstance(node, ast.Call) and called(node) in REFUSES:
        return [*node.args, *(keyword.value for keyword in node.keywords)]
    return []


def _is_in_english(node: ast.AST) -> bool:
    """Words that stand in no `Message`."""
    if isinstance(node, ast.Call) and called(node) in ("Message", "joined", "did_you_mean"):
        return False
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and SENTENCE.search(node.value) is not None
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values]
        return re.search("[A-Za-z]{3}", "".join(parts)) is not None and " " in "".join(parts)
    return any(_is_in_english(child) for child in ast.iter_child_nodes(node))


def of_help() -> dict[str, str]:
    """Paragraphs of help texts of commands and options."""
    found: dict[str, str] = {}

    def walk(command: Any, name: str) -> None:
        for part in (command, *command.params):
            for text in paragraphs(getattr(part, "help", None) or ""):
                if text and not text.startswith(EXAMPLE):
                    found.setdefault(text, name)
        for inner in getattr(command, "commands", {}).values():
            walk(inner, f"{name} {inner.name}")

    walk(typer.main.get_command(app), "sodate")
    return found


def wanted() -> dict[str, str]:
    """Every entry that a catalog must have, with a place that needs it."""
    return {**of_help(), **of_prints(), **of_messages(), EXAMPLE: "sodate_cli/root.py"}


def entries(language: str) -> dict[str, str]:
    with (CATALOGS / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language, charset="utf-8", abort_invalid=True)
    return {str(entry.id): str(entry.string) for entry in catalog if entry.id and not entry.fuzzy}


def fields(template: str) -> set[str]:
    return {str(name) for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield name, node


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
    elif isinstance(node, ast.Tuple | ast.List):
        for part in node.elts:
            yield from _literals(part)


if __name__ == "__main__":
    known = entries("ja")
    missing = {text: place for text, place in wanted().items() if text not in known}
    print(
        json.dumps({"missing": missing, "obsolete": sorted(set(known) - set(wanted()))}, ensure_ascii=False, indent=1)
    )
