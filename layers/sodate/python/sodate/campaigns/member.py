"""Membership of one lead in one campaign: a fold over its log, so that order and repeats change nothing. Pure."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sodate.activities.activity import Activity
from sodate.activities.verdict import robots_in
from sodate.campaigns.sources import LiveCampaign


class MemberStatus(StrEnum):
    """`removed`: every touch turned out to be a robot's. The place on the list stays: past reports name the lead."""

    REMOVED = "removed"
    TARGETED = "targeted"
    RESPONDED = "responded"
    CONVERTED = "converted"


RANK = {status: rank for rank, status in enumerate(MemberStatus)}


@dataclass(frozen=True)
class Membership:
    """`since`: minute (since 1970) in which the status was reached. `converted`: key of the first conversion."""

    status: MemberStatus
    since: int
    converted: str = ""


def membership_of(log: Iterable[Activity], live: LiveCampaign) -> Membership | None:
    """None: the lead has nothing to do with the campaign. `log`: of one lead, in order.

    A conversion counts when the lead touched the campaign at most `conversion_within_days` before it; the touch itself
    may be the conversion.
    """
    log = list(log)
    robots = robots_in(log)
    by_people = [one for one in log if one.key not in robots]
    touched = [one.at for one in by_people if live.is_touched_by(one)]
    if touched:
        for one in by_people:
            last = bisect_right(touched, one.at) - 1
            if last >= 0 and one.at - touched[last] <= live.window and live.converts(one):
                return Membership(MemberStatus.CONVERTED, one.minute, one.key)
        return Membership(MemberStatus.RESPONDED, int(touched[0].timestamp()) // 60)
    aimed = [one.minute for one in log if live.targets(one)]
    return Membership(MemberStatus.TARGETED, aimed[0]) if aimed else None
