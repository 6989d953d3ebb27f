"""Whether a lead had the success that an experiment measures: from the activities of its log. Pure.

Clicks count for people only: an activity that was judged to be a robot's (`activity_judged`) does not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.conditions.evaluate import matcher
from sodate.experiments.experiment import Experiment
from sodate.facts.fold import robots_in


@dataclass(frozen=True)
class Window:
    """A success counts from `begin` on, before `end`. `send`: for clicks, the id of the send; None: of any email."""

    begin: datetime
    end: datetime
    send: str | None = None


@dataclass(frozen=True)
class Success:
    """`by_robot`: the only reason why it is none."""

    is_one: bool
    by_robot: bool = False


def success_in(log: Iterable[Activity], experiment: Experiment, window: Window) -> Success:
    """`log`: in order, at least of the window and of what came after it."""
    log = list(log)
    robots = robots_in(log)
    matching = [
        one.key for one in log if window.begin <= one.at < window.end and _is_success(one, experiment, window.send)
    ]
    by_people = [key for key in matching if key not in robots]
    return Success(bool(by_people), bool(matching) and not by_people)


def _is_success(activity: Activity, experiment: Experiment, send: str | None) -> bool:
    if experiment.metric == "click":
        return activity.type == ActivityType.MAIL_CLICKED and send in (None, activity.about.get("send"))
    if experiment.conversion is None:
        return activity.type == ActivityType.MEETING_SET
    matches = matcher(experiment.conversion)
    return activity.type == experiment.conversion.activity and (matches is None or matches(activity.about))
