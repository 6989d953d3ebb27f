"""Finds the leads that another system names, and creates them without consent where that is asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sodate.activities.activity import activity_key
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import plain
from sodate.imports.apply import Applied, Apply
from sodate.imports.decide import ImportContext
from sodate.imports.mapping import Column
from sodate.imports.mapping import Mapping as FileMapping
from sodate.imports.row import Row
from sodate.intake.lead_ref import LeadRef
from sodate.leads.address import external_key
from sodate.leads.store import states_of
from sodate.messages import Message


@dataclass(frozen=True)
class LeadFinder:
    """`address_secret`: the key of the HMAC under which addresses and external ids are found."""

    address_secret: bytes

    def find(self, refs: Iterable[LeadRef]) -> dict[LeadRef, str]:
        """Lead id of each that exists. Strongly consistent."""
        wanted = list(dict.fromkeys(refs))
        owners = {ref: key for ref in wanted if (key := self._owner_key(ref)) is not None}
        rows = table.get_many(owners.values(), consistent=True)
        found = {ref: str(plain(rows[key]["lead_id"])) for ref, key in owners.items() if key in rows}
        found |= {ref: ref.lead_id for ref in wanted if ref.lead_id is not None}
        living = states_of(set(found.values()))
        return {ref: lead_id for ref, lead_id in found.items() if lead_id in living}

    def _owner_key(self, ref: LeadRef) -> tuple[str, str] | None:
        if ref.email is not None:
            return keys.address_owner(ref.email.key(self.address_secret)), keys.OWNER
        if ref.external is not None:
            source, external_id = ref.external
            return keys.external_owner(source, external_key(source, external_id, self.address_secret)), keys.OWNER
        return None


@dataclass(frozen=True)
class KnownOf:
    """What a row of another system says of a lead beside its activities: `attributes` by group, as imports have it."""

    line: int
    ref: LeadRef
    attributes: Mapping[str, Mapping[str, Any]]
    digest: str
    updated: datetime | None = None


@dataclass(frozen=True)
class LeadWriter:
    """Creates and completes leads as imports do: no consent, so no marketing email; suppressed stays suppressed.

    `import_id`: equal for the same rows again, which then change nothing.
    """

    source: str
    import_id: str
    address_secret: bytes
    new_id: Callable[[], str]
    pause: Callable[[int], None]

    def create(self, refs: Sequence[LeadRef], now: datetime) -> dict[LeadRef, str]:
        """Leads that are not known. Reasons of those that were refused.

        Raises: `Transient`.
        """
        reasons, known = dict[LeadRef, str](), list[KnownOf]()
        for ref in refs:
            if ref.lead_id is not None:
                reasons[ref] = Message(
                    "there is no lead with this id (any more); `sodate lead show ADDRESS` shows the id"
                )
            elif ref.external is not None and ref.external[0] != self.source:
                reasons[ref] = Message(
                    "no lead has this id of {source}; only that system can create it", source=ref.external[0]
                )
            else:
                known.append(KnownOf(len(known) + 1, ref, {}, activity_key("intake", repr(ref))))
        troubles = self.write(known, now)
        return reasons | {one.ref: troubles[one.line] for one in known if one.line in troubles}

    def write(self, known: Sequence[KnownOf], now: datetime) -> dict[int, str]:
        """Reasons of those that were refused, by line.

        Raises: `Transient`; the same rows again then go on.
        """
        columns = {"email": Column(to="email"), "external_id": Column(to="external_id")}
        mapping = FileMapping(source=self.source, columns=columns)
        context = ImportContext(mapping, self.import_id, now)
        applied = Apply(context, self.address_secret, self.new_id, self.pause).apply([self._row(one) for one in known])
        return {one.line: _reason(one) for one in applied if one.outcome is None}

    def _row(self, known: KnownOf) -> Row:
        external_id = known.ref.external[1] if known.ref.external is not None else None
        groups = {name: dict(known.attributes.get(name, {})) for name in ("primary", "secondary", "source")}
        return Row(known.line, known.ref.email, external_id, groups, updated=known.updated, digest=known.digest)


def _reason(applied: Applied) -> str:
    return next((trouble.reason for trouble in applied.troubles), "refused")
