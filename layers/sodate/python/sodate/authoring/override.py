"""Values set from outside for one stage: `sales.webhook.url=…`, `forms.*.origins=[…]`.

The files stay the reviewed truth; what differs between stages (origins, webhook) is laid over them before validation,
so an override is checked like anything that was written.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sodate.errors import Invalid
from sodate.messages import Message
from sodate.playbook.problem import Problem
from sodate.playbook.yamlfile import parse

ROOTS = ("mailing", "rules", "sales", "forms", "templates", "sequences", "scenarios", "broadcasts", "reports")


def parse_settings(settings: Iterable[str]) -> dict[str, Any]:
    """`PATH=VALUE` from the command line; the value is YAML, so `[a, b]` is a list. Raises `Invalid`."""
    result = {}
    for setting in settings:
        path, equals, value = setting.partition("=")
        read = parse("--set", value)
        if not equals or read.problems or path.split(".")[0] not in ROOTS:
            raise Invalid(
                Message(
                    "--set {setting}: write PATH=VALUE, where PATH begins with one of {roots}",
                    setting=setting,
                    roots=", ".join(ROOTS),
                )
            )
        result[path] = read.data
    return result


def next_settings(kept: Mapping[str, Any], unset: Iterable[str], settings: Iterable[str]) -> dict[str, Any]:
    """The settings of a stage from now on: `kept` from earlier, without `unset`, and `settings` (`PATH=VALUE`).

    Raises: `Invalid`.
    """
    result = dict(kept)
    for path in unset:
        if path not in kept:
            known = ", ".join(sorted(kept)) or "none"
            raise Invalid(
                Message("--unset {key}: this stage has no such setting; it has: {known}", key=path, known=known)
            )
        result.pop(path, None)
    return result | parse_settings(settings)


def apply_overrides(data: Any, address: tuple[str, ...], overrides: Mapping[str, Any]) -> set[str]:
    """Lays over `data` (in place) what is meant for the document at `address`; returns the overrides that did."""
    hit = set()
    for path, value in overrides.items():
        parts = path.split(".")
        head, rest = parts[: len(address)], parts[len(address) :]
        meant = len(head) == len(address) and all(part in ("*", own) for part, own in zip(head, address, strict=True))
        if meant and rest and _set(data, rest, value):
            hit.add(path)
    return hit


def _set(data: Any, path: list[str], value: Any) -> bool:
    *parents, last = path
    for part in parents:
        if not isinstance(data, dict):
            return False
        data = data.setdefault(part, {})
    if not isinstance(data, dict):
        return False
    data[last] = value
    return True


def unknown_targets(overrides: Mapping[str, Any], hit: set[str], present: set[str]) -> list[Problem]:
    """An override that met no document is an error, but only a warning when the playbook has nothing of that kind."""
    return [_unused(path, absent=path.split(".")[0] in set(ROOTS) - present) for path in overrides if path not in hit]


def _unused(path: str, *, absent: bool) -> Problem:
    message = (
        Message("changes nothing, the playbook has no such file")
        if absent
        else Message("changes nothing in this playbook")
    )
    hint = Message(
        "correct the path; if an earlier apply stored it: --unset '{path}' (docs/playbook.md, Overrides)", path=path
    )
    return Problem("--set", 1, path, message, hint, rule="override", severity="warning" if absent else "error")
