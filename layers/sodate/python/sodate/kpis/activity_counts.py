"""What one activity of the log contributes, in the hour of the activity. A robot's activity is counted
apart, and one of which nobody knows who did it not at all."""

from collections.abc import Iterator
from typing import Any

from sodate.activities.catalog import ActivityType, ActivityVerdict
from sodate.kpis.contribution import Image, Part, hour_of, is_metric, scope
from sodate.kpis.email_counts import ALL

#: Not counted here: what the ledger items of the emails count, and the records of our own decisions.
NOT_COUNTED = (
    ActivityType.MAIL_OPENED, ActivityType.MAIL_CLICKED, ActivityType.MAIL_BOUNCED, ActivityType.MAIL_COMPLAINED,
    ActivityType.SEGMENT_ENTERED, ActivityType.SEGMENT_LEFT, ActivityType.SEGMENT_ADDED, ActivityType.SEGMENT_REMOVED,
    ActivityType.SCENARIO_ADVANCED, ActivityType.SCORE_ADJUSTED, ActivityType.ACTIVITY_JUDGED,
    ActivityType.CONTACT_CHANGED,
)  # fmt: skip
_NOT_COUNTED = frozenset(one.value for one in NOT_COUNTED)
_ANSWERS = frozenset(str(answer) for answer in range(11))
#: Attributes of activities that are scopes.
_DIMENSIONS = ("form", "source", "campaign", "scenario", "seminar")


def did(type_: str) -> str:
    """Counter of an activity type; `did_call_made_reached` of one with an outcome."""
    return f"did_{type_}"


def counts_of_activity(image: Image) -> Iterator[Part]:
    type_, about = str(image["type"]), image.get("about") or {}
    verdict = image.get("verdict") or about.get("verdict")
    if type_ in _NOT_COUNTED or not is_metric(did(type_)) or verdict == ActivityVerdict.UNSURE:
        return
    if verdict == ActivityVerdict.ROBOT:
        yield Part((ALL, *_scopes(about)), hour_of(str(image["at"])), {f"robot_{type_}": 1})
        return
    counts = {did(type_): 1}
    outcome = did(f"{type_}_{about.get('outcome')}")
    if about.get("outcome") and is_metric(outcome):
        counts[outcome] = 1
    yield Part((ALL, *_scopes(about)), hour_of(str(image["at"])), counts | _nps(about.get("nps")))


def _nps(answer: Any) -> dict[str, int]:
    """Counters of an answer from 0 to 10: `nps = (promoters − detractors) ÷ answers × 100`."""
    if not isinstance(answer, int | float | str) or str(answer) not in _ANSWERS:
        return {}
    group = {9: {"nps_promoters": 1}, 10: {"nps_promoters": 1}, 7: {}, 8: {}}.get(int(answer), {"nps_detractors": 1})
    return {"nps_answers": 1, **group}


def _scopes(about: dict[str, Any]) -> Iterator[str]:
    for name in _DIMENSIONS:
        if about.get(name):
            yield scope(name, about[name])
