"""Conditions and changes of one enrollment in STATE, without reading it; its part of a claim; limits of entries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem, values
from sodate.dynamodb.statement import number, text
from sodate.dynamodb.table import Delete, Put, Update, Write
from sodate.email.eligibility.store import Guard
from sodate.leads.contact_state import Enrollment, Visit
from sodate.leads.lead import Profile
from sodate.leads.store import ProfileItem, StateItem, equal, profile_key, state_key

_COUNTED, _WAITING = timedelta(days=1), timedelta(days=90)


def step_change(lead_id: str, sequence: str, enrollment_id: str, step: int, then: int) -> Update:
    """Move an enrollment from `step` to `then`, without reading the state."""
    return Update(state_key(lead_id), [step_set(sequence, then)], enrolled_at(sequence, enrollment_id, step))


def visit_change(
    lead_id: str, name: str, enrollment: tuple[str, int], before: tuple[int, Visit], after: tuple[int, Visit]
) -> Update:
    """Move an enrollment in a scenario from one step and visit to another, without reading the state.

    `enrollment`: its id and version.
    """
    enrollment_id, version = enrollment
    (step, visit), (then, next_visit) = before, after
    return Update(
        state_key(lead_id),
        [step_set(name, then), *visit_set(name, next_visit.number, next_visit.at)],
        enrolled_at(name, enrollment_id, step) & visits(name, visit.number, visit.at) & on_version(name, version),
    )


def enrolled(name: str, enrollment_id: str) -> Condition:
    """True while the lead is in this enrollment, at any step."""
    enrollment = StateItem.enrollments[name]
    condition: Condition = (enrollment["id"] == enrollment_id) & enrollment["end"].does_not_exist()
    return condition


def step_set(name: str, step: Any) -> Action:
    action: Action = StateItem.enrollments[name]["step"].set(step)
    return action


def visit_set(name: str, number: Any, at: Any) -> list[Action]:
    enrollment = StateItem.enrollments[name]
    return [enrollment["m"].set(number), enrollment["e"].set(at)]


def enrolled_at(name: str, enrollment_id: Any, step: Any) -> Condition:
    """True while the lead is in this enrollment, at this step; both may be parameters of a statement."""
    enrollment = StateItem.enrollments[name]
    condition: Condition = (enrollment["id"] == enrollment_id) & (enrollment["step"] == step)
    return condition


def visits(name: str, number: Any, at: Any) -> Condition:
    """True during this visit of a step; both may be parameters of a statement."""
    enrollment = StateItem.enrollments[name]
    condition: Condition = (enrollment["m"] == number) & (enrollment["e"] == at)
    return condition


def on_version(name: str, version: Any) -> Condition:
    """True while the enrollment has not been migrated: steps and visits of another version mean something else."""
    condition: Condition = StateItem.enrollments[name]["v"] == version
    return condition


def as_enrolled(name: str, enrollment: Enrollment) -> Condition:
    """True while the enrollment has not moved, has not been migrated and has not ended."""
    at_step, visit = enrolled_at(name, enrollment.id, enrollment.step), enrollment.visit
    at_step &= on_version(name, enrollment.version)
    if visit is not None:
        at_step &= visits(name, visit.number, visit.at)
    condition: Condition = at_step & equal(StateItem.enrollments[name]["end"], enrollment.ended)
    return condition


def profile_change(before: Profile, values: Mapping[str, Any], now: datetime) -> Update:
    """Set values by path (`secondary.tags`), while those of lists are as in `before`."""
    groups = {"primary": ProfileItem.primary, "secondary": ProfileItem.secondary, "source": ProfileItem.source}
    actions: list[Action] = [ProfileItem.updated.set(keys.stamp(now))]
    condition: Condition = ProfileItem.created.exists()
    for path, value in values.items():
        group, _, name = path.partition(".")
        actions.append(groups[group][name].set(value))
        if isinstance(value, list):
            condition &= equal(groups[group][name], before.attribute(path))
    return Update(profile_key(before.lead_id), actions, condition)


def step_guard(sequence: str) -> Guard:
    """Parameters: `enrollment` (its id), `step`, and `then` (the index of the next step)."""
    return Guard(enrolled_at(sequence, text("enrollment"), number("step")), [step_set(sequence, number("then"))])


def visit_guard(name: str) -> Guard:
    """As `step_guard`, for a scenario. Further parameters: `version`, `visit` and `entered` of the step's visit,
    `next_visit` and `next_entered` of the next one.
    """
    step = step_guard(name)
    return Guard(
        step.condition & visits(name, number("visit"), number("entered")) & on_version(name, number("version")),
        [*step.actions, *visit_set(name, number("next_visit"), number("next_entered"))],
    )


# -- entries of a scenario with a limit --------------------------------------------------------------------------------


class EntryCountItem(TableItem, discriminator="entrycount"):
    """Entries of one hour (UTC)."""

    entered = NumberAttribute()


class EntryStopItem(TableItem, discriminator="entrystop"):
    """Present from the first entry over the limit until an operator decides."""

    at = UnicodeAttribute()


class WaitingEntryItem(TableItem, discriminator="waitingentry"):
    reason = UnicodeAttribute()
    reference = UnicodeAttribute()
    at = UnicodeAttribute()


@dataclass(frozen=True)
class WaitingEntry:
    """A lead that waits for an operator. `name`: of the enrollment; `reason`, `reference`, `at`: of its cause."""

    lead_id: str
    name: str
    reason: str
    reference: str
    at: datetime


def entries_of_hour(scenario: str, now: datetime) -> int:
    item = table.find(EntryCountItem, keys.scenario(scenario), keys.entry_count(now))
    return int(item.entered) if item is not None else 0


def entries_stopped_at(scenario: str) -> datetime | None:
    item = table.find(EntryStopItem, keys.scenario(scenario), keys.ENTRY_STOP)
    return datetime.fromisoformat(item.at) if item is not None else None


def entry_counted(scenario: str, limit: int, now: datetime) -> Update:
    """Fails when the hour is full."""
    counted = EntryCountItem(keys.scenario(scenario), keys.entry_count(now))
    has_room = EntryCountItem.entered.does_not_exist() | (EntryCountItem.entered < limit)
    ttl = int((now + _COUNTED).timestamp())
    kind = EntryCountItem.kind.set(EntryCountItem)
    return Update(counted, [EntryCountItem.entered.add(1), EntryCountItem.ttl.set(ttl), kind], has_room)


def waiting_writes(scenario: str, waiting: WaitingEntry, now: datetime) -> list[Write]:
    """The entry on the list, and no further entries from now on."""
    return [
        Put(
            WaitingEntryItem(
                keys.waiting_entries(scenario),
                keys.waiting_entry(waiting.lead_id, waiting.name),
                reason=waiting.reason,
                reference=waiting.reference,
                at=keys.stamp(waiting.at),
                ttl=int((now + _WAITING).timestamp()),
            )
        ),
        Put(EntryStopItem(keys.scenario(scenario), keys.ENTRY_STOP, at=keys.stamp(now))),
    ]


def waiting_entries(scenario: str, after: str | None = None, limit: int = 100) -> tuple[list[WaitingEntry], str | None]:
    """Up to `limit` entries after the cursor, and the cursor of the next page (None: no more pages)."""
    rows, last = table.page(keys.waiting_entries(scenario), after, limit)
    return [_waiting_entry(values(WaitingEntryItem, row)) for row in rows], last


def _waiting_entry(stored: Mapping[str, Any]) -> WaitingEntry:
    lead_id, name = keys.lead_of_waiting_entry(stored["sk"]), keys.enrollment_of_waiting_entry(stored["sk"])
    return WaitingEntry(lead_id, name, stored["reason"], stored["reference"], datetime.fromisoformat(stored["at"]))


def no_longer_waiting(scenario: str, waiting: WaitingEntry) -> Delete:
    return Delete(WaitingEntryItem(keys.waiting_entries(scenario), keys.waiting_entry(waiting.lead_id, waiting.name)))


def reopen_entries(scenario: str, now: datetime) -> None:
    """Further entries come in, and the count of this hour begins anew."""
    pk = keys.scenario(scenario)
    table.commit([Delete(EntryStopItem(pk, keys.ENTRY_STOP)), Delete(EntryCountItem(pk, keys.entry_count(now)))])
