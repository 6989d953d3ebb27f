"""The signal to sales about one lead, with what explains its score."""

from collections.abc import Sequence
from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import latest_activities
from sodate.activities.verdict import by_people
from sodate.dynamodb import keys
from sodate.leads.lead import Profile
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.score_state import ScoreState
from sodate.signals.store import SignalItem, signal_item

_LATEST = 5
#: A robot that follows every link of an email must not hide what the person did before.
_READ = 30


def signal_of(
    profile: Profile, score_state: ScoreState, rules_version: int, engine: ScoringEngine, now: datetime,
    scenario: tuple[str, Sequence[str]] | None = None,
) -> SignalItem:  # fmt: skip
    """A signal to sales, with what explains the score. `scenario`: an enrollment's name and its reasons, in front."""
    cause, first = (activity_key(scenario[0]), scenario[1]) if scenario else (None, ())
    rule_set, view = engine.rules, engine.view(score_state, score_state.now)
    lines = sorted(view.lines, key=lambda line: -abs(line.points))
    scored_lines = [(rule_set.rules[line.rule], line) for line in lines if line.points]
    return signal_item(
        profile.lead_id,
        now,
        cause,
        total=view.total,
        phase=rule_set.phases[score_state.phase].id,
        phase_label=rule_set.phases[score_state.phase].label,
        rules_version=rules_version,
        reasons=[
            *({"label": reason, "points": 0, "times": 1, "category": None} for reason in first),
            *(
                {"label": rule.label, "points": line.points, "times": line.times, "category": rule.category}
                for rule, line in scored_lines
            ),
        ],
        latest=[_activity_summary(activity) for activity in _latest_of_people(profile.lead_id)],
        owner=profile.owner,
    )


def _latest_of_people(lead_id: str) -> list[Activity]:
    """Newest first; what robots did is no news for sales."""
    latest = latest_activities(lead_id, _READ)
    return by_people(reversed(latest))[: -_LATEST - 1 : -1]


def _activity_summary(activity: Activity) -> dict[str, object]:
    return {"type": activity.type, "at": keys.stamp(activity.at), **activity.about}
