"""Titles of what an id names, for people who do not know the playbook's ids."""

import re
from dataclasses import dataclass

from sodate.errors import NotFound, Transient
from sodate.playbook.store import Definitions, Kind

#: Attributes of activities that hold the id of a definition.
_KINDS: dict[str, Kind] = {
    "form": "form",
    "template": "template",
    "sequence": "sequence",
    "scenario": "sequence",
    "broadcast": "broadcast",
    "campaign": "campaign",
}
_MERGE_FIELD = re.compile(r"\{[{%].*?[}%]\}")


@dataclass(frozen=True)
class Titles:
    definitions: Definitions

    def title(self, attribute: str, value: str) -> str:
        """Of a template its subject without merge fields. `value` itself when it has no title, or is retired."""
        kind = _KINDS.get(attribute)
        if kind is None:
            return value
        try:
            body = self.definitions.live(kind, value).body
        except (NotFound, Transient):
            return value
        return str(body.get("title") or "") or _MERGE_FIELD.sub("", str(body.get("subject") or "")).strip() or value
