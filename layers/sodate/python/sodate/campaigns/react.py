"""After new activities of a lead: its membership of campaigns, and the conversions that ad platforms are told of.

Idempotent in any order of deliveries: what is written is a fold over the log. Most activities concern no campaign and
cost nothing here; a membership is written only when its status changes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.activities.store import latest_activities
from sodate.campaigns import store
from sodate.campaigns.live import live_campaigns
from sodate.campaigns.member import RANK, Membership, MemberStatus, membership_of
from sodate.campaigns.queue_conversions import queue_conversions
from sodate.campaigns.sources import LiveCampaign
from sodate.playbook.store import Definitions

#: Activities of a lead that are looked at, the newest: people have far fewer, and one lead's log must not block others.
MOST_ACTIVITIES = 5000
#: A touch that is recorded so much later may come before activities that are logged already.
_LATE = timedelta(minutes=10)


def react(lead_id: str, activities: Sequence[Activity], definitions: Definitions, now: datetime) -> int:
    """Number of memberships that changed. Raises: `Transient`."""
    campaigns = live_campaigns(definitions)
    queue_conversions(lead_id, activities, definitions, now)
    judged = any(one.type == ActivityType.ACTIVITY_JUDGED for one in activities)
    concerned = [live for live in campaigns if judged or any(_concerns(live, one) for one in activities)]
    if not concerned:
        return 0
    known = store.memberships(lead_id, [live.id for live in concerned])
    open_ = [live for live in concerned if judged or _may_change(live, known.get(live.id), activities, now)]
    if not open_:
        return 0
    log = sorted(latest_activities(lead_id, MOST_ACTIVITIES), key=lambda one: one.position)
    return write_memberships(lead_id, log, open_, known, may_fall=judged)


def write_memberships(
    lead_id: str,
    log: Iterable[Activity],
    campaigns: Iterable[LiveCampaign],
    known: dict[str, Membership],
    *,
    may_fall: bool,
) -> int:
    """Write what the log gives where it differs. `may_fall`: a status may become a lower one."""
    log, written = list(log), 0
    for live in campaigns:
        before, after = known.get(live.id), membership_of(log, live)
        if after is None and before is not None and may_fall:
            after = Membership(MemberStatus.REMOVED, before.since)
        if after is None or (before is not None and (after == before or not _is_news(before, after, may_fall))):
            continue
        store.put_membership(live.id, lead_id, after)
        written += 1
    return written


def _is_news(before: Membership, after: Membership, may_fall: bool) -> bool:
    return RANK[after.status] > RANK[before.status] or (may_fall and after.status is not before.status)


def _concerns(live: LiveCampaign, activity: Activity) -> bool:
    return live.is_touched_by(activity) or live.converts(activity) or live.targets(activity)


def _may_change(live: LiveCampaign, before: Membership | None, activities: Sequence[Activity], now: datetime) -> bool:
    """False when these activities cannot raise the status, so that the log need not be read."""
    if before is None or before.status in (MemberStatus.REMOVED, MemberStatus.TARGETED):
        return True
    if before.status is MemberStatus.CONVERTED or live.campaign.conversion is None:
        return False
    return any(live.converts(one) or (live.is_touched_by(one) and now - one.at > _LATE) for one in activities)
