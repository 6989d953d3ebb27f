"""ACT# items: reads and writes of the activity log of a lead. ADCLICK# items: click ids with which a lead came."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import JSONAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.verdict import counts
from sodate.dynamodb import campaign_keys, keys, table
from sodate.dynamodb.item import TableItem, encode
from sodate.dynamodb.table import ConditionFailed, Update
from sodate.errors import Invalid
from sodate.messages import Message

#: No ad platform takes a conversion of an older click.
AD_CLICK_KEPT = timedelta(days=100)


class ActivityItem(TableItem, discriminator="activity"):
    """`recorded_at`: minute (since 1970) in which it was written; absent: that of `at`."""

    type = UnicodeAttribute()
    at = UnicodeAttribute()
    key = UnicodeAttribute()
    about: MapAttribute[str, Any] = MapAttribute(default=dict)
    #: The merged lead whose activity this is a copy of: folds over the log of one lead count it, counters over all
    #: leads never do.
    copied_from = UnicodeAttribute(null=True)
    recorded_at = NumberAttribute(null=True)
    verdict = UnicodeAttribute(null=True)
    """The latest verdict on this activity, for the counters; the log itself has it as `activity_judged`."""
    verdict_position = UnicodeAttribute(null=True)


class AdClickItem(TableItem, discriminator="adclick"):
    """Click ids of one form post, by kind (`arrival.CLICK_IDS`); activities carry the kind only."""

    at = UnicodeAttribute()
    ids: JSONAttribute = JSONAttribute()


def activity_item(activity: Activity) -> ActivityItem:
    return ActivityItem(
        keys.lead(activity.lead_id),
        keys.activity(activity.at, activity.key),
        type=activity.type,
        at=keys.stamp(activity.at),
        key=activity.key,
        about=activity.about,
        recorded_at=activity.known_minute if activity.known_minute > activity.minute else None,
    )


def logged_once(activity: Activity) -> Update:
    """For writers that repeat an activity without a condition: the minute of its first write stays."""
    item = activity_item(activity)
    first = ActivityItem.recorded_at | activity.known_minute
    actions = [
        ActivityItem.kind.set(ActivityItem),
        ActivityItem.type.set(item.type),
        ActivityItem.at.set(item.at),
        ActivityItem.key.set(item.key),
        ActivityItem.about.set(activity.about),
        ActivityItem.recorded_at.set(first),
    ]
    return Update(item, actions)


def mark_verdict(lead_id: str, judged: tuple[str, str], verdict: str, position: str) -> None:
    """Set the verdict on an activity; in any order of the calls, the verdict with the latest position stays.

    `judged`: stamp and key of the activity. `position`: of the verdict in the log. No effect without the activity.
    """
    item = ActivityItem(keys.lead(lead_id), keys.activity(datetime.fromisoformat(judged[0]), judged[1]))
    last = ActivityItem.verdict_position
    is_later = ActivityItem.pk.exists() & (last.does_not_exist() | (last < position))
    with suppress(ConditionFailed):
        table.update(item, [ActivityItem.verdict.set(verdict), last.set(position)], is_later)


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


def own_activities_of(lead_id: str) -> list[Activity]:
    """Without the copies that merges made, oldest first. Raises: `Invalid`, as `activities_of`."""
    items = table.query(ActivityItem, keys.lead(lead_id), keys.ACTIVITIES)
    return _readable(lead_id, [item for item in items if item.copied_from is None])


def _readable(lead_id: str, items: list[ActivityItem]) -> list[Activity]:
    try:
        return [_to_activity(item) for item in items]
    except (TypeError, ValueError) as error:
        raise Invalid(
            Message(
                "the log of lead {lead_id} has an item that cannot be read: {error!r}", lead_id=lead_id, error=error
            ),
            "item",
        ) from error


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


def copy_activities(source: str, target: str) -> int:
    """Copy what `target` does not have yet. Returns how many copies of `source` it has afterwards.

    That `source` was merged is said of `source` only.
    """
    have = {row["sk"]["S"] for row in table.rows_of(keys.lead(target), keys.ACTIVITIES)}
    logged = table.query(ActivityItem, keys.lead(source), keys.ACTIVITIES)
    items = [item for item in logged if item.sk not in have and item.type != ActivityType.MERGED_INTO]
    for item in items:
        item.pk, item.copied_from = keys.lead(target), source
    table.put_many([encode(item) for item in items])
    return len(copies_of(target, source))


def copies_of(lead_id: str, source: str) -> list[tuple[str, str]]:
    """Keys of the copies of activities of `source`."""
    items = table.query(ActivityItem, keys.lead(lead_id), keys.ACTIVITIES)
    return [(item.pk, item.sk) for item in items if item.copied_from == source]


def is_copy(image: Mapping[str, Any]) -> bool:
    """Whether this image of an activity, in plain values or DynamoDB JSON, is a copy that a merge made."""
    return "copied_from" in image


def from_image(image: Mapping[str, Any]) -> Activity:
    """Parse the image of a stream record.

    Raises: `ValueError`, `KeyError` or `TypeError` for an image that is no activity.
    """
    about = image.get("about") or {}
    if not isinstance(about, dict):
        raise TypeError(f"`about` is {type(about).__name__}")
    at = datetime.fromisoformat(image["at"])
    recorded = _moment(image.get("recorded_at"))
    return Activity(keys.lead_id_of(image["pk"]), str(image["type"]), at, str(image["key"]), about, recorded)


def is_of_robot(image: Mapping[str, Any] | None) -> bool:
    """Whether the image is an activity that no person did, by the verdict that it was logged with.

    It changes nothing of the lead, so that whoever folds the stream need not even read the lead.
    """
    about = (image or {}).get("about")
    return isinstance(about, dict) and not counts(str((image or {}).get("type")), about)


def _to_activity(item: ActivityItem) -> Activity:
    return Activity(
        lead_id=keys.lead_id_of(item.pk),
        type=item.type,
        at=datetime.fromisoformat(item.at),
        key=item.key,
        about=item.about.as_dict(),
        recorded=_moment(item.recorded_at),
    )


def _moment(minute: Any) -> datetime | None:
    return None if minute is None else datetime.fromtimestamp(int(minute) * 60, UTC)


def ad_click_item(lead_id: str, at: datetime, submission_id: str, ids: Mapping[str, str]) -> AdClickItem:
    key, ttl = campaign_keys.ad_click(at, submission_id), int((at + AD_CLICK_KEPT).timestamp())
    return AdClickItem(keys.lead(lead_id), key, at=keys.stamp(at), ids=dict(ids), ttl=ttl)


def ad_clicks_of(lead_id: str) -> list[tuple[datetime, dict[str, str]]]:
    """Click ids of the lead's form posts, oldest first."""
    items = table.query(AdClickItem, keys.lead(lead_id), campaign_keys.AD_CLICKS)
    return [(datetime.fromisoformat(item.at), dict(item.ids)) for item in items]
