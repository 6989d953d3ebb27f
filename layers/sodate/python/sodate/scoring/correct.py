"""Corrections by a person. They are activities like any other, so that a replay repeats them; no total is edited."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType, ActivityVerdict
from sodate.activities.store import activities_of, activity_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.email.ledger.engagement import Engagement
from sodate.email.ledger.operator_verdict import OF_EMAILS, after_verdict
from sodate.email.ledger.store import SendItem, engagement_change, find_send
from sodate.errors import Invalid, NotFound, Transient
from sodate.leads.text import one_line
from sodate.messages import Message

JUDGEABLE = tuple(type_.value for type_ in ActivityType if type_.by_robots)
_LONGEST_REASON = 200
_TRIES = 5


def judge(lead_id: str, activity: str, verdict: ActivityVerdict, now: datetime) -> None:
    """Log who did the activity with this key. A robot's activity gives no points.

    The verdict on an open or click is stored with its email too, in the same transaction: KPIs count from there.

    Raises: `NotFound`; `Invalid` for an activity that is never a robot's; `Transient` when its email changes too often.
    """
    log = activities_of(lead_id)
    match = next((one for one in log if one.key == activity), None)
    if match is None:
        raise NotFound(
            Message("the lead has no activity {activity}; `sodate lead explain --json` lists them", activity=activity)
        )
    if match.type not in JUDGEABLE:
        raise Invalid(
            Message(
                "{type} is nothing that a robot does; only {judgeable} can be judged",
                type=match.type,
                judgeable=", ".join(JUDGEABLE),
            )
        )
    about = {"of": activity, "at": keys.stamp(match.at), "verdict": verdict.value}
    put = _put(lead_id, ActivityType.ACTIVITY_JUDGED, about, now)
    send_id = match.about.get("send") if match.type in OF_EMAILS else None
    for _ in range(_TRIES):
        send = find_send(lead_id, str(send_id)) if send_id else None
        try:
            table.commit([put, *_email_writes(send, log, match, verdict)])
        except ConditionFailed as error:
            if 0 in error.failed:
                return  # already logged in the same millisecond
        else:
            return
    raise Transient(Message("the email of activity {activity} has concurrent events: try again", activity=activity))


def _email_writes(
    send: SendItem | None, log: Sequence[Activity], of: Activity, verdict: ActivityVerdict
) -> Iterator[Write]:
    if send is not None:
        accepted = datetime.fromisoformat(send.sent_at or send.planned_at)
        yield engagement_change(send, after_verdict(Engagement.of(send), log, of, verdict, accepted))


def adjust(lead_id: str, points: int, because: str, now: datetime) -> str:
    """Log an adjustment by points; returns the reason as it is stored: one line of at most 200 characters.

    Raises: `Invalid` for no points or no reason.
    """
    reason = one_line(because)[:_LONGEST_REASON]
    if not points or not reason:
        raise Invalid(Message("points must not be 0, and the reason must say something"))
    _log(lead_id, ActivityType.SCORE_ADJUSTED, {"points": points, "reason": reason}, now)
    return reason


def _log(lead_id: str, type_: ActivityType, about: Mapping[str, str | int], now: datetime) -> None:
    put = _put(lead_id, type_, about, now)
    try:
        table.put(put.item, put.condition)
    except ConditionFailed:
        return  # already logged in the same millisecond


def _put(lead_id: str, type_: ActivityType, about: Mapping[str, str | int], now: datetime) -> Put:
    key = activity_key(type_, keys.stamp(now), *(str(value) for value in about.values()))
    return Put.new(activity_item(Activity(lead_id, type_.value, now, key, dict(about))))
