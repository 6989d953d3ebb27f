"""`sodate lead judge|adjust`: corrections are activities like any other; no number is ever edited."""

from typing import Annotated, Literal

import typer
from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activities_of, activity_item
from sodate.dynamodb import base, keys
from sodate.dynamodb.base import ConditionFailed
from sodate.errors import Invalid, NotFound
from sodate.leads.text import one_line
from sodate.scoring.rules import MOST_POINTS

from sodate_cli import output
from sodate_cli.leads import EmailArgument
from sodate_cli.operator import StageOption, explained, find_lead, now, target
from sodate_cli.output import JsonOption
from sodate_cli.target import Target

_JUDGED = tuple(type_.value for type_ in ActivityType if type_.by_robots)


def judge(
    email: EmailArgument,
    activity: Annotated[str, typer.Option("--activity", help="Its key, as `sodate lead explain --json` shows it.")],
    verdict: Annotated[Literal["robot", "human"], typer.Option("--as", help="Who did it.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a click (or another activity) was a robot's, or a human's after all. The score follows.

    Example: sodate lead judge taro@example.jp --activity 3f2c9a1b00d4e5f6 --as robot
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        match = next((one for one in activities_of(lead_id) if one.key == activity), None)
        if match is None:
            raise NotFound(f"{email} has no activity {activity}; `sodate lead explain {email} --json` lists them")
        if match.type not in _JUDGED:
            raise Invalid(f"{match.type} is nothing that a robot does; only {', '.join(_JUDGED)} can be judged")
        _log(lead_id, ActivityType.ACTIVITY_JUDGED, {"of": activity, "verdict": verdict}, where)
    _say({"lead": lead_id, "activity": activity, "verdict": verdict}, as_json)


def adjust(
    email: EmailArgument,
    points: Annotated[int, typer.Option("--points", min=-MOST_POINTS, max=MOST_POINTS, help="To add, or to take.")],
    because: Annotated[str, typer.Option("--because", help="The reason, for `explain`; no personal data.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give or take points for what the log cannot know. It is an activity with a reason.

    Example: sodate lead adjust taro@example.jp --points 20 --because "met at the fair"
    """
    with explained():
        reason = one_line(because)[:200]
        if not points or not reason:
            raise Invalid("--points must not be 0, and --because must say something")
        where = target(stage)
        lead_id = find_lead(email, where)
        _log(lead_id, ActivityType.SCORE_ADJUSTED, {"points": points, "reason": reason}, where)
    _say({"lead": lead_id, "points": points, "because": reason}, as_json)


def _log(lead_id: str, type_: ActivityType, about: dict[str, str | int], where: Target) -> None:
    at = now(where)
    key = activity_key(type_, keys.stamp(at), *(str(value) for value in about.values()))
    try:
        base.put_new(activity_item(Activity(lead_id, type_.value, at, key, about)))
    except ConditionFailed:
        return  # said in the same millisecond already


def _say(document: dict[str, str | int], as_json: bool) -> None:
    if as_json:
        output.show_json(document)
    else:
        output.show_fields("Logged; the score follows in a moment", document)
