"""Touches of a lead: a fold over its log. Opens, direct visits and what a robot did are none. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.activities.verdict import robots_in
from sodate.campaigns.sources import ARRIVING, LiveCampaign
from sodate.leads.text import fold

_PAID = frozenset({"cpc", "ppc", "cpm", "cpv", "paid", "paidsearch", "paid_search", "paid_social", "display", "banner"})
_EMAIL = frozenset({"email", "e-mail", "mail", "newsletter"})
_SOCIAL_HOSTS = ("facebook.com", "twitter.com", "x.com", "t.co", "linkedin.com", "lnkd.in", "instagram.com", "line.me")
_SEARCH_HOSTS = ("google.com", "google.co.jp", "yahoo.co.jp", "search.yahoo.co.jp", "bing.com", "duckduckgo.com")
#: Of which the referrer is another site, and never a page of one's own.
_BY_BEACON = frozenset({ActivityType.WEB_SESSION.value})
_MEETINGS = frozenset(
    {
        ActivityType.SEMINAR_REGISTERED.value,
        ActivityType.SEMINAR_ATTENDED.value,
        ActivityType.CARD_EXCHANGED.value,
        ActivityType.MEETING_SET.value,
    }
)


class Channel(StrEnum):
    PAID = "paid"
    EMAIL = "email"
    SOCIAL = "social"
    ORGANIC = "organic"
    REFERRAL = "referral"
    EVENT = "event"
    OTHER = "other"


@dataclass(frozen=True)
class Touch:
    """`campaigns`: ids, in order; empty for a visit with a known source that no campaign claims.

    `utm_campaign`, `term`: as the link said, folded. `click`: kind of the click id.
    """

    lead_id: str
    key: str
    at: datetime
    campaigns: tuple[str, ...] = ()
    channel: Channel = Channel.OTHER
    source: str = ""
    medium: str = ""
    utm_campaign: str = ""
    term: str = ""
    click: str = ""

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Of touches of all leads; touches of the same instant have a fixed order."""
        return self.at, self.lead_id, self.key


def known_at(log: Iterable[Activity], as_of: datetime) -> list[Activity]:
    """What the log said before the minute of `as_of`, in order, each activity once.

    Whatever is recorded later has a later minute, so that the answer never changes.
    """
    minute = int(as_of.timestamp()) // 60
    known = {one.position: one for one in log if one.known_minute < minute and one.at < as_of}
    return [known[position] for position in sorted(known)]


def touches_in(log: Iterable[Activity], campaigns: Sequence[LiveCampaign]) -> list[Touch]:
    """In order. `log`: of one lead, in order; the last verdict on an activity decides whether a robot did it."""
    log = list(log)
    robots = robots_in(log)
    found = ((one, touch_of(one, campaigns)) for one in log if one.key not in robots)
    touches = [(one, touch) for one, touch in found if touch is not None]
    posts = [touch for one, touch in touches if one.type == ActivityType.FORM_SUBMITTED]
    return [touch for one, touch in touches if not _is_visit_of_a_post(one, touch, posts)]


def touch_of(activity: Activity, campaigns: Sequence[LiveCampaign]) -> Touch | None:
    """None for an activity that touches no campaign and does not say where the visitor came from."""
    touched = tuple(sorted(one.id for one in campaigns if one.is_touched_by(activity)))
    arrives = activity.type in ARRIVING
    about = {name: str(activity.about.get(name) or "") for name in ("source", "medium", "campaign", "term", "click")}
    about = about if arrives else dict.fromkeys(about, "")
    referrer = str(activity.about.get("referrer") or "") if arrives else ""
    from_elsewhere = _of_referrer(referrer) is not None or (bool(referrer) and activity.type in _BY_BEACON)
    if not touched and not any(about.values()) and not from_elsewhere:
        return None
    return Touch(
        activity.lead_id,
        activity.key,
        activity.at,
        touched,
        _channel(activity, about, referrer),
        fold(about["source"]) or referrer,
        fold(about["medium"]),
        fold(about["campaign"]),
        fold(about["term"]),
        about["click"],
    )


def _is_visit_of_a_post(activity: Activity, touch: Touch, posts: Sequence[Touch]) -> bool:
    """One visit is one touch: that of the post, when the visit says no more about where the lead came from."""
    started = activity.about.get("started")
    if activity.type != ActivityType.WEB_SESSION or activity.about.get("form") is None or started is None:
        return False
    during = (post for post in posts if int(started) <= post.at.timestamp() and post.at <= activity.at)
    return any(set(touch.campaigns) <= set(post.campaigns) for post in during)


def _channel(activity: Activity, about: dict[str, str], referrer: str) -> Channel:
    medium = fold(about["medium"])
    if activity.type == ActivityType.MAIL_CLICKED or medium in _EMAIL:
        return Channel.EMAIL
    if about["click"] or medium in _PAID:
        return Channel.PAID
    if medium == "social":
        return Channel.SOCIAL
    if activity.type in _MEETINGS:
        return Channel.EVENT
    return _of_referrer(referrer) or (Channel.REFERRAL if about["source"] or referrer else Channel.OTHER)


def _of_referrer(host: str) -> Channel | None:
    """Search engines and social networks: of a form post, the page before may be one of one's own."""
    for hosts, channel in ((_SEARCH_HOSTS, Channel.ORGANIC), (_SOCIAL_HOSTS, Channel.SOCIAL)):
        if any(host == one or host.endswith(f".{one}") for one in hosts):
            return channel
    return None
