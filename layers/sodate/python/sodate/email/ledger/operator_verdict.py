"""The evidence of an email after an operator's verdict on one of its opens or clicks. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType, ActivityVerdict
from sodate.activities.verdict import by_people
from sodate.email.ledger.engagement import Because, Engagement, Hit, find_hit

_OPENED, _CLICKED = ActivityType.MAIL_OPENED.value, ActivityType.MAIL_CLICKED.value
OF_EMAILS = frozenset({_OPENED, _CLICKED})
_TENTH = timedelta(milliseconds=100)


def after_verdict(
    engagement: Engagement, log: Sequence[Activity], of: Activity, verdict: ActivityVerdict, accepted: datetime
) -> Engagement:
    """The verdict is final. `log`: of the lead, in order. `accepted`: when SES accepted the email.

    The evidence holds few opens; where the only one of a person is a robot's now, another one from the log takes its
    place, so that what people did stays right.
    """
    known = find_hit(engagement, of.key) or _hit(of, accepted)
    judged = known.judged(verdict, Because.OPERATOR)
    others = [hit for hit in engagement.hits if hit.key != of.key]
    found = Engagement(tuple(others)).adding([judged])
    if not any(hit.kind == judged.kind and hit.verdict is ActivityVerdict.HUMAN for hit in found.hits):
        found = found.adding(_others_of_people(log, of, accepted))
    return found


def _others_of_people(log: Sequence[Activity], of: Activity, accepted: datetime) -> Iterator[Hit]:
    same = [one for one in by_people(log) if one.type == of.type and one.about.get("send") == of.about.get("send")]
    for one in same:
        if one.key != of.key:
            yield _hit(one, accepted).judged(ActivityVerdict.HUMAN, Because.NO_SIGN)


def _hit(activity: Activity, accepted: datetime) -> Hit:
    return Hit("c" if activity.type == _CLICKED else "o", activity.key, (activity.at - accepted) // _TENTH)
