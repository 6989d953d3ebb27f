"""The values that `--set` laid over the files of a playbook on one stage, stored so that the next apply keeps them."""

from typing import Any

from sodate.errors import NotFound
from sodate.playbook.model import Definition
from sodate.playbook.store import ONLY, Definitions, Stored, parsed


class Overrides(Definition):
    """`settings`: path, as written after `--set` → value."""

    settings: dict[str, Any]


def stored_overrides(definitions: Definitions) -> Stored | None:
    """The version in use on the stage; None when nothing was ever set there."""
    try:
        return definitions.live("overrides", ONLY)
    except NotFound:
        return None


def settings_of(stored: Stored | None) -> dict[str, Any]:
    return dict(parsed(stored, Overrides).settings) if stored is not None else {}
