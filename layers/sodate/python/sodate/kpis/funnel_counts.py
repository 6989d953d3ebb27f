"""What the score of one lead contributes: stages of the funnel by the hour of their first reach, and the cohort.

`reached_<stage>`: in the hour in which the lead reached it. `cohort_<stage>`: in the hour in which the lead came, so
that a month tells how far the leads of that month came. `minutes_to_<stage>`: since the stage before it.
Where leads are at this moment is counted without an hour (`NOW`).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sodate.kpis.contribution import NOW, Image, Part, hour_of_minute, is_metric, scope
from sodate.kpis.email_counts import ALL
from sodate.scoring.score_state import FUNNEL

_ORIGINS = ("form", "source", "campaign")


def counts_of_score(image: Image) -> Iterator[Part]:
    state = json.loads(image["state_json"])
    scopes = (ALL, *(scope(name, state["o"][name]) for name in _ORIGINS if state.get("o", {}).get(name)))
    for minute, counts in counts_of_stages(state.get("f", [])):
        yield Part(scopes, hour_of_minute(minute), counts)
    yield Part(scopes, NOW, _now(image, state))


def counts_of_stages(minutes: Sequence[int]) -> Iterator[tuple[int, dict[str, int]]]:
    """What a lead contributes in which minute (since 1970). `minutes`: in which it first reached each stage."""
    reached = minutes[: len(FUNNEL)]
    for place, minute in enumerate(reached):
        counts = {f"reached_{FUNNEL[place]}": 1}
        if place:
            counts[f"minutes_to_{FUNNEL[place]}"] = minute - reached[place - 1]
        yield minute, counts
    if reached:
        yield reached[0], {f"cohort_{stage}": 1 for stage in FUNNEL[: len(reached)]}


def _now(image: Image, state: dict[str, Any]) -> dict[str, int]:
    counts = {f"in_stage_{image['stage']}": 1, "leads": 1}
    if is_metric(f"in_phase_{image['phase']}"):
        counts[f"in_phase_{image['phase']}"] = 1
    for number, (times, minutes) in state.get("y", {}).items():
        counts[f"stays_{int(number)}"] = int(times)
        counts[f"stay_minutes_{int(number)}"] = int(minutes)
    return counts
