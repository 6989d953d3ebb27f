"""A confirmed opt-in enrolls the lead in every published sequence and scenario that it starts.

An enrollment stays with the version that was live when it began.
"""

from collections.abc import Sequence as Values
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item
from sodate.consent.confirm import OnConfirmed, Reaction
from sodate.dynamodb import keys
from sodate.dynamodb.table import Put, Write
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState, Enrollment, Visit, about_enrollment, key_of
from sodate.leads.store import enrollments_unchanged, state_change
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.decide import due_by_time
from sodate.scenarios.entries import OptInEntry
from sodate.scenarios.lane import lane_of
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program, live_programs
from sodate.scheduling import store as due

#: Enrollments that STATE has room for, ended ones included; more only while none of them may be forgotten.
MOST_ENROLLMENTS = 8
_REMEMBERED = timedelta(days=90)


def on_opt_in(definitions: Definitions) -> OnConfirmed:
    def react(state: ContactState, form_id: str | None, topics: Values[str], reference: str, now: datetime) -> Reaction:
        reaction = Reaction()
        mailing = parsed(definitions.live("mailing"), Mailing)
        for program in live_programs(definitions):
            if starts_by_opt_in(program, form_id, topics) and may_enter(
                program, state.enrollments.get(program.id), now
            ):
                cause = Cause(ActivityType.OPT_IN_CONFIRMED, reference, now)
                enrollment, puts = begin(program, program.id, state, cause, mailing, now)
                reaction.enrollments[program.id] = enrollment
                reaction.puts.extend(puts)
        return reaction

    return react


@dataclass(frozen=True)
class Cause:
    """Why a lead is enrolled. `reason`: a type of activity, or another reason code. `reference` makes it idempotent.

    `at`: from when on activities count for goals and exits: a stream that is late must lose none.
    """

    reason: str
    reference: str
    at: datetime


def begin(
    program: Program, name: str, state: ContactState, cause: Cause, mailing: Mailing, now: datetime
) -> tuple[Enrollment, list[Put]]:
    """The enrollment, and what is written with it: the due entry of its first step, and for a scenario an activity."""
    before = state.enrollments.get(name)
    visit = None if program.is_sequence else Visit(0, 0).next(now)
    enrollment = Enrollment(
        id=activity_key(name, cause.reference),
        version=program.version,
        step=0,
        since=keys.stamp(cause.at),
        steps=program.end,
        visit=visit,
        arms=before.arms if before is not None else {},
    )
    ref = EnrollmentRef(state.lead_id, enrollment.id, cause.at, state.zone, visit)
    first = EnrollmentBatch(name, program.version, 0, (ref,))
    at = due_by_time(program, 0, visit.began if visit else cause.at, state.zone, mailing) or now
    puts = [Put(due.due_item(at, lane_of(program), first.id, first, now))]
    if not program.is_sequence:
        about = {**about_enrollment(name), "version": program.version, "reason": str(cause.reason)}
        key = activity_key(ActivityType.SCENARIO_ENTERED, name, enrollment.id)
        puts.append(Put(activity_item(Activity(state.lead_id, ActivityType.SCENARIO_ENTERED.value, now, key, about))))
    return enrollment, puts


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
    enrollment, puts = begin(program, name, state, cause, mailing, now)
    after, as_seen = with_room(state, now).enroll({name: enrollment}), enrollments_unchanged(state, [name])
    return after, [state_change(state, after, [program.topic], as_seen), *puts]


def with_room(state: ContactState, now: datetime) -> ContactState:
    """Without old enrollments that are complete and about a key (a seminar long past): STATE must stay small.

    Whoever registers for the same seminar again after that enters again, whatever `re_entry` says.
    """
    old = [
        (enrollment.since, name)
        for name, enrollment in state.enrollments.items()
        if enrollment.is_complete and key_of(name) and enrollment.since < keys.stamp(now - _REMEMBERED)
    ]
    return state.forget(name for _, name in sorted(old)[: max(0, len(state.enrollments) + 1 - MOST_ENROLLMENTS)])


def starts_by_opt_in(program: Program, form_id: str | None, topics: Values[str]) -> bool:
    return (
        program.is_published
        and program.key is None  # an opt-in is about no seminar
        and program.topic in topics
        and any(
            isinstance(entry, OptInEntry)
            and entry.when is None
            and (not entry.opt_in_confirmed or form_id in entry.opt_in_confirmed)
            for entry in program.entry
        )
    )


def rejection(program: Program, before: Enrollment | None, now: datetime) -> str | None:
    """Reason code why re-entry is not allowed. `before`: the lead's latest enrollment of the same name."""
    if before is None:
        return None
    since = datetime.fromisoformat(before.since)
    return program.re_entry.rejection(since, is_complete=before.is_complete, now=now)


def may_enter(program: Program, before: Enrollment | None, now: datetime) -> bool:
    return rejection(program, before, now) is None
