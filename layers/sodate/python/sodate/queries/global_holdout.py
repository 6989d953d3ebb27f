"""What all marketing email causes: leads of a segment that get it, against those of the global holdout. Reads only."""

from datetime import datetime, timedelta

from sodate.activities.catalog import ActivityType
from sodate.activities.store import activities_since
from sodate.conditions.language import ActivityTest
from sodate.email.mailing import Mailing
from sodate.errors import Conflict
from sodate.experiments.analysis import Analysis, analysis_of
from sodate.experiments.decision import Arms, ExperimentName
from sodate.experiments.experiment import Experiment
from sodate.experiments.intervals import Count
from sodate.experiments.look import Look
from sodate.experiments.success import Window, success_in, success_of
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.segments.store import members

EMAILED, KEPT_OUT = "emailed", "kept_out"
_PAGE = 250


def analyze(definitions: Definitions, segment: str, activity: ActivityType, days: int, now: datetime) -> Analysis:
    """Members with this activity in the last `days`: one query of the log per member.

    Raises: `Conflict` when there is no global holdout, or the segment has no members.
    """
    share = parsed(definitions.live("mailing"), Mailing).global_holdout
    if not share:
        raise Conflict(Message("there is no global holdout: write `global_holdout: 5` into playbook.yaml and apply it"))
    experiment, look = _experiment(activity, days), Look(now, timedelta(days=days))
    mailing, is_success = parsed(definitions.live("mailing"), Mailing), success_of(experiment)
    window, cursor = Window(now - look.exposure, now), None
    while True:
        page, cursor = members(segment, cursor, _PAGE)
        for member in page:
            success = success_in(activities_since(member.lead_id, window.begin), is_success, window)
            arm = KEPT_OUT if mailing.is_kept_out(member.lead_id) else EMAILED
            look = look.counted(arm, Count(1, int(success.is_one)), int(success.by_robot), 0)
        if cursor is None:
            break
    if not look.leads:
        raise Conflict(
            Message(
                "segment {segment!r} has no members; `sodate segment list` shows how many each has", segment=segment
            )
        )
    arms = Arms({EMAILED: 100 - share, KEPT_OUT: share}, KEPT_OUT)
    name = ExperimentName("scenario", "global-holdout", segment)
    return analysis_of(name, experiment, arms, look, at_horizon=False)


def _experiment(activity: ActivityType, days: int) -> Experiment:
    """It is looked at again and again, so its interval is always valid."""
    hours = days * 24
    if activity is ActivityType.MEETING_SET:
        return Experiment(metric="meeting", decide_after_hours=hours, always_valid=True)
    test = ActivityTest(activity=activity)
    return Experiment(metric="conversion", conversion=test, decide_after_hours=hours, always_valid=True)
