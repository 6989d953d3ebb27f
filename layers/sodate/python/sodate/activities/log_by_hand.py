"""Logs what happened outside of Sodate, as a person says it: a call, a seminar, a meeting, a card."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sodate.activities.activity import Activity, activity_key
from sodate.activities.kinds import ActivityKind
from sodate.activities.store import activity_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Invalid
from sodate.messages import Message

_LOOK_BACK = timedelta(days=3650)


def log_by_hand(
    lead_id: str, kind: ActivityKind, about: Mapping[str, object], at: datetime, now: datetime
) -> tuple[Activity, bool]:
    """The activity, and whether it is new: the same of the same moment is logged once.

    Raises: `Invalid` for attributes or values that the type does not have, and for a time that has not come or is ten
    years old.
    """
    check_time(at, now)
    activity = written_by_hand(lead_id, kind, about, at, now)
    try:
        table.put_new(activity_item(activity))
    except ConditionFailed:
        return activity, False
    return activity, True


def written_by_hand(
    lead_id: str,
    kind: ActivityKind,
    about: Mapping[str, object],
    at: datetime,
    now: datetime,
    *,
    id_: str | None = None,
) -> Activity:
    """The activity; equal for an equal statement. `id_`: the id that the source gave it, instead of its content.

    Raises: `Invalid` for attributes or values that the type does not have.
    """
    read = kind.read_about(about)
    content = (f"{name}={value}" for name, value in sorted(read.items()))
    key = activity_key("by_hand", kind.name, keys.stamp(at), *content)
    if id_ is not None:
        key = activity_key("given", kind.name, id_)
    return Activity(lead_id, kind.name, at, key, read, recorded=now)


def check_time(at: datetime, now: datetime) -> None:
    """Raises: `Invalid`."""
    if not now - _LOOK_BACK <= at <= now:
        raise Invalid(
            Message("{at:%Y-%m-%d %H:%M} UTC: only what has happened, in the last ten years, can be logged", at=at),
            "at",
        )
