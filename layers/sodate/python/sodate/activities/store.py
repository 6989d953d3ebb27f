"""ACT# items: reads and writes of the activity log of a lead."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.attributes import MapAttribute, UnicodeAttribute

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem
from sodate.errors import Invalid


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


def contact_changed(lead_id: str, reason: str, at: datetime, reference: str) -> ActivityItem:
    """For a change of consent or block that no other activity is written with: segments follow activities.

    `reference` makes it idempotent.
    """
    key = activity_key(ActivityType.CONTACT_CHANGED, reason, reference)
    return activity_item(Activity(lead_id, ActivityType.CONTACT_CHANGED.value, at, key, {"reason": str(reason)}))


def activities_of(lead_id: str) -> list[Activity]:
    """The whole log, oldest first.

    Raises: `Invalid` for an item that cannot be read: one lead's log must not block a stream shard or a batch.
    """
    return _readable(lead_id, table.query(ActivityItem, keys.lead(lead_id), keys.ACTIVITIES))


def _readable(lead_id: str, items: list[ActivityItem]) -> list[Activity]:
    try:
        return [_to_activity(item) for item in items]
    except (TypeError, ValueError) as error:
        raise Invalid(f"the log of lead {lead_id} has an item that cannot be read: {error!r}", "item") from error


def activities_since(lead_id: str, at: datetime) -> list[Activity]:
    """Oldest first. Raises: `Invalid`, as `activities_of`."""
    items = table.query(ActivityItem, keys.lead(lead_id), keys.ACTIVITIES, since=keys.activity(at, ""))
    return _readable(lead_id, items)


def activities_after(lead_id: str, position: str) -> list[Activity]:
    """Oldest first. `position`: of an activity, or empty for the whole log. Raises: `Invalid`, as `activities_of`."""
    items = table.query(ActivityItem, keys.lead(lead_id), keys.ACTIVITIES, since=f"{keys.ACTIVITIES}{position}")
    return [one for one in _readable(lead_id, items) if one.position > position]


def latest_activities(lead_id: str, count: int) -> list[Activity]:
    """Newest first."""
    items = table.query(ActivityItem, keys.lead(lead_id), keys.ACTIVITIES, limit=count, newest_first=True)
    return [_to_activity(item) for item in items]


def from_image(image: Mapping[str, Any]) -> Activity:
    """Parse the image of a stream record.

    Raises: `ValueError`, `KeyError` or `TypeError` for an image that is no activity.
    """
    about = image.get("about") or {}
    if not isinstance(about, dict):
        raise TypeError(f"`about` is {type(about).__name__}")
    at = datetime.fromisoformat(image["at"])
    return Activity(keys.lead_id_of(image["pk"]), str(image["type"]), at, str(image["key"]), about)


def _to_activity(item: ActivityItem) -> Activity:
    return Activity(
        lead_id=keys.lead_id_of(item.pk),
        type=item.type,
        at=datetime.fromisoformat(item.at),
        key=item.key,
        about=item.about.as_dict(),
    )
