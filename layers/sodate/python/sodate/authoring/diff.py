"""What changed between two definitions, field by field, in the words of the playbook."""

from dataclasses import dataclass
from typing import Any

_NAMES = ("id", "name", "value")


@dataclass(frozen=True)
class FieldChange:
    """`before` or `after` is None when the field is new or gone."""

    field: str
    before: Any
    after: Any


def changes(before: Any, after: Any, path: str = "") -> list[FieldChange]:
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        return _of_keys(before, after, path)
    old, new = _named(before), _named(after)
    if old is not None and new is not None:
        found = [
            change
            for name in dict.fromkeys([*old, *new])
            for change in changes(old.get(name), new.get(name), f"{path}[{name}]")
        ]
        return found or [FieldChange(f"{path} (order)", list(old), list(new))]
    return [FieldChange(path, before, after)]


def _of_keys(before: dict[str, Any], after: dict[str, Any], path: str) -> list[FieldChange]:
    return [
        change
        for key in dict.fromkeys([*before, *after])
        for change in changes(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    ]


def _named(value: Any) -> dict[str, Any] | None:
    """Entries by their own name, so that a field put in the middle is one change and not many."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return None
    for key in _NAMES:
        names = [entry.get(key) for entry in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return {str(name): entry for name, entry in zip(names, value, strict=True)}
    return None


def short(value: Any, limit: int = 60) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) else _compact(value)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def short_pair(before: Any, after: Any, limit: int = 60) -> tuple[str, str]:
    """Long texts are shown where they begin to differ, or a changed mail would look unchanged."""
    if not (isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > limit):
        return short(before, limit), short(after, limit)
    same = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = max(0, same - 12)
    mark = "…" if start else ""
    return mark + short(before[start:], limit), mark + short(after[start:], limit)


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        kept = {key: inner for key, inner in value.items() if inner not in (None, "", [], {})}
        return "{" + ", ".join(f"{key}: {_compact(inner)}" for key, inner in kept.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_compact(inner) for inner in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
