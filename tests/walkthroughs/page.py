"""A walkthrough page as its reader follows it: commands in ```sh blocks, and what they must print in ```text blocks.

A ```sh block is run as it stands. The ```text block after it holds lines of its output; `…` stands for anything. A
block ```sh aws needs an AWS account: it is shown and never run here.
"""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "walkthroughs"
#: In the order in which they are followed: a page may need what an earlier one left.
PAGES = ("marketer", "web-developer", "sales", "ops", "contributor")
_BLOCK = re.compile(r"^```(?P<kind>sh|sh aws|text)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """`promised`: pieces of text that the output must have, in this order."""

    line: int
    command: str
    promised: tuple[str, ...]
    needs_aws: bool


def steps_of(text: str) -> list[Step]:
    """Raises: `ValueError` for a promise that follows no command."""
    steps: list[Step] = []
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        if block["kind"] != "text":
            steps.append(Step(line, block["body"], (), block["kind"] == "sh aws"))
            continue
        if not steps or steps[-1].promised:
            raise ValueError(f"line {line}: what is promised here belongs to no command")
        last = steps.pop()
        pieces = (piece.strip() for row in block["body"].splitlines() for piece in row.split("…"))
        steps.append(Step(last.line, last.command, tuple(piece for piece in pieces if piece), last.needs_aws))
    return steps


def missing_promise(promised: tuple[str, ...], output: str) -> str | None:
    """The first piece that the output does not have after the ones before it. Runs of white space count as one."""
    rest = " ".join(output.split())
    for piece in promised:
        wanted = " ".join(piece.split())
        position = rest.find(wanted)
        if position < 0:
            return piece
        rest = rest[position + len(wanted) :]
    return None
