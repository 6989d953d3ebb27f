"""The fields that a playbook knows, for the suggestion of an import: what forms fill, files declare, conditions ask."""

from collections.abc import Iterable, Iterator
from typing import Any

from sodate.authoring.check import Definition
from sodate.authoring.lead_fields import DeclaredField
from sodate.imports.known_fields import FieldType, KnownField, joined
from sodate.leads.text import fold
from sodate.playbook.store import Definitions, Kind

#: The kinds of definitions that may ask for a field or fill one.
_KINDS: tuple[Kind, ...] = ("form", "rules", "segments", "sequence", "broadcast", "sales", "campaign")
_OF_FORM: dict[str, FieldType] = {
    "email": "text", "phone": "phone", "choice": "choice", "multiple_choice": "list", "number": "number",
    "nps": "number", "date": "date", "checkbox": "bool",
}  # fmt: skip
_OF_FILE: dict[str, FieldType] = {"number": "number", "date": "date", "set": "list", "text": "text"}
_GROUPS = ("primary.", "secondary.", "source.")
#: Keys of definitions whose text is the path of an attribute.
_ASKING = ("attribute", "field", "date")


def known_fields(definitions: Iterable[Definition], declared: Iterable[DeclaredField] = ()) -> dict[str, KnownField]:
    """By path. `declared`: `fields` of playbook.yaml, which are not published."""
    found: list[KnownField] = []
    for one in definitions:
        found += _of_form(one.body) if one.kind == "form" else map(KnownField, _asked_for(one.body))
    return joined([*found, *map(_of_declared, declared)])


def live_definitions(definitions: Definitions) -> list[Definition]:
    """Those of the stage that may name a field."""
    return [Definition(kind, one.id, one.body) for kind in _KINDS for one in definitions.all_live(kind)]


def _of_form(body: dict[str, Any]) -> Iterator[KnownField]:
    for each in body.get("fields", ()):
        path = "primary.email" if each.get("type") == "email" else each.get("maps_to")
        if not path:
            continue
        labels = tuple(filter(None, (each.get("label"), each.get("name"))))
        choices = each.get("choices") or ()
        values = {fold(text): one["value"] for one in choices for text in (one["label"], one["value"])}
        yield KnownField(path, _OF_FORM.get(str(each.get("type")), "text"), labels, values)


def _of_declared(one: DeclaredField) -> KnownField:
    type_: FieldType = "choice" if one.options and one.type == "text" else _OF_FILE[one.type]
    return KnownField(one.name, type_, (), {fold(option): option for option in one.options})


def _asked_for(part: object) -> Iterator[str]:
    """Paths of attributes anywhere in a definition: in conditions, dates of entries and waits, changes, routing."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in _ASKING and isinstance(value, str) and value.startswith(_GROUPS):
                yield value
            yield from _asked_for(value)
    elif isinstance(part, list):
        for one in part:
            yield from _asked_for(one)
