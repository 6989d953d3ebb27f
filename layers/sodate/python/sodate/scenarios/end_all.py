"""Every enrollment of a lead ends at once: it was merged into another lead, whose own ones go on. Pure."""

from dataclasses import replace
from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.leads.contact_state import ContactState, about_enrollment

MERGED = "merged"


def end_all(state: ContactState, reason: str, now: datetime) -> tuple[ContactState, list[Activity]]:
    """The lead without a running enrollment, and what its log says of each. What was due finds it gone."""
    running = {name: one for name, one in state.enrollments.items() if not one.is_complete}
    ended = {name: replace(one, step=one.steps, ended=reason) for name, one in running.items()}
    type_ = ActivityType.SCENARIO_ENDED.value
    activities = [
        Activity(
            state.lead_id,
            type_,
            now,
            activity_key(type_, name, one.id, reason),
            {**about_enrollment(name), "version": one.version, "reason": reason},
        )
        for name, one in running.items()
    ]
    return state.enroll(ended), activities
