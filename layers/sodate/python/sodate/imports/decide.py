"""Decides what a row changes of which lead. Pure; `imports.store.row_writes` turns the plan into conditional writes.

A row matches a lead only by equal address or equal external id. When the two keys match different leads, the row is
rejected; leads are never merged.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sodate.activities.activity import Activity
from sodate.dynamodb import keys
from sodate.imports.cells import moment
from sodate.imports.evidence import (
    RowEvidence,
    imported_activities,
    imported_consent,
    imported_opt_out,
    put_into_segments,
)
from sodate.imports.mapping import Mapping
from sodate.imports.mark import Mark, Outcome, parse_mark
from sodate.imports.row import Row, shortened
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.lead import Profile
from sodate.messages import Message


class RowRejected(Exception):
    """The row is not applied; the message is the reason, `column` the offending column."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


@dataclass(frozen=True)
class Known:
    """Stored data that matches the keys of a row.

    `planned_line`: in a dry run, which writes nothing, the earlier line that would create this lead; else 0.
    """

    email_key: str | None
    id_key: str | None
    by_email: str | None = None
    by_id: str | None = None
    suppressed: str | None = None
    profile: Profile | None = None
    state: ContactState | None = None
    planned_line: int = 0

    @property
    def keys(self) -> set[str]:
        """Rows that share one of these are applied one after the other."""
        return {key for key in (self.email_key, self.id_key, self.by_email, self.by_id) if key}


@dataclass(frozen=True)
class LeadChange:
    """What a row writes. `profile_before` and `state_before` are None for a lead that it creates.

    `address_key`, `id_key`: keys that the lead comes to own. `suppresses`: the address goes on the suppression list.
    """

    profile: Profile
    state: ContactState
    profile_before: Profile | None
    state_before: ContactState | None
    address_key: str | None
    id_key: str | None
    consent: RowEvidence | None
    opt_out: RowEvidence | None
    suppresses: bool
    activities: tuple[Activity, ...]


@dataclass(frozen=True)
class RowPlan:
    """`state`: of the lead afterwards. `before`: an earlier line of the file for this lead, 0 for none.

    `opts_out`: the lead is unsubscribed, then the row is decided again. `change`: None when nothing is written.
    """

    outcome: Outcome
    state: ContactState
    change: LeadChange | None = None
    before: int = 0
    opts_out: bool = False


@dataclass(frozen=True)
class ImportContext:
    """What is the same for every row. `again`: the whole file was imported before; all its rows are `unchanged`."""

    mapping: Mapping
    import_id: str
    now: datetime
    again: bool = False

    def column(self, *targets: str) -> str:
        """Name of the file's column mapped to the first of `targets` that is mapped; empty for none."""
        columns = self.mapping.columns.items()
        return next((name for target in targets for name, column in columns if column.to == target), "")

    def as_of(self, row: Row) -> str:
        """Time at which the row was valid, as `keys.stamp`; empty: now."""
        if row.updated:
            return keys.stamp(row.updated)
        day = self.mapping.as_of
        return keys.stamp(moment(day, ZoneInfo(self.mapping.zone))) if day else ""


def decide_row(context: ImportContext, row: Row, known: Known, new_id: Callable[[], str]) -> RowPlan:
    """Decide one row.

    Raises: `RowRejected`.
    """
    if known.by_email and known.by_id and known.by_email != known.by_id:
        reason = Message(
            "two people: the address belongs to lead {by_email}, the id to lead {by_id}",
            by_email=known.by_email,
            by_id=known.by_id,
        )
        raise RowRejected(context.column("email"), reason)
    if known.suppressed == Block.ERASED and not known.by_email:
        raise RowRejected(
            context.column("email"), Message("a lead with this address was erased; an import does not make it again")
        )
    if not known.by_email and not known.by_id:
        return _create(context, row, known, new_id())
    if known.profile is None or known.state is None:
        raise RowRejected(
            "",
            Message(
                "lead {lead_id} was erased and is not made again by an import", lead_id=known.by_email or known.by_id
            ),
        )
    mark = parse_mark(known.profile.imported.get(context.mapping.source))
    if mark is not None and mark.import_id == context.import_id:
        return _marked(context, row, known, mark)
    if mark is not None and mark.digest == row.digest:
        return RowPlan(Outcome.UNCHANGED, known.state)
    return _update(context, row, known, 0)


def _create(context: ImportContext, row: Row, known: Known, lead_id: str) -> RowPlan:
    source = context.mapping.source
    blocked = Block.UNSUBSCRIBED if row.opt_out else _block(row, known)
    opted_out_at = keys.stamp(context.now) if row.opt_out else None
    empty = ContactState(
        lead_id, known.email_key or "", context.mapping.language, blocked=blocked, opted_out_at=opted_out_at
    )
    state, consent = imported_consent(row, empty, source, context.import_id)
    profile = _new_profile(context, row, lead_id)
    change = _change(context, row, known, (profile, state), consent)
    return RowPlan(Outcome.UPDATED if known.planned_line else Outcome.CREATED, state, change, known.planned_line)


def _marked(context: ImportContext, row: Row, known: Known, mark: Mark) -> RowPlan:
    """A row of this very import reached the lead before: this row, an earlier or a later one."""
    profile, state = _stored(known)
    if context.again and mark.line >= row.line:
        return RowPlan(Outcome.UNCHANGED, state, before=mark.before if mark.line == row.line else 0)
    if mark.line == row.line:  # this row was applied before the import was interrupted
        return RowPlan(mark.outcome, state, before=mark.before)
    if mark.line > row.line:  # … and so was a later row of the same lead
        was_made_here = profile.source.get("import") == context.import_id and mark.before == row.line
        return RowPlan(Outcome.CREATED if was_made_here else Outcome.UPDATED, state)
    if mark.digest == row.digest:
        return RowPlan(Outcome.UNCHANGED, state, before=mark.line)
    return _update(context, row, known, mark.line)


def _update(context: ImportContext, row: Row, known: Known, before: int) -> RowPlan:
    profile, state = _stored(known)
    if row.opt_out and (state.can_be_blocked_by(Block.UNSUBSCRIBED) or state.lacks_opt_out):
        return RowPlan(Outcome.UPDATED, state, before=before, opts_out=True)
    _check_identity(context, row, known)
    after, consent = imported_consent(row, _addressed(row, known), context.mapping.source, context.import_id)
    merged = _merged(context, row, profile)
    outcome = Outcome.UPDATED if merged != profile or after != state else Outcome.UNCHANGED
    mark = Mark(row.digest, context.import_id, row.line, outcome, before)
    merged = replace(merged, imported={**profile.imported, context.mapping.source: str(mark)})
    if outcome is Outcome.UPDATED:
        as_of = context.as_of(row) or keys.stamp(context.now)
        merged = replace(merged, updated=max(as_of, profile.updated or ""))
    return RowPlan(outcome, after, _change(context, row, known, (merged, after), consent), before)


def _change(
    context: ImportContext, row: Row, known: Known, lead: tuple[Profile, ContactState], consent: RowEvidence | None
) -> LeadChange:
    profile, state = lead
    opts_out = row.opt_out and (known.state is None or known.state.blocked == Block.NO_ADDRESS)
    return LeadChange(
        profile,
        state,
        known.profile,
        known.state,
        address_key=known.email_key if known.by_email is None else None,
        id_key=known.id_key if known.by_id is None else None,
        consent=consent,
        opt_out=imported_opt_out(row, state.lead_id, context.import_id, context.now) if opts_out else None,
        suppresses=opts_out and bool(state.address_key) and known.suppressed is None,
        activities=(
            *imported_activities(row, state.lead_id, context.mapping.source),
            *put_into_segments(row, state.lead_id, context.import_id, context.now),
        ),
    )


def _stored(known: Known) -> tuple[Profile, ContactState]:
    if known.profile is None or known.state is None:
        raise LookupError("decide_row checks that the lead exists")
    return known.profile, known.state


def _new_profile(context: ImportContext, row: Row, lead_id: str) -> Profile:
    address, source = row.email, context.mapping.source
    return Profile(
        lead_id=lead_id,
        mailbox=address.mailbox if address else "",
        address=address.typed if address else "",
        language=context.mapping.language,
        primary=row.attributes["primary"],
        secondary=row.attributes["secondary"],
        source={**row.attributes["source"], "import": context.import_id},
        created=keys.stamp(row.created or context.now),
        flags=address.flags if address else (),
        updated=context.as_of(row) or None,
        external={source: row.external_id} if row.external_id else {},
        imported={source: str(Mark(row.digest, context.import_id, row.line, Outcome.CREATED))},
    )


def _check_identity(context: ImportContext, row: Row, known: Known) -> None:
    """An equal id does not prove a second address, nor an equal address a second id.

    Raises: `RowRejected`.
    """
    profile, state = _stored(known)
    if known.email_key and state.address_key and state.address_key != known.email_key:
        reason = Message(
            "lead {lead_id} has this id and another address; which one is right, a person must say",
            lead_id=profile.lead_id,
        )
        raise RowRejected(context.column("email"), reason)
    stored_id = profile.external.get(context.mapping.source)
    if row.external_id and stored_id and stored_id != row.external_id:
        reason = Message(
            "lead {lead_id} has this address and another id ({shortened}): two people?",
            lead_id=profile.lead_id,
            shortened=shortened(stored_id),
        )
        raise RowRejected(context.column("external_id"), reason)


def _block(row: Row, known: Known) -> str | None:
    return (row.email.doubt or known.suppressed) if row.email else Block.NO_ADDRESS


def _addressed(row: Row, known: Known) -> ContactState:
    """The state with the address of the row, when the lead had none."""
    _, state = _stored(known)
    address_key, blocked = state.address_key or known.email_key or "", state.blocked
    if blocked == Block.NO_ADDRESS:
        blocked = Block.UNSUBSCRIBED if row.opt_out else _block(row, known)
    return replace(state, address_key=address_key, blocked=blocked)


def _merged(context: ImportContext, row: Row, profile: Profile) -> Profile:
    """The newest value wins; a row older than the profile only fills gaps; `source` values stay."""
    as_of, source = context.as_of(row), context.mapping.source
    is_stale = bool(as_of) and as_of < (profile.updated or profile.created)
    merged = replace(
        profile,
        primary=_merged_group(row, "primary", profile.primary, is_stale),
        secondary=_merged_group(row, "secondary", profile.secondary, is_stale),
        source=row.attributes["source"] | profile.source,
    )
    if row.external_id and source not in profile.external:
        merged = replace(merged, external={**profile.external, source: row.external_id})
    if row.email and not profile.address:
        flags = row.email.flags or profile.flags
        merged = replace(merged, address=row.email.typed, mailbox=row.email.mailbox, flags=flags)
    return merged


def _merged_group(row: Row, group: str, values: dict[str, Any], is_stale: bool) -> dict[str, Any]:
    if is_stale:
        return row.attributes[group] | values
    cleared = {name for path in row.cleared for of, _, name in [path.partition(".")] if of == group}
    return {name: value for name, value in (values | row.attributes[group]).items() if name not in cleared}
