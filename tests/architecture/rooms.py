"""`python -m tests.architecture.rooms` writes docs/rooms.md from the import contracts and each room's docstring."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rooms.md"
_PACKAGE = ROOT / "layers" / "sodate" / "python"
_HEAD = """# Rooms

The folders of `layers/sodate/python/sodate`. A room imports from rooms below it, never from those above or beside it;
`make check` refuses anything else (`[tool.importlinter]` in `pyproject.toml`). `python -m tests.architecture.rooms`
writes this page from the contracts and from each room's docstring.
"""


def page() -> str:
    lines = [_HEAD, "| from the top | what it holds |", "|---|---|"]
    for layer in _layers():
        for room in layer.split(" | "):
            if room.startswith("("):
                continue  # its place is kept, the room is not built yet
            lines += [f"| `{name}` | {text} |" for name, text in _described(room)]
    lines += ["", f"Beside them, for the functions only: `runtime`. {_docstring(_PACKAGE / 'sodate' / 'runtime')}"]
    return "\n".join(lines) + "\n"


def _layers() -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return list(layers)


def _described(module: str) -> list[tuple[str, str]]:
    """The room, and the rooms in it."""
    path = _PACKAGE.joinpath(*module.split("."))
    if not path.is_dir():
        return [(f"{path.name}.py", _docstring_of(path.with_suffix(".py")))]
    inner = sorted(folder for folder in path.iterdir() if (folder / "__init__.py").is_file())
    return [(path.name, _docstring(path)), *((f"{path.name}/{folder.name}", _docstring(folder)) for folder in inner)]


def _docstring(room: Path) -> str:
    return _docstring_of(room / "__init__.py")


def _docstring_of(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n\n")[0].replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
