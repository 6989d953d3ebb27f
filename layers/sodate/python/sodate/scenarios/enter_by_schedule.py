"""An occurrence of an entry by schedule: the members of its segment enter, in batches of up to 50.

The position in the list of members is in the message, and an enrollment knows its occurrence. So a task that dies is
repeated from its position, a batch that comes twice enrolls nobody twice, and no item about the run is needed.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sodate.dynamodb import table
from sodate.dynamodb.item import encode
from sodate.email.delivery.broadcast_message import LARGEST_BATCH
from sodate.email.delivery.entry_message import EntryBatch, ScheduledEntry
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.date_entry import entry_id
from sodate.scenarios.enter import Entrance
from sodate.scenarios.entries import ScheduleEntry
from sodate.scenarios.lane import lane_of
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program, live_programs
from sodate.scenarios.schedule_entry import cause_of, is_occurrence, next_occurrence, schedule_entries
from sodate.scheduling import store as due
from sodate.segments.store import Member, members

#: Members read at once.
PAGE = 250
#: Within one invocation; the next task goes on two minutes later.
BUDGET = timedelta(seconds=20)


def plan_schedules(definitions: Definitions, now: datetime) -> None:
    """Plan the next occurrence of every entry by schedule, after a publication; each plans the one after it.

    An occurrence that is planned already is the same due entry.
    """
    for program in live_programs(definitions):
        for entry in schedule_entries(program):
            _plan_next(program, entry, _mailing(definitions), now, now)


@dataclass(frozen=True)
class ScheduleEntries:
    definitions: Definitions
    now: Callable[[], datetime]

    def act(self, message: ScheduledEntry | EntryBatch, began: datetime) -> Counter[str]:
        """Number of leads per outcome, or the outcome of the task. `began`: when the invocation began.

        Raises: `Invalid` when leads could not be processed, after all others were; `Transient`.
        """
        found = self._entry(message)
        if found is None:
            return Counter({"entry_stale": 1})
        program, entry = found
        if isinstance(message, EntryBatch):
            return self._enter(message, program, entry)
        return Counter({self._expand(message, program, entry, began): 1})

    def _entry(self, message: ScheduledEntry | EntryBatch) -> tuple[Program, ScheduleEntry] | None:
        """None: the scenario was retired, or has another entry now."""
        try:
            program = live_program(self.definitions, message.scenario)
        except NotFound:
            return None
        entry = next((one for one in schedule_entries(program) if entry_id(one) == message.entry), None)
        return (program, entry) if entry is not None else None

    def _expand(self, task: ScheduledEntry, program: Program, entry: ScheduleEntry, began: datetime) -> str:
        cursor = task.cursor
        if cursor is None and not self._begins(task, program, entry):
            return "entry_skipped"
        while True:
            page, cursor = members(entry.segment, cursor, PAGE)
            now = self.now()
            self._plan_batches(task, program, page, now)
            if cursor is None:
                return "entry_expanded"
            if now - began > BUDGET:
                following = replace(task, cursor=cursor)
                due.plan(now, lane_of(program), following.ref, following, now)
                return "entry_goes_on"

    def _begins(self, task: ScheduledEntry, program: Program, entry: ScheduleEntry) -> bool:
        """The next occurrence follows, whatever becomes of this one."""
        mailing = _mailing(self.definitions)
        _plan_next(program, entry, mailing, task.at, self.now())
        return program.is_published and is_occurrence(program, entry, mailing, task.at)

    def _plan_batches(self, task: ScheduledEntry, program: Program, page: list[Member], now: datetime) -> None:
        """Of the members at the time of the occurrence: who came into the segment since does not enter."""
        leads = [member.lead_id for member in page if member.since * 60 <= task.at.timestamp()]
        parts = [tuple(leads[start : start + LARGEST_BATCH]) for start in range(0, len(leads), LARGEST_BATCH)]
        batches = [EntryBatch(task.scenario, task.entry, task.at, part) for part in parts]
        table.put_many([encode(due.due_item(now, lane_of(program), one.ref, one, now)) for one in batches])

    def _enter(self, batch: EntryBatch, program: Program, entry: ScheduleEntry) -> Counter[str]:
        """A lead that cannot be processed holds up nobody else."""
        if not program.is_published:
            return Counter(not_running=len(batch.leads))
        entrance = Entrance(self.definitions, _mailing(self.definitions), program, entry, self.now())
        cause, outcomes, faults = cause_of(entry, batch.at), Counter[str](), list[str]()
        for lead_id in batch.leads:
            try:
                outcomes[entrance.enter(lead_id, lambda lead: cause)] += 1
            except (Invalid, NotFound) as error:
                faults.append(f"lead {lead_id}: {error}")
        if faults:
            raise Invalid("; ".join(faults), "lead")
        return outcomes


def _plan_next(program: Program, entry: ScheduleEntry, mailing: Mailing, after: datetime, now: datetime) -> None:
    at = next_occurrence(program, entry, mailing, after)
    if at is not None:
        task = ScheduledEntry(program.id, entry_id(entry), at)
        due.plan(at, lane_of(program), task.ref, task, now)


def _mailing(definitions: Definitions) -> Mailing:
    return parsed(definitions.live("mailing"), Mailing)
