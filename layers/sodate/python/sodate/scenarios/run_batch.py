"""Runs the engine for the enrollments of a due batch: those at an email stay, the others move on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound, Transient
from sodate.leads.contact_state import ContactState, StepPosition
from sodate.leads.store import find_state, states_of
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.advance import Advance
from sodate.scenarios.carry_out import CarryOut
from sodate.scenarios.engine import run_unless_overdue, stop
from sodate.scenarios.enter import WAITING
from sodate.scenarios.experiment_steps import chosen_arms, with_choices
from sodate.scenarios.lead_now import LeadItems, LeadNow
from sodate.scenarios.next_steps import plan_steps
from sodate.scenarios.pauses import NO_PAUSE, Pauses
from sodate.scenarios.program import Program, key_in
from sodate.scenarios.progress import active, is_only_the_email

_TRIES = 5


@dataclass(frozen=True)
class Decided:
    """One lead's advance. `lead`: as it was read."""

    ref: EnrollmentRef
    lead: LeadNow
    advance: Advance


@dataclass
class Outcome:
    """`emails`: enrollments whose email of this step is due now. `counts`: of the others, by outcome. `faults`: why a
    lead could not be processed.
    """

    emails: list[EnrollmentRef] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BatchRun:
    """`now`: of the invocation. `has_ended`: the scenario has; everybody leaves it. `pauses`: that have ended."""

    definitions: Definitions
    program: Program
    mailing: Mailing
    now: datetime
    has_ended: bool = False
    pauses: Pauses = NO_PAUSE

    def run(self, batch: EnrollmentBatch) -> Outcome:
        """A lead that cannot be processed holds up nobody else.

        Raises: `Transient` when an enrollment keeps changing; what was done stays done.
        """
        outcome, waiting = Outcome(), list(batch.enrollments)
        for _ in range(_TRIES):
            decided = self._decided(batch, waiting, outcome)
            plan_steps(self.program, batch.sequence, [(one.lead, one.advance) for one in decided], self.now)
            waiting = [one.ref for one in decided if not self._is_done(batch.sequence, one, outcome)]
            if not waiting:
                return outcome
        raise Transient(
            Message(
                "{waiting_count} enrollments in {sequence} have concurrent changes: try again",
                waiting_count=len(waiting),
                sequence=batch.sequence,
            )
        )

    def _decided(self, batch: EnrollmentBatch, refs: Sequence[EnrollmentRef], outcome: Outcome) -> list[Decided]:
        """Those that move on. What a stale message of an email step means (claimed, deferred, ended) is for the send
        protocol to find out, as is whether the email of an enrollment that stays may be sent.
        """
        decided, states = [], states_of(ref.lead_id for ref in refs)
        for ref in refs:
            state = states.get(ref.lead_id)
            if state is None or self._position(batch, ref, state) != "here":
                if self.program.is_email(batch.step):
                    outcome.emails.append(ref)
                else:
                    outcome.counts["stale"] += 1
                continue
            lead = LeadNow(
                state, self.program, LeadItems(ref.lead_id, self.definitions, self.now),
                key_in(self.program, batch.sequence),
            )  # fmt: skip
            try:
                advance = self._advance(batch.sequence, lead)
            except (Invalid, NotFound) as error:
                _report(ref.lead_id, error, outcome)
                continue
            if is_only_the_email(advance, state.enrollments[batch.sequence]):
                outcome.emails.append(replace(ref, time_zone=state.zone))
            else:
                decided.append(Decided(ref, lead, advance))
        return decided

    def _position(self, batch: EnrollmentBatch, ref: EnrollmentRef, state: ContactState) -> StepPosition:
        """`gone` for an enrollment that was migrated: equal steps and visits of two versions mean different things."""
        current = state.enrollments.get(batch.sequence)
        if current is not None and current.version != batch.version:
            return "gone"
        return state.position(batch.sequence, ref.enrollment_id, batch.step, ref.visit)

    def _advance(self, name: str, lead: LeadNow) -> Advance:
        enrollment = lead.state.enrollments[name]
        if self.has_ended:
            return stop(self.program, active(self.program, name, enrollment), lead, self.now, "scenario_ended")

        def advance_with(chosen: Mapping[str, str]) -> Advance:
            seen = active(self.program, name, enrollment, chosen)
            seen = replace(seen, entered=self.pauses.entered(seen.entered))
            return run_unless_overdue(
                self.program, seen, lead, self.now, self.pauses.is_overdue, mailing=self.mailing
            )  # fmt: skip

        return with_choices(self.program, enrollment, advance_with, lambda: self._chosen)

    @cached_property
    def _chosen(self) -> Mapping[str, str]:
        return chosen_arms(self.program)

    def _is_done(self, name: str, decided: Decided, outcome: Outcome) -> bool:
        """False: something else changed the lead meanwhile; decide again."""
        carry_out = CarryOut(self.definitions, self.mailing, decided.lead, name, self.now)
        try:
            if carry_out.write(decided.advance) is None:
                return False
        except (Invalid, NotFound) as error:
            _report(decided.ref.lead_id, error, outcome)
        else:
            outcome.counts[str(decided.advance.reason.code)] += 1
            if carry_out.waiting:
                outcome.counts[WAITING] += len(carry_out.waiting)
        return True


def _report(lead_id: str, error: Exception, outcome: Outcome) -> None:
    """Nothing is missing of a lead that was erased meanwhile."""
    if find_state(lead_id) is None:
        outcome.counts["erased"] += 1
    else:
        outcome.faults.append(f"lead {lead_id}: {error}")
