"""Where a visit came from, in the words of campaigns: source, medium, campaign. Pure."""

from sodate.tracking.session import Arrival

DIRECT, NO_MEDIUM, REFERRAL = "direct", "none", "referral"


def marks_of(arrival: Arrival | None) -> dict[str, str]:
    """As an activity carries it (`activities.arrival`): what is known, nothing for a direct visit."""
    if arrival is None:
        return {}
    return {**dict(arrival.utm), **({"referrer": arrival.referrer} if arrival.referrer else {})}


def origin_of(arrival: Arrival | None) -> dict[str, str | None]:
    """Where the visit came from: its UTM parameters, or else the other site, or else nobody knows (`direct`)."""
    utm = dict(arrival.utm) if arrival else {}
    referrer = arrival.referrer or None if arrival else None
    return {
        "source": utm.get("source") or referrer or DIRECT,
        "medium": utm.get("medium") or (REFERRAL if referrer and "source" not in utm else NO_MEDIUM),
        "campaign": utm.get("campaign"),
        "term": utm.get("term"),
        "content": utm.get("content"),
        "referrer": referrer,
        "landing": arrival.path if arrival else None,
    }
