"""What an apply would change against the live definitions, and who is affected. Reads only."""

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from sodate.authoring import affected
from sodate.authoring.check import Checked
from sodate.authoring.diff import FieldChange, changes
from sodate.authoring.lost_steps import lost_steps
from sodate.authoring.numbers import numbers
from sodate.authoring.over import schedules_over
from sodate.messages import Message
from sodate.playbook.problem import Problem
from sodate.playbook.store import Definitions, Kind, Stored, digest

KINDS: tuple[Kind, ...] = (
    "template", "activities", "mailing", "sales", "rules", "tracking", "segments", "sequence", "broadcast", "form",
    "campaign", "attribution", "kpis",
    "reports", "overrides",
)  # fmt: skip
What = Literal["added", "changed", "retired", "left"]


@dataclass(frozen=True)
class Change:
    """`left`: live, no longer in the playbook, and kept because `--retire` was not given."""

    kind: Kind
    id: str
    what: What
    live_version: int | None
    fields: list[FieldChange] = field(default_factory=list)
    affects: list[str] = field(default_factory=list)
    needs_backfill: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """`is_first`: nothing is live, so the stage has no lead. `refused`: why `apply` would refuse it."""

    changes: list[Change]
    left: list[Change]
    unchanged: int
    is_first: bool
    refused: list[Problem]

    @property
    def needs_backfill(self) -> bool:
        return any(change.needs_backfill for change in self.changes)


def make_plan(
    checked: Checked,
    now: datetime,
    *,
    retire: bool = False,
    definitions: Definitions | None = None,
    full: bool = False,
) -> Plan:
    """`full`: with each field of a definition that is new."""
    store = definitions or Definitions()
    live = {(kind, stored.id): stored for kind in KINDS for stored in store.all_live(kind)}
    wanted = checked.definitions()
    planned, over = list[Change](), list(schedules_over(checked.playbook, now))
    for definition in wanted:
        before = live.get((definition.kind, definition.id))
        if before is None:
            change = _added(definition.kind, definition.id, definition.body, full=full)
        elif before.digest != digest(definition.body):
            change = _changed(before, definition.body, live)
        else:
            continue
        notes = [note for kind, name, note in over if (kind, name) == (definition.kind, definition.id)]
        notes += numbers(before.body if before else {}, definition.body, store, now)
        planned.append(replace(change, affects=[*change.affects, *notes]))
    names = {(definition.kind, definition.id) for definition in wanted}
    gone = [stored for key, stored in live.items() if key not in names and stored.kind != "overrides"]
    retired = [_gone(stored, "retired" if retire else "left") for stored in gone]
    unchanged = len(wanted) - len(planned)
    shown, left = (planned + retired, []) if retire else (planned, retired)
    return Plan(shown, left, unchanged, is_first=not live, refused=lost_steps(checked, store))


def _added(kind: Kind, definition_id: str, body: dict[str, Any], *, full: bool) -> Change:
    notes = affected.by_adding(kind, definition_id, body)
    return Change(
        kind,
        definition_id,
        "added",
        None,
        changes({}, body) if full else [],
        notes,
        affected.needs_backfill(kind, {}, body),
    )


def _changed(before: Stored, after: dict[str, Any], live: dict[tuple[Kind, str], Stored]) -> Change:
    found, notes = changes(before.body, after), affected.by_changing(before, after, live)
    needs_backfill = affected.needs_backfill(before.kind, before.body, after)
    return Change(before.kind, before.id, "changed", before.version, found, notes, needs_backfill)


def _gone(stored: Stored, what: What) -> Change:
    stays: list[str] = [Message("stays live; retire it with --retire")]
    notes = affected.by_retiring(stored) if what == "retired" else stays
    return Change(stored.kind, stored.id, what, stored.version, [], notes)
