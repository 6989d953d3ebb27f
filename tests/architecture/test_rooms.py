"""docs/rooms.md is what the contracts and the docstrings say, and every room says what it holds."""

import re
from pathlib import Path

from tests.architecture.rooms import PAGE, page

ROOMS = Path(__file__).parents[2] / "layers" / "sodate" / "python" / "sodate"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.architecture.rooms"


def test_every_room_is_on_the_page_and_says_what_it_holds() -> None:
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", page(), re.M))
    folders = {path.parent.relative_to(ROOMS).as_posix() for path in ROOMS.rglob("__init__.py")} - {".", "runtime"}
    assert folders <= rows.keys()
    assert all(rows.values())
