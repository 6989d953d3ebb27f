"""Publish a playbook. Checked first, then written in dependency order; the same playbook twice changes nothing.

Every write is idempotent and each version immutable, so an apply that dies half-way is simply run again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sodate.authoring.check import Checked, check
from sodate.authoring.lost_steps import lost_steps
from sodate.authoring.release import written_by
from sodate.errors import NotFound
from sodate.playbook.problem import PlaybookInvalid
from sodate.playbook.store import Definitions, Kind
from sodate.scenarios.enter_by_schedule import plan_schedules
from sodate.scenarios.review_arms import plan_reviews

#: Retiring runs against the order of publishing: what refers goes before what is referred to.
RETIRE_ORDER: tuple[Kind, ...] = (
    "reports", "attribution", "campaign", "form", "broadcast", "sequence", "segments", "tracking", "kpis", "rules",
    "sales",
    "mailing", "template",
)  # fmt: skip


@dataclass(frozen=True)
class Applied:
    kind: Kind
    id: str
    version: int
    what: Literal["added", "changed", "unchanged", "retired"]


def apply_directory(
    directory: Path,
    *,
    now: datetime,
    overrides: Mapping[str, Any] | None = None,
    retire: bool = False,
    definitions: Definitions | None = None,
    applied_by: str | None = None,
) -> list[Applied]:
    """Check and publish to the table in use (`sodate.dynamodb.table.Table.use`).

    `overrides` are laid over the files before they are checked, e.g. `{"sales.webhook.url": "http://127.0.0.1:9000/",
    "forms.*.origins": ["http://localhost:3000"]}`. Raises `PlaybookInvalid` with all problems and writes nothing then.
    """
    checked = check(directory, overrides)
    if not checked.ok:
        raise PlaybookInvalid(checked.problems)
    return publish(checked, now=now, retire=retire, definitions=definitions, applied_by=applied_by)


def publish(
    checked: Checked, *, now: datetime, retire: bool = False, definitions: Definitions | None = None,
    applied_by: str | None = None,
) -> list[Applied]:  # fmt: skip
    """`applied_by`: the person who publishes; another one approves a broadcast.

    Raises: `PlaybookInvalid`, before anything is written, when leads are at a step that a scenario no longer has.
    """
    store, release, applied = definitions or Definitions(), written_by(), list[Applied]()
    if refused := lost_steps(checked, store):
        raise PlaybookInvalid(refused)
    for wanted in checked.definitions():
        before = _live_version(store, wanted.kind, wanted.id)
        version = store.publish(wanted.kind, wanted.id, wanted.body, now, release, applied_by)
        what: Literal["added", "changed", "unchanged"] = "unchanged" if version == before else "changed"
        applied.append(Applied(wanted.kind, wanted.id, version, "added" if before is None else what))
    applied += _retire_missing(checked, store, now) if retire else []
    plan_schedules(store, now)
    plan_reviews(store, now)
    return applied


def _retire_missing(checked: Checked, store: Definitions, now: datetime) -> list[Applied]:
    wanted = {(definition.kind, definition.id) for definition in checked.definitions()}
    retired = []
    for kind in RETIRE_ORDER:
        for stored in store.all_live(kind):
            if (kind, stored.id) not in wanted:
                store.retire(kind, stored.id, now)
                retired.append(Applied(kind, stored.id, stored.version, "retired"))
    return retired


def _live_version(store: Definitions, kind: Kind, definition_id: str) -> int | None:
    try:
        return store.live(kind, definition_id).version
    except NotFound:
        return None
