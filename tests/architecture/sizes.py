"""Classes, functions and modules of unusual size. `python -m tests.architecture.sizes` lists them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES, MOST_METHODS, MOST_PARAMETERS = 300, 10, 6
FOLDERS = ("layers/sodate/python/sodate", "functions", "cli")


def oversized(*folders: str) -> dict[str, int]:
    """Size by place: lines of a module, methods of a class, parameters of a function; `self` and `cls` do not count.

    The functions of Typer commands are left out: their parameters are the options of the command line.
    """
    trees = {path: ast.parse(path.read_text()) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))}
    commands = {name for tree in trees.values() for name in _commands(tree)}
    sizes = {}
    for path, tree in trees.items():
        name, lines = str(path.relative_to(ROOT)), len(path.read_text().splitlines())
        if lines > MOST_LINES:
            sizes[name] = lines
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and (methods := _methods(node)) > MOST_METHODS:
                sizes[f"{name}:{node.name}"] = methods
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.name in commands:
                continue
            if (parameters := _parameters(node.args)) > MOST_PARAMETERS:
                sizes[f"{name}:{node.name}"] = parameters
    return sizes


def _methods(node: ast.ClassDef) -> int:
    return sum(isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)) for part in node.body)


def _parameters(arguments: ast.arguments) -> int:
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in plain)


def _commands(tree: ast.Module) -> Iterator[str]:
    """Functions under `@app.command(…)`, and those that `app.command(…)(function)` mounts."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from (node.name for decorator in node.decorator_list if _makes_a_command(decorator))
        elif isinstance(node, ast.Call) and _makes_a_command(node.func):
            yield from (ast.unparse(argument).rpartition(".")[2] for argument in node.args)


def _makes_a_command(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "command"


if __name__ == "__main__":
    for place, size in oversized(*FOLDERS).items():
        print(f"{size:4} {place}")
