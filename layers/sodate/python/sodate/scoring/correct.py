"""Corrections by a person. They are activities like any other, so that a replay repeats them; no total is edited."""

from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType, ActivityVerdict
from sodate.activities.store import activities_of, activity_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Invalid, NotFound
from sodate.leads.text import one_line

JUDGEABLE = tuple(type_.value for type_ in ActivityType if type_.by_robots)
_LONGEST_REASON = 200


def judge(lead_id: str, activity: str, verdict: ActivityVerdict, now: datetime) -> None:
    """Log who did the activity with this key. A robot's activity gives no points.

    Raises: `NotFound`; `Invalid` for an activity that is never a robot's.
    """
    match = next((one for one in activities_of(lead_id) if one.key == activity), None)
    if match is None:
        raise NotFound(f"the lead has no activity {activity}; `sodate lead explain --json` lists them")
    if match.type not in JUDGEABLE:
        raise Invalid(f"{match.type} is nothing that a robot does; only {', '.join(JUDGEABLE)} can be judged")
    _log(
        lead_id,
        ActivityType.ACTIVITY_JUDGED,
        {"of": activity, "at": keys.stamp(match.at), "verdict": verdict.value},
        now,
    )


def adjust(lead_id: str, points: int, because: str, now: datetime) -> str:
    """Log an adjustment by points; returns the reason as it is stored: one line of at most 200 characters.

    Raises: `Invalid` for no points or no reason.
    """
    reason = one_line(because)[:_LONGEST_REASON]
    if not points or not reason:
        raise Invalid("points must not be 0, and the reason must say something")
    _log(lead_id, ActivityType.SCORE_ADJUSTED, {"points": points, "reason": reason}, now)
    return reason


def _log(lead_id: str, type_: ActivityType, about: dict[str, str | int], now: datetime) -> None:
    key = activity_key(type_, keys.stamp(now), *(str(value) for value in about.values()))
    try:
        table.put_new(activity_item(Activity(lead_id, type_.value, now, key, about)))
    except ConditionFailed:
        return  # already logged in the same millisecond
