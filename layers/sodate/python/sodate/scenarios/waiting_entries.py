"""Entries over `max_entries_per_hour`: an operator lets them in, or drops them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed
from sodate.email.mailing import Mailing
from sodate.errors import Conflict, NotFound, Transient
from sodate.leads.store import find_state
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.admission import Cause, may_begin
from sodate.scenarios.enroll import enrolling
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program
from sodate.scenarios.store import WaitingEntry, no_longer_waiting, reopen_entries, waiting_entries

_TRIES = 5


def all_waiting(scenario: str) -> Iterator[WaitingEntry]:
    after: str | None = None
    while True:
        page, after = waiting_entries(scenario, after)
        yield from page
        if after is None:
            return


@dataclass(frozen=True)
class WaitingEntries:
    """Those of one scenario. `lead_id`: only those of this lead; None: all, and then further leads enter again."""

    definitions: Definitions
    scenario: str
    lead_id: str | None
    now: datetime

    def admit(self) -> Counter[str]:
        """Leads per outcome. What was done stays done when it dies; run it again.

        Raises: `NotFound` for an unknown scenario, or a lead that is not waiting; `Conflict` when it is not published.
        """
        program = live_program(self.definitions, self.scenario)
        if not program.is_published:
            raise Conflict(
                Message("{scenario} is {status}: nobody enters", scenario=self.scenario, status=program.status)
            )
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        return self._each(lambda waiting: self._enter(program, mailing, waiting))

    def drop(self) -> Counter[str]:
        """Leads per outcome. Raises: `NotFound` for a lead that is not waiting."""
        return self._each(self._drop)

    def _each(self, act: Callable[[WaitingEntry], str]) -> Counter[str]:
        wanted = [waiting for waiting in all_waiting(self.scenario) if self.lead_id in (None, waiting.lead_id)]
        if self.lead_id is not None and not wanted:
            raise NotFound(Message("the lead does not wait for {scenario}", scenario=self.scenario))
        outcomes = Counter(act(waiting) for waiting in wanted)
        if self.lead_id is None:
            reopen_entries(self.scenario, self.now)
        return outcomes

    def _enter(self, program: Program, mailing: Mailing, waiting: WaitingEntry) -> str:
        cause = Cause(waiting.reason, waiting.reference, waiting.at)
        for _ in range(_TRIES):
            state = find_state(waiting.lead_id)
            if state is None or not may_begin(program, waiting.name, state, cause, self.now):
                self._drop(waiting)
                return "erased" if state is None else "may_not_enter"
            _, writes = enrolling(program, waiting.name, state, cause, mailing, self.now)
            try:
                table.commit([*writes, no_longer_waiting(self.scenario, waiting)])
            except ConditionFailed:
                continue
            return "entered"
        raise Transient(Message("lead {lead_id} has concurrent changes: try again", lead_id=waiting.lead_id))

    def _drop(self, waiting: WaitingEntry) -> str:
        table.commit([no_longer_waiting(self.scenario, waiting)])
        return "dropped"
