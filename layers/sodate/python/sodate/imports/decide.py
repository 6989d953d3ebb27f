"""Decides what a row changes: one decision with one list of conditional writes per row. No I/O.

A row matches a lead only by equal address or equal external id. When the two keys match different leads, the row is
rejected; leads are never merged.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.consent.consent import MENDABLE, UNSUBSCRIBED
from sodate.dynamodb import keys, transaction
from sodate.dynamodb.transaction import Update, Write
from sodate.imports.cells import moment
from sodate.imports.evidence import consented, logged, opted_out
from sodate.imports.mapping import Mapping
from sodate.imports.mark import Mark, Outcome, parse_mark
from sodate.imports.row import Row, shortened
from sodate.leads.lead import NO_ADDRESS, Profile, State
from sodate.leads.store import (
    ProfileItem,
    StateItem,
    as_it_was,
    changes,
    external_owner_item,
    owner_item,
    profile_item,
    profile_key,
    state_item,
    state_key,
)


class RowRejected(Exception):
    """The row is not applied; the message is the reason, `column` the offending column."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


@dataclass(frozen=True)
class Known:
    """Stored data that matches the keys of a row."""

    email_key: str | None
    id_key: str | None
    by_email: str | None = None
    by_id: str | None = None
    suppressed: str | None = None
    profile: Profile | None = None
    state: State | None = None

    @property
    def keys(self) -> set[str]:
        """Rows that share one of these are applied one after the other."""
        return {key for key in (self.email_key, self.id_key, self.by_email, self.by_id) if key}


@dataclass(frozen=True)
class Decision:
    """`before`: an earlier line of the file for this lead, 0 for none. `opts_out`: the lead is unsubscribed first."""

    outcome: Outcome
    state: State
    writes: list[Write] = field(default_factory=list)
    before: int = 0
    opts_out: bool = False


@dataclass(frozen=True)
class Decide:
    mapping: Mapping
    import_id: str
    new_id: Callable[[], str]
    now: datetime
    dry_run: bool = False
    #: The whole file was imported before; outcomes of that run are reported as `unchanged`.
    again: bool = False
    #: A dry run writes nothing, so it records the leads it would create: key to line.
    _planned: dict[str, int] = field(default_factory=dict)

    def decide(self, row: Row, known: Known) -> Decision:
        """Decide one row.

        Raises: `RowRejected`.
        """
        if known.by_email and known.by_id and known.by_email != known.by_id:
            reason = f"two people: the address belongs to lead {known.by_email}, the id to lead {known.by_id}"
            raise RowRejected(self.column("email"), reason)
        if not known.by_email and not known.by_id:
            return self._create(row, known)
        if known.profile is None or known.state is None:
            raise RowRejected("", f"lead {known.by_email or known.by_id} was erased and is not made again by an import")
        return self._known(row, known, known.profile, known.state)

    def column(self, *targets: str) -> str:
        """Name of the file's column mapped to the first of `targets` that is mapped; empty for none."""
        columns = self.mapping.columns.items()
        return next((name for target in targets for name, column in columns if column.to == target), "")

    def _create(self, row: Row, known: Known) -> Decision:
        before = max((self._planned.get(key, 0) for key in known.keys), default=0)
        if self.dry_run:
            self._planned.update(dict.fromkeys(known.keys, row.line))
        lead_id = self.new_id()
        blocked = UNSUBSCRIBED if row.opt_out else self._block(row, known)
        empty = State(lead_id, known.email_key or "", self.mapping.language, blocked=blocked)
        state, evidence = consented(row, empty, self.mapping.source, self.import_id)
        writes: list[Write] = [
            transaction.put_new(profile_item(self._profile(row, lead_id))),
            transaction.put_new(state_item(state)),
            *self._new_owners(known, lead_id),
            *evidence,
            *logged(row, lead_id, self.mapping.source),
        ]
        if row.opt_out:
            writes += opted_out(row, state, known.suppressed is not None, self.import_id, self.now)
        return Decision("updated" if before else "created", state, writes, before)

    def _profile(self, row: Row, lead_id: str) -> Profile:
        address, source = row.email, self.mapping.source
        return Profile(
            lead_id=lead_id,
            mailbox=address.mailbox if address else "",
            address=address.typed if address else "",
            language=self.mapping.language,
            primary=row.attributes["primary"],
            secondary=row.attributes["secondary"],
            source={**row.attributes["source"], "import": self.import_id},
            created=keys.stamp(row.created or self.now),
            flags=address.flags if address else (),
            updated=self._as_of(row) or None,
            external={source: row.external_id} if row.external_id else {},
            imported={source: str(Mark(row.digest, self.import_id, row.line, "created"))},
        )

    def _block(self, row: Row, known: Known) -> str | None:
        return (row.email.doubt or known.suppressed) if row.email else NO_ADDRESS

    def _known(self, row: Row, known: Known, profile: Profile, state: State) -> Decision:
        mark = parse_mark(profile.imported.get(self.mapping.source))
        if mark is None or mark.import_id != self.import_id:
            is_same = mark is not None and mark.digest == row.digest
            return Decision("unchanged", state) if is_same else self._update(row, known, profile, state, 0)
        if self.again and mark.line >= row.line:
            return Decision("unchanged", state, before=mark.before if mark.line == row.line else 0)
        if mark.line == row.line:  # this row was applied before the import was interrupted
            return Decision(mark.outcome, state, before=mark.before)
        if mark.line > row.line:  # … and so was a later row of the same lead
            was_made_here = profile.source.get("import") == self.import_id and mark.before == row.line
            return Decision("created" if was_made_here else "updated", state)
        if mark.digest == row.digest:
            return Decision("unchanged", state, before=mark.line)
        return self._update(row, known, profile, state, mark.line)

    def _update(self, row: Row, known: Known, profile: Profile, state: State, before: int) -> Decision:
        if row.opt_out and state.blocked in MENDABLE:
            return Decision("updated", state, before=before, opts_out=True)
        self._check_identity(row, known, profile, state)
        addressed = self._addressed(row, known, state)
        after, writes = consented(row, addressed, self.mapping.source, self.import_id)
        if row.opt_out and state.blocked == NO_ADDRESS:
            writes += opted_out(row, after, known.suppressed is not None, self.import_id, self.now)
        values = [*self._identity(row, profile), *self._attributes(row, profile)]
        outcome: Outcome = "updated" if values or after != state else "unchanged"
        mark = Mark(row.digest, self.import_id, row.line, outcome, before)
        values.append(ProfileItem.imported.set({**profile.imported, self.mapping.source: str(mark)}))
        if outcome == "updated":
            as_of = self._as_of(row) or keys.stamp(self.now)
            values.append(ProfileItem.updated.set(max(as_of, profile.updated or "")))
        writes += [
            Update(profile_key(profile.lead_id), values, _unchanged(profile)),
            *_state_change(state, after),
            *self._new_owners(known, profile.lead_id),
            *logged(row, profile.lead_id, self.mapping.source),
        ]
        return Decision(outcome, after, writes, before)

    def _check_identity(self, row: Row, known: Known, profile: Profile, state: State) -> None:
        """An equal id does not prove a second address, nor an equal address a second id.

        Raises: `RowRejected`.
        """
        if known.email_key and state.address_key and state.address_key != known.email_key:
            reason = f"lead {profile.lead_id} has this id and another address; which one is right, a person must say"
            raise RowRejected(self.column("email"), reason)
        stored_id = profile.external.get(self.mapping.source)
        if row.external_id and stored_id and stored_id != row.external_id:
            reason = f"lead {profile.lead_id} has this address and another id ({shortened(stored_id)}): two people?"
            raise RowRejected(self.column("external_id"), reason)

    def _addressed(self, row: Row, known: Known, state: State) -> State:
        """The state with the address of the row, when the lead had none."""
        address_key, blocked = state.address_key or known.email_key or "", state.blocked
        if blocked == NO_ADDRESS:
            blocked = UNSUBSCRIBED if row.opt_out else self._block(row, known)
        return replace(state, address_key=address_key, blocked=blocked)

    def _identity(self, row: Row, profile: Profile) -> list[Action]:
        actions: list[Action] = []
        source = self.mapping.source
        if row.external_id and source not in profile.external:
            actions.append(ProfileItem.external.set({**profile.external, source: row.external_id}))
        if row.email and not profile.address:
            actions.append(ProfileItem.address.set(row.email.typed))
            actions.append(ProfileItem.mailbox.set(row.email.mailbox))
            actions += [ProfileItem.flags.set(list(row.email.flags))] if row.email.flags else []
        return actions

    def _attributes(self, row: Row, profile: Profile) -> list[Action]:
        """The newest value wins; a row older than the profile only fills gaps; `source` values stay."""
        as_of = self._as_of(row)
        is_stale = bool(as_of) and as_of < (profile.updated or profile.created)
        groups: dict[str, tuple[Any, dict[str, Any]]] = {
            "primary": (ProfileItem.primary, profile.primary),
            "secondary": (ProfileItem.secondary, profile.secondary),
            "source": (ProfileItem.source, profile.source),
        }
        actions: list[Action] = []
        for group, (attribute, values) in groups.items():
            for name, value in row.attributes[group].items():
                is_kept = name in values and (is_stale or group == "source" or values[name] == value)
                if not is_kept:
                    actions.append(attribute[name].set(value))
        for path in () if is_stale else row.cleared:
            group, _, name = path.partition(".")
            if group != "source" and name in groups[group][1]:
                actions.append(groups[group][0][name].remove())
        return actions

    def _as_of(self, row: Row) -> str:
        """Time at which the row was valid, as `keys.stamp`; empty: now."""
        if row.updated:
            return keys.stamp(row.updated)
        day = self.mapping.as_of
        return keys.stamp(moment(day, ZoneInfo(self.mapping.zone))) if day else ""

    def _new_owners(self, known: Known, lead_id: str) -> list[Write]:
        writes: list[Write] = []
        if known.email_key and known.by_email is None:
            writes.append(transaction.put_new(owner_item(known.email_key, lead_id)))
        if known.id_key and known.by_id is None:
            writes.append(transaction.put_new(external_owner_item(self.mapping.source, known.id_key, lead_id)))
        return writes


def _state_change(state: State, after: State) -> list[Write]:
    actions = changes(state, after)
    if after.address_key != state.address_key:
        actions.append(StateItem.address_key.set(after.address_key))
    if after.blocked != state.blocked:
        actions.append(StateItem.blocked.set(after.blocked) if after.blocked else StateItem.blocked.remove())
    return [Update(state_key(state.lead_id), actions, as_it_was(state, after.topics))] if actions else []


def _unchanged(profile: Profile) -> Condition:
    """True while neither a form nor another import changed the profile since it was read."""
    updated, imported = ProfileItem.updated, ProfileItem.imported
    condition: Condition = ProfileItem.created.exists()
    condition &= updated.does_not_exist() if profile.updated is None else updated == profile.updated
    condition &= imported == profile.imported if profile.imported else imported.does_not_exist()
    return condition
