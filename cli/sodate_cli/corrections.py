"""`sodate lead judge|adjust`: corrections are activities like any other; no number is ever edited."""

from typing import Annotated

import typer
from sodate.activities.catalog import ActivityVerdict
from sodate.scoring import correct
from sodate.scoring.rules import MOST_POINTS

from sodate_cli import output
from sodate_cli.leads import EmailArgument
from sodate_cli.operator import StageOption, explained, find_lead, now, target
from sodate_cli.output import JsonOption


def judge(
    email: EmailArgument,
    activity: Annotated[str, typer.Option("--activity", help="Its key, as `sodate lead explain --json` shows it.")],
    verdict: Annotated[ActivityVerdict, typer.Option("--as", help="Who did it.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a click (or another activity) was a robot's, or a human's after all. The score follows.

    Example: sodate lead judge taro@example.jp --activity 3f2c9a1b00d4e5f6 --as robot
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        correct.judge(lead_id, activity, verdict, now(where))
    _say({"lead": lead_id, "activity": activity, "verdict": verdict.value}, as_json)


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
        where = target(stage)
        lead_id = find_lead(email, where)
        reason = correct.adjust(lead_id, points, because, now(where))
    _say({"lead": lead_id, "points": points, "because": reason}, as_json)


def _say(document: dict[str, str | int], as_json: bool) -> None:
    if as_json:
        output.show_json(document)
    else:
        output.show_fields("Logged; the score follows in a moment", document)
