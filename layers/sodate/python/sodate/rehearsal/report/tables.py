"""The tables of a report, for the terminal and for the page alike. Cells are figures or text; None is a dash. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sodate.rehearsal.report.catalogs import Catalog
from sodate.rehearsal.report.phrases import ended, exits, most_on, step_does
from sodate.rehearsal.report.scenario_figures import percent

Cell = str | int | float | None
Document = Mapping[str, Any]
_ANSWERS = ("bounced", "opened", "clicked", "unsubscribed", "complained")


@dataclass(frozen=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def emails(document: Document, catalog: Catalog) -> Table:
    titled = {**document["scenarios"], **document["broadcasts"]}
    every = document["emails"]
    rows = [
        (source, titled[source]["title"] if source in titled else "", count, percent(count, every["all"]))
        for source, count in by_size(every["by_source"])
    ]
    return _table(catalog, "emails", ("source", "title", "emails", "share"), rows)


def overview(document: Document, catalog: Catalog) -> Table:
    """Scenarios and broadcasts in one table, those with the most emails first. A broadcast has no enrollments."""
    sources, sent = {**document["scenarios"], **document["broadcasts"]}, document["emails"]["by_source"]
    rows: list[tuple[Cell, ...]] = []
    for source, count in by_size({name: sent.get(name, 0) for name in sources}):
        one = sources[source]
        reasons = ended(catalog, one["ended"]) if "ended" in one else None
        rows.append((source, count, one.get("entered"), one.get("inside"), reasons))
    return _table(catalog, "overview", ("source", "emails", "entered", "inside", "ended"), rows)


def not_sent(document: Document, catalog: Catalog) -> Table:
    """The most frequent first."""
    counted = [
        (outcome, source, reason, count)
        for outcome in ("deferred", "skipped")
        for source, reasons in document[outcome].items()
        for reason, count in reasons.items()
    ]
    rows = [
        (source, catalog.text("outcome", outcome), catalog.label("reason", reason), count)
        for outcome, source, reason, count in sorted(counted, key=lambda one: -one[3])
    ]
    return _table(catalog, "not_sent", ("source", "outcome", "reason", "times"), rows)


def scenarios(document: Document, catalog: Catalog) -> Table:
    rows = [
        (name, one["entered"], one["inside"], ended(catalog, one["ended"]), most_on(one["most_entered"]))
        for name, one in document["scenarios"].items()
    ]
    return _table(catalog, "scenarios", ("scenario", "entered", "inside", "ended", "most_entered"), rows)


def goals(document: Document, catalog: Catalog) -> Table:
    rows = [
        (name, goal, one["reached"], one["percent"], one["median_hours"], one["p90_hours"])
        for name, scenario in document["scenarios"].items()
        for goal, one in scenario["goals"].items()
    ]
    return _table(catalog, "goals", ("scenario", "goal", "reached", "of_entered", "median", "p90"), rows)


def steps(scenario: Mapping[str, Any], catalog: Catalog) -> Table:
    rows = [
        (one["id"], step_does(catalog, one), one["came"], one["inside"], one["ended_here"], exits(catalog, one))
        for one in scenario["steps"]
    ]
    return _table(catalog, "steps", ("step", "does", "came", "inside", "ended_here", "exits"), rows)


def answers(document: Document, catalog: Catalog) -> Table:
    rows = [
        (template, one["sent"], *(one["percent"][answer] for answer in _ANSWERS))
        for template, one in document["answers"].items()
    ]
    return _table(catalog, "answers", ("template", "sent", *_ANSWERS), rows)


def experiments(document: Document, catalog: Catalog) -> Table:
    """Of each run: clicked of delivered by variant, and what the run was decided for."""
    rows: list[tuple[Cell, ...]] = []
    for source, broadcast in document["broadcasts"].items():
        for run in broadcast["experiments"]:
            clicked = [f"{name} {one['clicked']}/{one['delivered']}" for name, one in run["variants"].items()]
            decided = catalog.label("decided", run["decided"]) if run["decided"] else None
            rows.append((f"{source}/{run['run']}", ", ".join(clicked), decided))
    return _table(catalog, "experiments", ("run", "clicked_of", "decided"), rows)


def sales(document: Document, catalog: Catalog) -> Table:
    load = document["sales"]
    rows = []
    for owner, signals in load["signals"].items():
        busiest = load["busiest_day"][owner]
        on_it = busiest["signals"] + busiest["calls"]
        rows.append((owner, sum(signals.values()), sum(load["calls"][owner].values()), busiest["day"], on_it))
    return _table(catalog, "sales", ("owner", "signals", "calls", "busiest", "on_it"), rows)


def sales_answers(document: Document, catalog: Catalog) -> Table:
    rows = list(document["sales"]["answers"].items())
    return _table(catalog, "sales_answers", ("answer", "number"), rows)


def together(document: Document, catalog: Catalog) -> Table:
    rows = [(*one["scenarios"], one["people"]) for one in document["together"]]
    return _table(catalog, "together", ("scenario", "other", "people"), rows)


def opt_outs(document: Document, catalog: Catalog) -> Table:
    rows = [(catalog.label("block", one), count) for one, count in by_size(document["people"]["opt_outs"])]
    return _table(catalog, "opt_outs", ("reason", "people"), rows)


def assumptions(document: Document, catalog: Catalog) -> Table:
    """Every value by its path in `rehearsal.yaml`, those that are left to the default included."""
    return _table(catalog, "assumptions", ("assumption", "value"), list(_flat(document["assumptions"], "")))


def by_size(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    """The largest first."""
    return sorted(counted.items(), key=lambda one: (-one[1], one[0]))


def _flat(value: Any, path: str) -> list[tuple[str, Cell]]:
    if isinstance(value, Mapping):
        return [row for key, part in value.items() for row in _flat(part, f"{path}.{key}" if path else key)]
    if isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        return [row for index, part in enumerate(value) for row in _flat(part, f"{path}[{index + 1}]")]
    return [(path, ", ".join(map(str, value)) if isinstance(value, list) else value)]


def _table(catalog: Catalog, name: str, columns: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> Table:
    heads = tuple(catalog.text("column", column) for column in columns)
    return Table(catalog.text("table", name), heads, tuple(rows))
