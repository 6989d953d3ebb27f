"""What one `Advance` means for the enrollment and the log. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.leads.contact_state import Enrollment, Visit, about_enrollment
from sodate.scenarios.advance import ActiveEnrollment, Advance, EndEnrollment, GoalReached, ReasonCode
from sodate.scenarios.program import Program, key_in

#: Reasons that are decisions; the ledger has those of emails, and a wait decides nothing.
_DECISIONS = frozenset(
    (
        ReasonCode.DATE_PAST, ReasonCode.NO_DATE, ReasonCode.EVENT, ReasonCode.TIMEOUT, ReasonCode.CASE,
        ReasonCode.OTHERWISE, ReasonCode.ARM, ReasonCode.KEPT_OUT, ReasonCode.OVERDUE,
    )
)  # fmt: skip
_LONGEST_REASON = 500


def active(
    program: Program, name: str, enrollment: Enrollment, chosen: Mapping[str, str] | None = None
) -> ActiveEnrollment:
    """The stored enrollment as the engine sees it. `chosen`: see `ActiveEnrollment`."""
    visit = enrollment.visit or Visit(0, 0)
    return ActiveEnrollment(
        id=enrollment.id,
        node=enrollment.step,
        since=datetime.fromisoformat(enrollment.since),
        entered=visit.began,
        key=key_in(program, name),
        arms=enrollment.arms,
        reached=enrollment.goals,
        moves=visit.number,
        chosen=chosen or {},
    )


def after(enrollment: Enrollment, advance: Advance, now: datetime) -> Enrollment:
    """The enrollment to store.

    An early end keeps the number of the visit: a higher one would say that the email of the visit was claimed.
    """
    end = next((effect for effect in advance.effects if isinstance(effect, EndEnrollment)), None)
    is_early = end is not None and end.is_early
    visit, moves = enrollment.visit or Visit(0, 0), advance.enrollment.moves
    has_moved = moves > visit.number and not is_early
    return replace(
        enrollment,
        step=advance.node,
        visit=replace(visit.next(now), number=moves) if has_moved else visit,
        arms=advance.enrollment.arms,
        goals=advance.enrollment.reached,
        ended=end.reason if end is not None and is_early else enrollment.ended,
    )


def activities(lead_id: str, name: str, enrollment: Enrollment, advance: Advance, now: datetime) -> Iterator[Activity]:
    """What the log gets: decisions, goals and the end. `enrollment`: as it was. Repeated decisions have equal keys."""
    visit = enrollment.visit or Visit(0, 0)

    def activity(type_: ActivityType, reason: str) -> Activity:
        key = activity_key(type_.value, name, enrollment.id, str(visit.number), reason)
        about = {**about_enrollment(name), "version": enrollment.version, "reason": reason[:_LONGEST_REASON]}
        return Activity(lead_id, type_.value, now, key, about)

    decisions = [str(reason) for reason in advance.reasons if reason.code in _DECISIONS]
    if decisions:
        yield activity(ActivityType.SCENARIO_ADVANCED, "; ".join(decisions))
    for effect in advance.effects:
        if isinstance(effect, GoalReached):
            yield activity(ActivityType.GOAL_REACHED, effect.goal)
        elif isinstance(effect, EndEnrollment):
            yield activity(ActivityType.SCENARIO_ENDED, effect.reason)
