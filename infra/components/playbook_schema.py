"""The playbook keys that this release knows, as one short text: `sodate playbook plan` compares it with its own."""

import hashlib
from pathlib import Path

_FOLDER = Path(__file__).parents[2] / "schemas" / "playbook"


def playbook_schema() -> str:
    """Of the committed JSON Schemas, which a test keeps equal to the models. (`sodate.authoring.release` too.)"""
    made = hashlib.sha256()
    for file in sorted(_FOLDER.glob("*.json")):
        made.update(file.name.encode() + b"\0" + file.read_text(encoding="utf-8").encode() + b"\0")
    return made.hexdigest()[:16]
