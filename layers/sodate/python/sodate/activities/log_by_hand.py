"""Logs what happened outside of Sodate, as a person says it: a call, a seminar, a meeting, a card."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import BY_HAND, VALUES, ActivityType
from sodate.activities.store import activity_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Invalid

#: Ids and codes: what a person types in words could be personal data, and no condition could ask for it.
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_LOOK_BACK = timedelta(days=3650)


def log_by_hand(
    lead_id: str, type_: ActivityType, about: Mapping[str, str], at: datetime, now: datetime
) -> tuple[Activity, bool]:
    """The activity, and whether it is new: the same of the same moment is logged once.

    Raises: `Invalid` for a type that only the system writes, for attributes or values that the type does not have, and
    for a time that has not come or is ten years old.
    """
    _check(type_, about)
    if not now - _LOOK_BACK <= at <= now:
        raise Invalid(f"{at:%Y-%m-%d %H:%M} UTC: only what has happened, in the last ten years, can be logged", "at")
    content = (f"{name}={value}" for name, value in sorted(about.items()))
    key = activity_key("by_hand", type_, keys.stamp(at), *content)
    activity = Activity(lead_id, type_.value, at, key, dict(about), recorded=now)
    try:
        table.put_new(activity_item(activity))
    except ConditionFailed:
        return activity, False
    return activity, True


def _check(type_: ActivityType, about: Mapping[str, str]) -> None:
    if type_ not in BY_HAND:
        raise Invalid(f"only the system writes {type_}; by hand: {', '.join(BY_HAND)}", "type")
    for name, value in about.items():
        if name not in type_.attributes:
            raise Invalid(f"{type_} has no attribute {name}; it has {', '.join(type_.attributes)}", name)
        values = VALUES.get((type_, name))
        if values is not None and value not in values:
            raise Invalid(f"{name}={value}: it must be one of {', '.join(values)}", name)
        if not _ID.fullmatch(value):
            raise Invalid(f"{name}={value}: an id has lower-case letters, digits, - and _, at most 60", name)
