"""A confirmed opt-in enrolls the lead in every published sequence and scenario that it starts.

An enrollment stays with the version that was live when it began.
"""

from collections.abc import Sequence as Values
from dataclasses import dataclass
from datetime import datetime

from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item
from sodate.consent.confirm import OnConfirmed, Reaction
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState
from sodate.leads.store import enrollments_unchanged, state_change
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.admission import Beginning, Cause, begin, has_room, may_enter, starts_by_opt_in, with_room
from sodate.scenarios.lane import lane_of
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program, live_programs
from sodate.scenarios.store import WaitingEntry, entries_of_hour, entries_stopped_at, entry_counted, waiting_writes
from sodate.scheduling import store as due


def on_opt_in(definitions: Definitions) -> OnConfirmed:
    def react(state: ContactState, form_id: str | None, topics: Values[str], reference: str, now: datetime) -> Reaction:
        reaction = Reaction()
        mailing = parsed(definitions.live("mailing"), Mailing)
        for program in live_programs(definitions):
            if starts_by_opt_in(program, form_id, topics) and may_enter(
                program, state.enrollments.get(program.id), now
            ):
                cause = Cause(ActivityType.OPT_IN_CONFIRMED, reference, now)
                beginning = begin(program, program.id, state, cause, mailing, now)
                reaction.enrollments[program.id] = beginning.enrollment
                reaction.puts.extend(puts_of(program, beginning, now))
        return reaction

    return react


def enroll_again(
    definitions: Definitions, state: ContactState, name: str, reference: str, now: datetime
) -> list[Write] | str:
    """Enroll a lead in a sequence again. Returns the writes, or the reason code when the lead may not be enrolled.

    `reference` makes it idempotent. The writes fail when consent or enrollment changes meanwhile.
    """
    program, mailing = live_program(definitions, name), parsed(definitions.live("mailing"), Mailing)
    current = state.enrollments.get(name)
    if not program.is_published:
        return "sequence_paused"
    if state.blocked or state.topics.get(program.topic) != "confirmed":
        return f"blocked:{state.blocked}" if state.blocked else "no_consent"
    if current is not None and not current.is_complete:
        return "already_in_it"
    return enrolling(program, name, state, Cause("recycled", reference, now), mailing, now)[1]


def enrolling(
    program: Program, name: str, state: ContactState, cause: Cause, mailing: Mailing, now: datetime
) -> tuple[ContactState, list[Write]]:
    """The state afterwards and the writes, which fail when the enrollment or the consent to its topic changes."""
    beginning = begin(program, name, state, cause, mailing, now)
    after = with_room(state, now).enroll({name: beginning.enrollment})
    as_seen = enrollments_unchanged(state, [name])
    return after, [state_change(state, after, [program.topic], as_seen), *puts_of(program, beginning, now)]


def commit_enrollment(
    program: Program, name: str, state: ContactState, cause: Cause, mailing: Mailing, now: datetime
) -> ContactState | None:
    """The state afterwards, unchanged when the entry waits for an operator; None: something else changed the lead or
    the count meanwhile, and nothing was written.
    """
    room = entry_room(program, name, state, cause, now)
    after, writes = enrolling(program, name, state, cause, mailing, now) if room.is_free else (state, [])
    try:
        table.commit([*writes, *room.writes])
    except ConditionFailed:
        return None
    return after


@dataclass(frozen=True)
class EntryRoom:
    """`writes`: one entry is counted, or listed as waiting. Of a scenario without a limit, nothing is."""

    is_free: bool
    writes: tuple[Write, ...] = ()


def entry_room(program: Program, name: str, state: ContactState, cause: Cause, now: datetime) -> EntryRoom:
    """Whether one more lead may enter now. The writes fail when the hour fills up meanwhile."""
    limit = program.max_entries_per_hour
    if limit is None:
        return EntryRoom(True)
    is_stopped = entries_stopped_at(program.id) is not None
    if has_room(program, entries_of_hour(program.id, now), is_stopped=is_stopped):
        return EntryRoom(True, (entry_counted(program.id, limit, now),))
    waiting = WaitingEntry(state.lead_id, name, str(cause.reason), cause.reference, cause.at)
    return EntryRoom(False, tuple(waiting_writes(program.id, waiting, now)))


def puts_of(program: Program, beginning: Beginning, now: datetime) -> list[Put]:
    """What is written together with the enrollment: the due entry of its first step, and its activity."""
    first = beginning.first
    puts = [Put(due.due_item(beginning.due, lane_of(program), first.id, first, now))]
    if beginning.activity is not None:
        puts.append(Put(activity_item(beginning.activity)))
    return puts
