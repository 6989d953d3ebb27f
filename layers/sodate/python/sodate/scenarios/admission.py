"""Who may come into a scenario, and how an enrollment begins. Pure; production and rehearsal call it."""

from collections.abc import Iterator
from collections.abc import Sequence as Values
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.dynamodb import keys
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import (
    LONGEST_KEY,
    ContactState,
    Enrollment,
    Visit,
    about_enrollment,
    key_of,
    name_of,
)
from sodate.scenarios.decide import due_by_time
from sodate.scenarios.entries import Entry, OptInEntry, starts
from sodate.scenarios.program import Program

#: Reason code of a step that enrolls in a scenario that takes nobody in, or is not live.
NOT_PUBLISHED = "not_published"
#: Enrollments that STATE has room for, ended ones included; more only while none of them may be forgotten.
MOST_ENROLLMENTS = 8
_REMEMBERED = timedelta(days=90)
#: Activities that scenarios themselves write. They start, end and continue nothing, so that no circle is possible.
_OWN = frozenset(
    type_.value
    for type_ in (
        ActivityType.SCENARIO_ENTERED, ActivityType.SCENARIO_ADVANCED, ActivityType.SCENARIO_ENDED,
        ActivityType.GOAL_REACHED,
    )
)  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """Why a lead is enrolled. `reason`: a type of activity, or another reason code. `reference` makes it idempotent.

    `at`: from when on activities count for goals and exits: a stream that is late must lose none.
    """

    reason: str
    reference: str
    at: datetime


@dataclass(frozen=True)
class Beginning:
    """A new enrollment, its first step with the time at which it is due, and for a scenario an activity."""

    enrollment: Enrollment
    first: EnrollmentBatch
    due: datetime
    activity: Activity | None


def begin(program: Program, name: str, state: ContactState, cause: Cause, mailing: Mailing, now: datetime) -> Beginning:
    """`name`: of the enrollment."""
    before = state.enrollments.get(name)
    visit = None if program.is_sequence else Visit(0, 0).next(now)
    enrollment = Enrollment(
        id=id_by(name, cause),
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
    activity = None if program.is_sequence else _entered(state.lead_id, name, enrollment, cause, now)
    return Beginning(enrollment, first, at, activity)


def _entered(lead_id: str, name: str, enrollment: Enrollment, cause: Cause, now: datetime) -> Activity:
    about = {**about_enrollment(name), "version": enrollment.version, "reason": str(cause.reason)}
    key = activity_key(ActivityType.SCENARIO_ENTERED, name, enrollment.id)
    return Activity(lead_id, ActivityType.SCENARIO_ENTERED.value, now, key, about)


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


# -- which scenarios ---------------------------------------------------------------------------------------------------


def starts_by_opt_in(program: Program, form_id: str | None, topics: Values[str]) -> bool:
    """In the transaction of the consent; a limit of entries is for `entries_of`."""
    return (
        program.is_published
        and program.max_entries_per_hour is None
        and program.key is None  # an opt-in is about no seminar
        and program.topic in topics
        and any(
            isinstance(entry, OptInEntry)
            and entry.when is None
            and (not entry.opt_in_confirmed or form_id in entry.opt_in_confirmed)
            for entry in program.entry
        )
    )


def may_react(activity: Activity) -> bool:
    """Whether the activity can start, end or continue an enrollment."""
    return activity.type not in _OWN


def entries_of(program: Program, activity: Activity, state: ContactState) -> Iterator[Entry]:
    """Entries that this activity is named by. Re-entry and the entry's `when` are further questions.

    An opt-in without a condition or limit enrolls in the transaction of the consent (`enroll.on_opt_in`).
    """
    if not program.is_published or program.is_sequence:
        return
    for entry in program.entry:
        is_later = not isinstance(entry, OptInEntry) or (
            (entry.when is not None or program.max_entries_per_hour is not None)
            and state.topics.get(program.topic) == "confirmed"
        )
        if is_later and starts(entry, activity):
            yield entry


def name_by(program: Program, activity: Activity, state: ContactState, now: datetime) -> str | None:
    """The name of the enrollment that the activity begins.

    None: the lead may not enter (again), the activity is not later than the enrollment it would replace, or it has no
    value for the scenario's key, or one that is too long.
    """
    if program.key is None:
        name = program.id
    else:
        value = activity.about.get(program.key)
        if not value or len(str(value)) > LONGEST_KEY:
            return None
        name = name_of(program.id, str(value))
    cause = Cause(activity.type, activity.key, activity.at)
    return name if may_begin(program, name, state, cause, now) else None


def may_begin(program: Program, name: str, state: ContactState, cause: Cause, now: datetime) -> bool:
    """Whether the cause begins an enrollment of this name: it is later than the one before it, and was not its cause.

    So a cause that comes again, from a late stream or a repeated message, begins nothing.
    """
    before = state.enrollments.get(name)
    if before is not None and (cause.at <= datetime.fromisoformat(before.since) or before.id == id_by(name, cause)):
        return False
    return may_enter(program, before, now)


def id_by(name: str, cause: Cause) -> str:
    """The id of the enrollment that the cause begins."""
    return activity_key(name, cause.reference)


def rejection(program: Program, before: Enrollment | None, now: datetime) -> str | None:
    """Reason code why re-entry is not allowed. `before`: the lead's latest enrollment of the same name."""
    if before is None:
        return None
    since = datetime.fromisoformat(before.since)
    return program.re_entry.rejection(since, is_complete=before.is_complete, now=now)


def why_not_enrolled(program: Program, before: Enrollment | None, now: datetime) -> str | None:
    """Reason code why a step of another scenario does not enroll a lead; None: it does."""
    return rejection(program, before, now) if program.is_published else NOT_PUBLISHED


def may_enter(program: Program, before: Enrollment | None, now: datetime) -> bool:
    return rejection(program, before, now) is None


def has_room(program: Program, entered: int, *, is_stopped: bool) -> bool:
    """Whether the scenario takes one more lead in. `entered`: in this hour; `is_stopped`: until an operator decides."""
    limit = program.max_entries_per_hour
    return limit is None or (not is_stopped and entered < limit)
