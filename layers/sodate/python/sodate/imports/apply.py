"""Writes rows as leads with the same items, conditions and keys as form posts; each row once, many per transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb import bulk, keys, transaction
from sodate.dynamodb.base import ConditionFailed, Contention
from sodate.errors import Transient
from sodate.imports.decide import Decide, Decision, Known, RowRejected
from sodate.imports.mark import Outcome
from sodate.imports.row import Row, Trouble, shortened
from sodate.leads.address import external_key
from sodate.leads.store import profiles_of, states_of

#: DynamoDB allows 100 items per transaction.
_AT_ONCE = 96
_TRIES = 6
Decided = tuple[Row, Decision]


@dataclass(frozen=True)
class Applied:
    """Result of one row. `outcome` is None for a rejected row; `confirmed`: its consent is valid."""

    line: int
    outcome: Outcome | None
    confirmed: bool = False
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Apply:
    deciding: Decide
    address_secret: bytes
    pause: Callable[[int], None]

    def apply(self, rows: Sequence[Row]) -> list[Applied]:
        """Apply the rows; results in the order of `rows`.

        Raises: `Transient` when the table is too busy; the caller then repeats the same rows.
        """
        results: dict[int, Applied] = {}
        batch: list[Decided] = []
        single: list[Row] = []
        seen: set[str] = set()
        for row, known in zip(rows, self._look_up(rows), strict=True):
            if seen & known.keys:
                single.append(row)
            else:
                try:
                    batch.append((row, self.deciding.decide(row, known)))
                except RowRejected as error:
                    results[row.line] = self._rejected(row, error)
            seen |= known.keys
        for group in _groups(batch):
            if self._commit([decision for _, decision in group]):
                results |= {row.line: self._done(row, decision) for row, decision in group}
            else:
                single += [row for row, _ in group]
        for row in sorted(single, key=lambda row: row.line):
            results[row.line] = self._apply_one(row)
        return [results[row.line] for row in rows]

    def _apply_one(self, row: Row) -> Applied:
        for attempt in range(_TRIES):
            (known,) = self._look_up([row])
            try:
                decision = self.deciding.decide(row, known)
            except RowRejected as error:
                return self._rejected(row, error)
            if self._commit([decision]):
                return self._done(row, decision)
            self.pause(attempt)
        raise Transient(f"line {row.line}: this lead changes too fast; start the import again, it goes on there")

    def _commit(self, decisions: Sequence[Decision]) -> bool:
        """False on a concurrent modification: nothing of the group is written, and each row is applied again alone."""
        if self.deciding.dry_run:
            return True
        opting_out = [decision.state.lead_id for decision in decisions if decision.opts_out]
        for lead_id in opting_out:  # before their rows count as done, so that a crash cannot lose an opt-out
            reference = keys.imported(self.deciding.import_id)
            unsubscribe(OptOut(lead_id, reference, None, "import"), self.deciding.now)
        writes = [write for decision in decisions for write in decision.writes]
        try:
            if writes and not opting_out:
                transaction.commit(writes)
        except (ConditionFailed, Contention):
            return False
        return not opting_out

    def _look_up(self, rows: Sequence[Row]) -> list[Known]:
        lookups = [self._keys(row) for row in rows]
        items = bulk.get_many((key for known in lookups for key in self._wanted(known)), consistent=True)
        owned = [self._owned(known, items) for known in lookups]
        leads = {lead for known in owned for lead in (known.by_email, known.by_id) if lead}
        profiles, states = profiles_of(leads, consistent=True), states_of(leads)
        return [
            replace(known, profile=profiles.get(lead), state=states.get(lead))
            for known in owned
            for lead in [known.by_email or known.by_id or ""]
        ]

    def _keys(self, row: Row) -> Known:
        source, secret = self.deciding.mapping.source, self.address_secret
        return Known(
            row.email.key(secret) if row.email else None,
            external_key(source, row.external_id, secret) if row.external_id else None,
        )

    def _wanted(self, known: Known) -> Iterable[tuple[str, str]]:
        if known.email_key:
            yield keys.address_owner(known.email_key), keys.OWNER
            yield keys.suppression(known.email_key), keys.ENTRY
        if known.id_key:
            yield keys.external_owner(self.deciding.mapping.source, known.id_key), keys.OWNER

    def _owned(self, known: Known, items: dict[tuple[str, str], bulk.Raw]) -> Known:
        source = self.deciding.mapping.source
        by_email = items.get((keys.address_owner(known.email_key or ""), keys.OWNER))
        by_id = items.get((keys.external_owner(source, known.id_key or ""), keys.OWNER))
        entry = items.get((keys.suppression(known.email_key or ""), keys.ENTRY))
        return replace(
            known,
            by_email=_text(by_email, "lead_id"),
            by_id=_text(by_id, "lead_id"),
            suppressed=_text(entry, "reason"),
        )

    # -- results ---------------------------------------------------------------------------------------------------

    def _done(self, row: Row, decision: Decision) -> Applied:
        notes = list(row.notes)
        if decision.before:
            value = shortened(row.external_id or (row.email.typed if row.email else ""))
            message = f"the same person as line {decision.before}; this line is an update of it"
            notes.append(Trouble(row.line, self.deciding.column("external_id", "email"), message, value, "note"))
        wanted = row.consent.topics if row.consent else ()
        rejected = [topic for topic in wanted if decision.state.topics.get(topic) != "confirmed"]
        if rejected:
            why = decision.state.blocked or "withdrawn by the person"
            message = f"consent not taken over for {', '.join(rejected)}: {why}; only the person can change that"
            notes.append(Trouble(row.line, self.deciding.column("email"), message, kind="note"))
        return Applied(row.line, decision.outcome, bool(wanted) and not rejected, tuple(notes))

    def _rejected(self, row: Row, error: RowRejected) -> Applied:
        is_address = error.column == self.deciding.column("email")
        value = row.email.typed if row.email and is_address else row.external_id or ""
        return Applied(row.line, None, troubles=(Trouble(row.line, error.column, str(error), shortened(value)),))


def _text(item: Any, name: str) -> str | None:
    return str(item[name]["S"]) if item else None


def _groups(decided: Sequence[Decided]) -> Iterable[list[Decided]]:
    """Groups of rows, each as large as one transaction allows."""
    group: list[Decided] = []
    size = 0
    for row, decision in decided:
        if group and size + len(decision.writes) > _AT_ONCE:
            yield group
            group, size = [], 0
        group.append((row, decision))
        size += len(decision.writes)
    if group:
        yield group
