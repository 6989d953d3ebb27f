"""Findings, steps, exits and waits of a document in the words of a catalog. Pure."""

from collections.abc import Mapping
from typing import Any

from sodate.rehearsal.report.catalogs import Catalog, shown


def finding(catalog: Catalog, one: Mapping[str, Any]) -> str:
    values = {key: value for key, value in one.items() if key not in ("finding", "scenarios", "exit", "to")}
    if "exit" in one:
        values |= {"exit": exit_name(catalog, one["exit"]), "to": target(catalog, one["to"])}
    if "scenarios" in one:
        values["one"], values["other"] = one["scenarios"]
    return catalog.text("finding", one["finding"], **values)


def exit_name(catalog: Catalog, name: str) -> str:
    """`name`: as the document has it, e.g. `case 1`, `arm a`, `kept out`."""
    kind, _, detail = name.partition(" ")
    return catalog.text("exit", kind, detail=detail)


def target(catalog: Catalog, name: str) -> str:
    """The step to which an exit leads; no step has the id `end`."""
    return catalog.text("page", "end") if name == "end" else name


def step_does(catalog: Catalog, step: Mapping[str, Any]) -> str:
    """`send invitation · 3 days at 10:00`."""
    what = f"{catalog.text('kind', step['kind'])} {step['subject']}".strip()
    return " · ".join(part for part in (what, wait(catalog, step["wait"])) if part)


def exits(catalog: Catalog, step: Mapping[str, Any]) -> str:
    """`case 1 → call 12; otherwise → reminder 30`; of an email also how many were skipped."""
    return "; ".join(_exit(catalog, one) for one in step["exits"])


def ended(catalog: Catalog, reasons: Mapping[str, int]) -> str:
    return "; ".join(f"{catalog.label('ended', reason)} {shown(count)}" for reason, count in reasons.items())


def most_on(day: Mapping[str, Any] | None) -> str | None:
    return None if day is None else f"{shown(day['entered'])} ({day['day']})"


def wait(catalog: Catalog, written: Mapping[str, Any] | None) -> str:
    """The wait of a step, as short as it fits in a box; empty without one."""
    if written is None:
        return ""
    on_date = {"days"} if "date" in written else set()
    keys = [key for key in catalog.words["wait"] if key in written and key not in on_date]
    return " ".join(_wait_part(catalog, key, written) for key in keys)


def _exit(catalog: Catalog, one: Mapping[str, Any]) -> str:
    skipped = one["outcomes"].get("skipped", 0)
    of_them = f" ({catalog.text('outcome', 'skipped')} {shown(skipped)})" if skipped else ""
    condition = f" [{one['condition']}]" if one["condition"] else ""
    name, to = exit_name(catalog, one["exit"]), target(catalog, one["to"])
    return f"{name}{condition} → {to} {shown(one['enrollments'])}{of_them}"


def _wait_part(catalog: Catalog, key: str, written: Mapping[str, Any]) -> str:
    if key == "date" and "days" in written:
        return catalog.text("wait", "date_days", value=written["date"], days=f"{written['days']:+d}")
    value = written[key]
    return catalog.text("wait", key, value=", ".join(value) if isinstance(value, list) else value)
