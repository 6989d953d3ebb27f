"""Who did an activity, a person or a robot: the one place that says which activities of a log count. Pure.

Opens and clicks carry the classifier's verdict in `about` (`verdict` and `because`; none: a person's). A later
`activity_judged`, by the classifier or by an operator, overrides it; the last one counts. What a robot did, and what
nobody can tell, gives no points, no facts, no success of an experiment and no figure of people, and triggers nothing.
"""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType, ActivityVerdict

_JUDGED = ActivityType.ACTIVITY_JUDGED.value
#: Plain text, because activities are read as they are stored.
_NOT_A_PERSON = frozenset({ActivityVerdict.ROBOT.value, ActivityVerdict.UNSURE.value})


def is_by_person(activity: Activity) -> bool:
    """Whether the activity counted when it was logged. A verdict that came later is not in it: see `robots_in`."""
    return counts(activity.type, activity.about)


def counts(activity_type: str, about: Mapping[str, Any]) -> bool:
    """`is_by_person`, of the parts of an activity."""
    return activity_type == _JUDGED or about.get("verdict") not in _NOT_A_PERSON


def verdicts_of(log: Iterable[Activity]) -> dict[str, str]:
    """Verdict by key of the activity, of those that have one. The log must be in order."""
    own, judged = dict[str, str](), dict[str, str]()
    for one in log:
        if one.type == _JUDGED:
            judged[str(one.about.get("of"))] = str(one.about.get("verdict"))
        elif "verdict" in one.about:
            own[one.key] = str(one.about["verdict"])
    return own | judged


def robots_in(log: Iterable[Activity]) -> set[str]:
    """Keys of activities that no person did, as far as is known. The log must be in order."""
    return {key for key, verdict in verdicts_of(log).items() if verdict in _NOT_A_PERSON}


def by_people(log: Iterable[Activity]) -> list[Activity]:
    """The activities that count. The log must be in order."""
    log = list(log)
    robots = robots_in(log)
    return [one for one in log if one.key not in robots]


def worth_folding(log: Iterable[Activity], robots: Set[str]) -> list[Activity]:
    """Without those that were a robot's from the first: a fold never sees them, in a replay as in the stream."""
    return [one for one in log if one.key not in robots or is_by_person(one)]
