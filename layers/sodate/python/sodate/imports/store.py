"""Items of imports: progress of each file, and what the rows read and write of leads.

IMPORT# items keep the mapping, because it holds the wording of consents.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.activities.store import logged_once
from sodate.consent.store import consent_item, suppression_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, TableItem, plain
from sodate.dynamodb.table import ConditionFailed, Put, Update, Write
from sodate.errors import Conflict
from sodate.imports.decide import Known, LeadChange
from sodate.imports.report import zero_counts
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import (
    ProfileItem,
    external_owner_item,
    owner_item,
    profile_item,
    profile_key,
    profiles_of,
    state_change,
    state_item,
    states_of,
)
from sodate.messages import Message


@dataclass(frozen=True)
class Progress:
    """`offset` (bytes) and `line` are the start of the next record. `counts` has the keys of `report.COUNTED`.

    `errors_size`: bytes of the error list that belong to this progress; the rest is truncated on resume.
    """

    import_id: str
    encoding: str
    offset: int = 0
    line: int = 1
    counts: dict[str, int] = field(default_factory=zero_counts)
    finished: bool = False
    errors_size: int = 0


class ImportItem(TableItem, discriminator="import"):
    encoding = UnicodeAttribute()
    offset = NumberAttribute()
    line = NumberAttribute()
    counts: MapAttribute[str, Any] = MapAttribute()
    finished = BooleanAttribute()
    errors_size = NumberAttribute()
    mapping = UnicodeAttribute()
    started = UnicodeAttribute()
    at = UnicodeAttribute()


def find_progress(import_id: str) -> Progress | None:
    item = table.find(ImportItem, keys.imported(import_id), keys.PROGRESS)
    if item is None:
        return None
    counts = {name: int(count) for name, count in item.counts.as_dict().items()}
    return Progress(
        import_id, item.encoding, int(item.offset), int(item.line), counts, bool(item.finished), int(item.errors_size)
    )


def begin(progress: Progress, mapping: str, now: datetime) -> Progress:
    """Store the progress of a new import; returns the stored one when the import began before."""
    item = ImportItem(
        keys.imported(progress.import_id),
        keys.PROGRESS,
        encoding=progress.encoding,
        offset=progress.offset,
        line=progress.line,
        counts=progress.counts,
        finished=progress.finished,
        errors_size=progress.errors_size,
        mapping=mapping,
        started=keys.stamp(now),
        at=keys.stamp(now),
    )
    try:
        table.put_new(item)
    except ConditionFailed:
        return find_progress(progress.import_id) or progress
    return progress


def advance(before: Progress, after: Progress, now: datetime) -> None:
    """Store the progress after a chunk.

    Raises: `Conflict` when another run of the same import is ahead; that run continues and this one stops.
    """
    item = ImportItem(keys.imported(after.import_id), keys.PROGRESS)
    actions = [
        ImportItem.offset.set(after.offset),
        ImportItem.line.set(after.line),
        ImportItem.counts.set(after.counts),
        ImportItem.finished.set(after.finished),
        ImportItem.errors_size.set(after.errors_size),
        ImportItem.at.set(keys.stamp(now)),
    ]
    try:
        table.update(item, actions, (ImportItem.offset == before.offset) & (ImportItem.finished == before.finished))
    except ConditionFailed as error:
        raise Conflict(Message("another run of this import is ahead; it goes on")) from error


# -- leads of rows -----------------------------------------------------------------------------------------------------


def look_up(source: str, wanted: Sequence[Known]) -> list[Known]:
    """The same keys with what is stored for them: owners, suppression, profile and state. Strongly consistent."""
    items = table.get_many((key for known in wanted for key in _keys_of(source, known)), consistent=True)
    owned = [_owned(source, known, items) for known in wanted]
    leads = {lead for known in owned for lead in (known.by_email, known.by_id) if lead}
    profiles, states = profiles_of(leads, consistent=True), states_of(leads)
    return [
        replace(known, profile=profiles.get(lead), state=states.get(lead))
        for known in owned
        for lead in [known.by_email or known.by_id or ""]
    ]


def _keys_of(source: str, known: Known) -> Iterable[tuple[str, str]]:
    if known.email_key:
        yield keys.address_owner(known.email_key), keys.OWNER
        yield keys.suppression(known.email_key), keys.ENTRY
    if known.id_key:
        yield keys.external_owner(source, known.id_key), keys.OWNER


def _owned(source: str, known: Known, items: dict[tuple[str, str], Row]) -> Known:
    by_email = items.get((keys.address_owner(known.email_key or ""), keys.OWNER))
    by_id = items.get((keys.external_owner(source, known.id_key or ""), keys.OWNER))
    entry = items.get((keys.suppression(known.email_key or ""), keys.ENTRY))
    return replace(
        known,
        by_email=_text(by_email, "lead_id"),
        by_id=_text(by_id, "lead_id"),
        suppressed=_text(entry, "reason"),
    )


def _text(item: Row | None, name: str) -> str | None:
    return str(plain(item[name])) if item else None


def lead_writes(change: LeadChange, source: str, now: datetime) -> list[Write]:
    """The writes of one row, for one transaction. They fail when the lead changed since it was looked up."""
    lead_id = change.state.lead_id
    if change.profile_before is None or change.state_before is None:
        writes: list[Write] = [
            Put.new(profile_item(change.profile)),
            Put.new(state_item(change.state)),
        ]
    else:
        actions = _profile_actions(change.profile_before, change.profile)
        writes = [
            Update(profile_key(lead_id), actions, _unchanged(change.profile_before)),
            *_state_writes(change.state_before, change.state),
        ]
    if change.address_key:
        writes.append(Put.new(owner_item(change.address_key, lead_id)))
    if change.id_key:
        writes.append(Put.new(external_owner_item(source, change.id_key, lead_id)))
    evidence = [entry for entry in (change.consent, change.opt_out) if entry is not None]
    writes += [Put(consent_item(entry.evidence, entry.key)) for entry in evidence]
    if change.suppresses:
        writes.append(Put.new(suppression_item(change.state.address_key, Block.UNSUBSCRIBED, now)))
    # Equal activities have equal keys, so these writes need no condition.
    return [*writes, *(logged_once(replace(activity, recorded=now)) for activity in change.activities)]


def _profile_actions(before: Profile, after: Profile) -> list[Action]:
    actions: list[Action] = []
    for path, old, new in (
        (ProfileItem.primary, before.primary, after.primary),
        (ProfileItem.secondary, before.secondary, after.secondary),
        (ProfileItem.source, before.source, after.source),
    ):
        actions += [path[name].set(value) for name, value in new.items() if name not in old or old[name] != value]
        actions += [path[name].remove() for name in old if name not in new]
    attributes: tuple[tuple[Any, object, Any], ...] = (
        (ProfileItem.address, before.address, after.address),
        (ProfileItem.mailbox, before.mailbox, after.mailbox),
        (ProfileItem.flags, list(before.flags), list(after.flags)),
        (ProfileItem.external, before.external, after.external),
        (ProfileItem.imported, before.imported, after.imported),
        (ProfileItem.updated, before.updated, after.updated),
    )
    return actions + [attribute.set(value) for attribute, was, value in attributes if value != was]


def _state_writes(before: ContactState, after: ContactState) -> list[Write]:
    return [state_change(before, after, after.topics)] if after != before else []


def _unchanged(profile: Profile) -> Condition:
    """True while neither a form nor another import changed the profile since it was read."""
    updated, imported = ProfileItem.updated, ProfileItem.imported
    condition: Condition = ProfileItem.created.exists()
    condition &= updated.does_not_exist() if profile.updated is None else updated == profile.updated
    condition &= imported == profile.imported if profile.imported else imported.does_not_exist()
    return condition
