"""Marks an item with what a later activity says of it, so that its figures follow.

An opt-out belongs to the email that brought it; a verdict belongs to the activity that it judges. The
stream delivers the activity at least once and in any order: every mark is idempotent and orders itself.
"""

from collections.abc import Iterable

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.activities.store import mark_verdict
from sodate.dynamodb import keys
from sodate.email.ledger.store import mark_unsubscribed


def mark(activities: Iterable[Activity]) -> int:
    """Returns the number of marks, whether they were set before or not."""
    marks = 0
    for one in activities:
        if one.type == ActivityType.UNSUBSCRIBED and one.about.get("send"):
            mark_unsubscribed(one.lead_id, str(one.about["send"]), keys.stamp(one.at))
            marks += 1
        elif one.type == ActivityType.ACTIVITY_JUDGED and one.about.get("at"):
            judged = str(one.about["at"]), str(one.about.get("of"))
            mark_verdict(one.lead_id, judged, str(one.about.get("verdict")), one.position)
            marks += 1
    return marks
