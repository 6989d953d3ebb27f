"""Whether a lead had the success that an experiment measures: from the activities of its log. Pure.

Clicks count for people only (`activities.verdict`): what a robot did, or nobody can tell of, does not.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.activities.verdict import robots_in
from sodate.conditions.evaluate import matcher
from sodate.conditions.language import ActivityTest
from sodate.experiments.experiment import Experiment

IsSuccess = Callable[[Activity], bool]


@dataclass(frozen=True)
class Window:
    """A success counts from `begin` on, before `end`."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Success:
    """`by_robot`: the only reason why it is none."""

    is_one: bool
    by_robot: bool = False


def success_in(log: Iterable[Activity], is_success: IsSuccess, window: Window) -> Success:
    """`log`: in order, at least of the window and of what came after it."""
    log = list(log)
    robots = robots_in(log)
    matching = [one.key for one in log if window.begin <= one.at < window.end and is_success(one)]
    by_people = [key for key in matching if key not in robots]
    return Success(bool(by_people), bool(matching) and not by_people)


def success_of(experiment: Experiment, **email: str) -> IsSuccess:
    """`email`: what a click must be about, for example the `send` or the `sequence` of the email."""
    if experiment.metric == "click":
        return lambda one: one.type == ActivityType.MAIL_CLICKED and _is_about(one, email)
    if experiment.conversion is not None:
        return _did(experiment.conversion)
    return lambda one: one.type == ActivityType.MEETING_SET


def goal_reached(scenario: str, goal: str) -> IsSuccess:
    about = {"scenario": scenario, "reason": goal}
    return lambda one: one.type == ActivityType.GOAL_REACHED and _is_about(one, about)


def _did(test: ActivityTest) -> IsSuccess:
    matches = matcher(test)
    return lambda one: one.type == test.activity and (matches is None or matches(one.about))


def _is_about(activity: Activity, wanted: dict[str, str]) -> bool:
    return all(activity.about.get(name) == value for name, value in wanted.items())
