"""Every command of `sodate` speaks to programs too."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from sodate_cli.main import app


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """`command`: of Typer, a group or one that does something."""
    if hasattr(command, "commands"):
        for name, one in command.commands.items():
            yield from commands(one, (*path, name))
    else:
        yield " ".join(path), command


EVERY = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", EVERY)
def test_it_has_json_and_a_help_text(name: str) -> None:
    command = EVERY[name]
    assert any("--json" in option.opts for option in command.params)
    assert command.help
