"""Writes rows as leads with the same items, conditions and keys as form posts; each row once, many per transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sodate.consent.consent import UNDO_LIFETIME
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Contention, Write
from sodate.errors import Invalid, Transient
from sodate.imports.decide import ImportContext, Known, LeadChange, RowPlan, RowRejected, decide_row
from sodate.imports.mark import Outcome
from sodate.imports.row import Row, Trouble, shortened
from sodate.imports.store import lead_writes, look_up
from sodate.leads.address import external_key
from sodate.messages import Message
from sodate.scenarios.enter_by_import import EnterByImport
from sodate.scoring.quiet_crossing import QuietCrossing, points_without_signal, quiet_crossing
from sodate.scoring.rescore import Rules

#: DynamoDB allows 100 items per transaction.
_AT_ONCE = 96
_TRIES = 6


@dataclass(frozen=True)
class Decided:
    """`crossing`: in a quiet import, that the lead becomes hot by this row."""

    row: Row
    plan: RowPlan
    writes: Sequence[Write]
    crossing: QuietCrossing | None = None


@dataclass(frozen=True)
class Applied:
    """Result of one row. `outcome` is None for a rejected row; `confirmed`: its consent is valid.

    `enrolled`: in the scenario that consented rows enter. `hot`: sales was not told, because the import is quiet.
    """

    line: int
    outcome: Outcome | None
    confirmed: bool = False
    enrolled: bool = False
    hot: bool = False
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Apply:
    """`dry_run`: decide and report only. `rules`: of a quiet import, to know who becomes hot by it.

    `entrance`: into the scenario that consented rows enter.
    """

    context: ImportContext
    address_secret: bytes
    new_id: Callable[[], str]
    pause: Callable[[int], None]
    dry_run: bool = False
    rules: Rules | None = None
    entrance: EnterByImport | None = None
    #: A dry run writes nothing, so it records the leads it would create: key to line.
    _planned: dict[str, int] = field(default_factory=dict)

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
                    batch.append(self._decide(row, known))
                except RowRejected as error:
                    results[row.line] = self._rejected(row, error)
            seen |= known.keys
        for group in _groups(batch):
            if self._commit(group):
                results |= {decided.row.line: self._done(decided) for decided in group}
            else:
                single += [decided.row for decided in group]
        for row in sorted(single, key=lambda row: row.line):
            results[row.line] = self._apply_one(row)
        return [results[row.line] for row in rows]

    def _apply_one(self, row: Row) -> Applied:
        for attempt in range(_TRIES):
            (known,) = self._look_up([row])
            try:
                decided = self._decide(row, known)
            except RowRejected as error:
                return self._rejected(row, error)
            if self._commit([decided]):
                return self._done(decided)
            self.pause(attempt)
        raise Transient(
            Message("line {line}: this lead changes too fast; start the import again, it goes on there", line=row.line)
        )

    def _commit(self, group: Sequence[Decided]) -> bool:
        """False on a concurrent modification: nothing of the group is written, and each row is applied again alone."""
        if self.dry_run:
            return True
        opting_out = [decided.plan.state.lead_id for decided in group if decided.plan.opts_out]
        again = [decided.plan.state.lead_id for decided in group if _repeats_an_opt_out(decided, self.context.now)]
        for lead_id in [*opting_out, *again]:  # before their rows count as done: a crash cannot lose an opt-out
            unsubscribe(OptOut(lead_id, keys.imported(self.context.import_id), None, "import"), self.context.now)
        writes = [write for decided in group for write in decided.writes]
        try:
            if writes and not opting_out:
                table.commit(writes)
        except (ConditionFailed, Contention):
            return False
        return not opting_out

    def _look_up(self, rows: Sequence[Row]) -> list[Known]:
        source, secret = self.context.mapping.source, self.address_secret
        wanted = [
            Known(
                row.email.key(secret) if row.email else None,
                external_key(source, row.external_id, secret) if row.external_id else None,
            )
            for row in rows
        ]
        return look_up(source, wanted)

    def _decide(self, row: Row, known: Known) -> Decided:
        """Raises: `RowRejected`."""
        line = max((self._planned.get(key, 0) for key in known.keys), default=0)
        plan = decide_row(self.context, row, replace(known, planned_line=line), self.new_id)
        if self.dry_run and plan.change is not None and plan.change.profile_before is None:
            self._planned.update(dict.fromkeys(known.keys, row.line))
        change, context = plan.change, self.context
        writes = lead_writes(change, context.mapping.source, context.now) if change is not None else []
        crossing = self._crossing(change) if change is not None and not plan.opts_out else None
        if crossing is not None and not self.dry_run:
            writes = [*writes, crossing.write(context.now)]
        return Decided(row, plan, writes, crossing)

    def _crossing(self, change: LeadChange) -> QuietCrossing | None:
        if self.rules is None:
            return None
        try:
            return quiet_crossing(
                change.profile_before, change.profile, change.activities, self.rules, self.context.now
            )
        except Invalid:  # its log cannot be read: the stream reports it, and the other rows go in
            return None

    def _done(self, decided: Decided) -> Applied:
        row, plan = decided.row, decided.plan
        notes = list(row.notes)
        if plan.before:
            message = Message("the same person as line {before}; this line is an update of it", before=plan.before)
            notes.append(
                Trouble(row.line, self.context.column("external_id", "email"), message, _value_of(row), "note")
            )
        wanted = row.consent.topics if row.consent else ()
        rejected = [topic for topic in wanted if plan.state.topics.get(topic) != "confirmed"]
        if rejected:
            why = plan.state.blocked or Message("withdrawn by the person")
            message = Message(
                "consent not taken over for {rejected}: {why}; only the person can change that",
                rejected=", ".join(rejected),
                why=why,
            )
            notes.append(Trouble(row.line, self.context.column("email"), message, kind="note"))
        confirmed, enrolled = bool(wanted) and not rejected, False
        if confirmed and self.entrance is not None:
            why_not = self._enter(self.entrance, plan)
            enrolled = why_not is None
            if why_not is not None:
                message = Message("not enrolled in {program}: {why}", program=self.entrance.program.id, why=why_not)
                notes.append(Trouble(row.line, self.context.column("email"), message, _value_of(row), "note"))
        points = self._quiet_points(decided)
        if points is not None:
            message = Message("hot with {points} points; sales is not told, because the import is quiet", points=points)
            notes.append(Trouble(row.line, self.context.column("email"), message, _value_of(row), "hot"))
        return Applied(row.line, plan.outcome, confirmed, enrolled, points is not None, tuple(notes))

    def _enter(self, entrance: EnterByImport, plan: RowPlan) -> str | None:
        return entrance.why_not(plan.state) if self.dry_run else entrance.enter(plan.state.lead_id)

    def _quiet_points(self, decided: Decided) -> int | None:
        """Points of a lead that this import made hot, before an interruption too; None for any other."""
        if decided.crossing is not None:
            return decided.crossing.total
        if self.rules is None or self.dry_run or decided.plan.change is not None:
            return None
        return points_without_signal(decided.plan.state.lead_id)

    def _rejected(self, row: Row, error: RowRejected) -> Applied:
        is_address = error.column == self.context.column("email")
        value = row.email.typed if row.email and is_address else row.external_id or ""
        return Applied(row.line, None, troubles=(Trouble(row.line, error.column, str(error), shortened(value)),))


def _value_of(row: Row) -> str:
    return shortened(row.external_id or (row.email.typed if row.email else ""))


def _groups(decided: Sequence[Decided]) -> Iterable[list[Decided]]:
    """Groups of rows, each as large as one transaction allows."""
    group: list[Decided] = []
    size = 0
    for one in decided:
        if group and size + len(one.writes) > _AT_ONCE:
            yield group
            group, size = [], 0
        group.append(one)
        size += len(one.writes)
    if group:
        yield group


def _repeats_an_opt_out(decided: Decided, now: datetime) -> bool:
    """Of a lead that may still take its opt-out back on the page; afterwards the list has said no, too."""
    state = decided.plan.state
    is_new = state.opted_out_at == keys.stamp(now)
    return decided.row.opt_out and not is_new and state.opted_out_within(UNDO_LIFETIME, now)
