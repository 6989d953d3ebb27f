"""Imported leads with a consent enter a sequence or scenario that an operator named. Each lead once per import."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sodate.email.mailing import Mailing
from sodate.errors import Conflict, Invalid, NotFound, Transient
from sodate.leads.contact_state import ContactState
from sodate.leads.store import find_state
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.admission import Cause, id_by, rejection
from sodate.scenarios.enroll import commit_enrollment
from sodate.scenarios.entries import ManualEntry
from sodate.scenarios.lead_now import LeadItems, LeadNow
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program

_TRIES = 5
#: Why a lead does not enter.
IN_WORDS = {
    "was_in_it": Message("it was in it before, and `re_entry` is `never`"),
    "already_in_it": Message("it is in it already"),
    "interval": Message("it was in it too recently (`re_entry.interval_days`)"),
}

_WAITS = Message("more leads came than `max_entries_per_hour`: it waits (`sodate scenario waiting`)")


@dataclass(frozen=True)
class EnterByImport:
    """`import_id` makes the entry of a lead idempotent: a row that is applied again enters nobody twice."""

    definitions: Definitions
    program: Program
    mailing: Mailing
    import_id: str
    clock: Callable[[], datetime]

    @classmethod
    def of(
        cls, definitions: Definitions, scenario: str, import_id: str, clock: Callable[[], datetime]
    ) -> "EnterByImport":
        """`clock` is read for each lead: an import may take hours, and a step must not be due in the past.

        Raises: `NotFound` for an unknown scenario; `Conflict` for one that takes nobody in; `Invalid` with a key.
        """
        program = live_program(definitions, scenario)
        if not program.is_published:
            raise Conflict(Message("{scenario} is {status}: nobody enters", scenario=scenario, status=program.status))
        if program.key is not None:
            raise Invalid(
                Message(
                    "{scenario} has a key ({key}), which rows of an import do not give",
                    scenario=scenario,
                    key=program.key,
                ),
                "enroll",
            )
        return cls(definitions, program, parsed(definitions.live("mailing"), Mailing), import_id, clock)

    def why_not(self, state: ContactState) -> str | None:
        """None: the lead enters, or has entered by this very import."""
        current = state.enrollments.get(self.program.id)
        if self._has_entered(state):
            return None
        reason = state.permanent_rejection(self.program.topic)
        if reason is not None:
            return reason
        why = rejection(self.program, current, self.now)
        return IN_WORDS[why] if why is not None else None

    def enter(self, lead_id: str) -> str | None:
        """Returns why the lead did not enter; None: it is in it.

        Raises: `Transient` when the lead keeps changing.
        """
        for _ in range(_TRIES):
            state = find_state(lead_id)
            if state is None:
                return "erased"
            if self._has_entered(state):
                return None
            if (why := self.why_not(state) or self._condition_fails(state)) is not None:
                return why
            after = commit_enrollment(self.program, self.program.id, state, self._cause, self.mailing, self.now)
            if after is not None:
                return _WAITS if after is state else None
        raise Transient(Message("lead {lead_id} has concurrent changes: try again", lead_id=lead_id))

    @property
    def now(self) -> datetime:
        return self.clock()

    @property
    def _cause(self) -> Cause:
        return Cause("import", self.import_id, self.now)

    def _has_entered(self, state: ContactState) -> bool:
        current = state.enrollments.get(self.program.id)
        return current is not None and current.id == id_by(self.program.id, self._cause)

    def _condition_fails(self, state: ContactState) -> str | None:
        """The condition of a manual entry, which is what an operator's entry is."""
        entry = next((one for one in self.program.entry if isinstance(one, ManualEntry)), None)
        if entry is None or entry.when is None:
            return None
        try:
            lead = LeadNow(state, self.program, LeadItems(state.lead_id, self.definitions, self.now))
            return None if lead.holds(entry.when) else Message("the condition of its manual entry does not hold")
        except NotFound:
            return "erased"
        except Invalid as error:
            return Message("its log cannot be read: {error}", error=error.args[0])
