"""Runs the engine for the enrollments of a due batch: those at an email stay, the others move on."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sodate.dynamodb import table
from sodate.dynamodb.item import encode
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.leads.contact_state import ContactState
from sodate.leads.store import states_of
from sodate.playbook.store import Definitions
from sodate.scenarios.advance import Advance, SendEmail
from sodate.scenarios.carry_out import CarryOut
from sodate.scenarios.engine import run, stop
from sodate.scenarios.lane import lane_of
from sodate.scenarios.lead_now import LeadNow
from sodate.scenarios.program import Program, key_in
from sodate.scenarios.progress import active, after
from sodate.scheduling import store as due

_TRIES = 5


@dataclass(frozen=True)
class Decided:
    """One lead's advance. `lead`: as it was read."""

    ref: EnrollmentRef
    lead: LeadNow
    advance: Advance


@dataclass(frozen=True)
class BatchRun:
    """`now`: of the invocation. `has_ended`: the scenario has; everybody leaves it."""

    definitions: Definitions
    program: Program
    mailing: Mailing
    now: datetime
    has_ended: bool = False

    def run(self, batch: EnrollmentBatch) -> tuple[EnrollmentBatch, Counter[str]]:
        """The enrollments whose email of this step is due now, and the number of others by outcome.

        Raises: `Transient` when an enrollment keeps changing; what was done stays done.
        """
        emails: list[EnrollmentRef] = []
        counts, waiting = Counter[str](), list(batch.enrollments)
        for _ in range(_TRIES):
            decided = []
            states = states_of(ref.lead_id for ref in waiting)
            for ref in waiting:
                found = self._decide(batch, ref, states.get(ref.lead_id))
                if isinstance(found, Decided):
                    decided.append(found)
                elif found is not None:
                    emails.append(found)
                else:
                    counts["stale"] += 1
            plan_steps(self.program, batch.sequence, decided, self.now)
            waiting = [one.ref for one in decided if not self._written(batch.sequence, one, counts)]
            if not waiting:
                return batch.of(emails), counts
        raise Transient(f"{len(waiting)} enrollments in {batch.sequence} have concurrent changes: try again")

    def _decide(
        self, batch: EnrollmentBatch, ref: EnrollmentRef, state: ContactState | None
    ) -> Decided | EnrollmentRef | None:
        """An `EnrollmentRef`: its email is next. None: the message is stale.

        What a stale message of an email step means (claimed, deferred, ended) is for the send protocol to find out.
        """
        is_email = self.program.is_email(batch.step)
        position = (
            state.position(batch.sequence, ref.enrollment_id, batch.step, ref.visit) if state is not None else "gone"
        )
        if state is None or position != "here":
            return ref if is_email else None
        key = key_in(self.program, batch.sequence)
        lead = LeadNow(state, self.program, self.definitions, self.now, key)
        enrollment = state.enrollments[batch.sequence]
        seen = active(self.program, batch.sequence, enrollment)
        if self.has_ended:
            return Decided(ref, lead, stop(self.program, seen, lead, self.now, "scenario_ended"))
        try:
            advance = run(self.program, seen, lead, self.now, mailing=self.mailing)
        except NotFound:  # erased meanwhile
            return None
        is_here = advance.enrollment.moves == (enrollment.visit.number if enrollment.visit else 0)
        if is_here and advance.effects and isinstance(advance.effects[-1], SendEmail) and len(advance.effects) == 1:
            return replace(ref, time_zone=state.zone)
        return Decided(ref, lead, advance)

    def _written(self, name: str, decided: Decided, counts: Counter[str]) -> bool:
        carry_out = CarryOut(self.definitions, self.mailing, decided.lead, name, self.now)
        if carry_out.write(decided.advance) is None:
            return False
        counts[str(decided.advance.reason.code)] += 1
        return True


def plan_steps(program: Program, name: str, decided: Iterable[Decided], now: datetime) -> None:
    """Write the due entries of the steps that follow: before the enrollments move, so that none is left without one."""
    groups: dict[tuple[int, datetime], list[EnrollmentRef]] = defaultdict(list)
    for one in decided:
        if one.advance.due is None:
            continue
        state = one.lead.state
        enrollment = after(state.enrollments[name], one.advance, now)
        ref = EnrollmentRef(
            state.lead_id, enrollment.id, datetime.fromisoformat(enrollment.since), state.zone, enrollment.visit
        )
        groups[one.advance.node, due.due_minute(one.advance.due, now)].append(ref)
    table.put_many([encode(_entry(program, name, *at, refs, now)) for at, refs in groups.items()])


def _entry(
    program: Program, name: str, step: int, minute: datetime, refs: Sequence[EnrollmentRef], now: datetime
) -> due.DueItem:
    batch = EnrollmentBatch(name, program.version, step, tuple(refs))
    return due.due_item(minute, lane_of(program), batch.id, batch, now)
