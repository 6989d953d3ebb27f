"""What the records of the table's stream say about one lead."""

from datetime import datetime

from sodate.activities.store import from_image, is_copy
from sodate.errors import Invalid
from sodate.leads.store import to_profile
from sodate.runtime.batch import Record, image, written_at
from sodate.scenarios.plan_dates import ProfileChange
from sodate.segments.membership_update import Occasion


def occasion_of(lead_id: str, records: list[Record]) -> Occasion:
    images = [image(record, "NewImage") or {} for record in records]
    logged = [new for new in images if new.get("kind") != "profile"]
    try:
        activities = [from_image(new) for new in logged if not is_copy(new)]
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"the log of lead {lead_id} has an item that cannot be read: {error!r}", "item") from error
    return Occasion(activities, len(logged) < len(images), has_copies=len(activities) < len(logged))


def profile_changes(records: list[Record], now: datetime) -> list[ProfileChange]:
    changes = []
    for record in records:
        old, new = (record["dynamodb"].get(which) for which in ("OldImage", "NewImage"))
        if new and new["kind"]["S"] == "profile":
            changes.append(ProfileChange(to_profile(old) if old else None, to_profile(new), written_at(record, now)))
    return changes
