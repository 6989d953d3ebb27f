"""ACT# items of a lead."""

from datetime import datetime
from typing import Any

from pynamodb.attributes import MapAttribute, UnicodeAttribute

from sodate.activities.activity import Activity
from sodate.table import base, keys
from sodate.table.base import TableItem


class ActivityItem(TableItem, discriminator="activity"):
    type = UnicodeAttribute()
    at = UnicodeAttribute()
    key = UnicodeAttribute()
    about: MapAttribute[str, Any] = MapAttribute(default=dict)


def activity_item(activity: Activity) -> ActivityItem:
    return ActivityItem(
        keys.lead(activity.lead_id),
        keys.activity(activity.at, activity.key),
        type=activity.type,
        at=keys.stamp(activity.at),
        key=activity.key,
        about=activity.about,
    )


def activities_of(lead_id: str) -> list[Activity]:
    """The whole log, oldest first."""
    return [_to_activity(item) for item in base.query(ActivityItem, keys.lead(lead_id), keys.ACTIVITIES)]


def _to_activity(item: ActivityItem) -> Activity:
    return Activity(
        lead_id=keys.lead_id_of(item.pk),
        type=item.type,
        at=datetime.fromisoformat(item.at),
        key=item.key,
        about=item.about.as_dict(),
    )
