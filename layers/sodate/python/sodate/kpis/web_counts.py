"""What one session of the website contributes, in the hour in which it began. A robot's session is counted apart."""

from collections.abc import Iterator
from hashlib import sha256

from sodate.activities.catalog import ActivityVerdict
from sodate.kpis.contribution import Image, Part, hour_of, scope
from sodate.kpis.email_counts import ALL

_DIMENSIONS = ("source", "campaign", "form")


def counts_of_session(image: Image) -> Iterator[Part]:
    views = int(image["page_views"])
    if image.get("verdict") == ActivityVerdict.ROBOT:
        yield Part(_scopes(image), _hour(image), {"robot_sessions": 1, "robot_page_views": views})
        return
    bounced = int(image["bounced"])
    counts = {
        "sessions": 1,
        "page_views": views,
        "dwell_seconds": int(image["dwell_s"]),
        "scroll_percent": int(image["scroll_max"]),
        "bounces": bounced,
        "engaged_sessions": 1 - bounced,
        "return_sessions": int(image["is_return"]),
    }
    yield Part(_scopes(image), _hour(image), counts)


def visitor_of(image: Image) -> tuple[tuple[str, ...], str, str] | None:
    """Scopes, hour and a hash of the visitor; None for a robot."""
    if image.get("verdict") == ActivityVerdict.ROBOT:
        return None
    return _scopes(image), _hour(image), sha256(str(image["visitor"]).encode()).hexdigest()[:16]


def _hour(image: Image) -> str:
    return hour_of(str(image["started_at"]))


def _scopes(image: Image) -> tuple[str, ...]:
    return (ALL, *(scope(name, image[name]) for name in _DIMENSIONS if image.get(name)))
