"""Score explanation: points by rule, activity and date, with decay, caps, and what is missing for the next class.

The lines always add up to the totals: every change by rounding or by a cap is a value of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sodate.activities.activity import Activity
from sodate.conditions.words import in_words
from sodate.leads.lead import Profile
from sodate.scoring.behaviour_rule import faded
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.score_state import POINT, ScoreState
from sodate.scoring.view import View

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Part:
    """One activity that counted. `points` when it happened; `now` after decay, to two decimals."""

    at: datetime
    activity: str
    key: str
    about: dict[str, object]
    points: int
    now: Decimal


@dataclass(frozen=True)
class Reason:
    """One rule: its parts, then the changes by rounding and its own cap (`rounding_and_cap`) and by `group_cap`."""

    rule: str
    label: str
    category: str | None
    points: int
    times: int
    parts: tuple[Part, ...] = ()
    rounding_and_cap: Decimal = Decimal(0)
    group_cap: int = 0


@dataclass(frozen=True)
class Explanation:
    at: datetime
    view: View
    score_state: ScoreState
    reasons: tuple[Reason, ...]
    adjusted: int
    floor_or_ceiling: int
    """Points added by the floor (plus) or removed by the ceiling (minus)."""
    hot_needs: tuple[str, ...] = field(default=())
    """What is missing to become hot; empty for a hot lead."""
    phase_needs: str | None = None


def explain(engine: ScoringEngine, profile: Profile, log: Iterable[Activity], now: datetime) -> Explanation:
    counted: dict[int, list[Activity]] = {}
    score_state = engine.replay(
        profile, log, now, lambda number, activity: counted.setdefault(number, []).append(activity)
    )
    view = engine.view(score_state, score_state.now)
    reasons = []
    for line in view.lines:
        rule = engine.rules.rules[line.rule]
        parts = tuple(_part(engine, line.rule, rule.points, one, score_state.now) for one in counted.get(line.rule, ()))
        exact = sum((part.now for part in parts), Decimal(0)) if rule.is_behaviour else Decimal(line.before_caps)
        reasons.append(
            Reason(rule.id, rule.label, rule.category, line.points, line.times, parts,
                   line.before_caps - exact, line.points - line.before_caps)
        )  # fmt: skip
    adjusted = score_state.adjusted_plus + score_state.adjusted_minus
    bounded = view.total - view.overall.total
    ordered = tuple(sorted(reasons, key=lambda reason: -abs(reason.points)))
    hot, phase = _missing_for_hot(engine, score_state, view), _next_phase(engine, score_state)
    return Explanation(now, view, score_state, ordered, adjusted, bounded, hot, phase)


def _part(engine: ScoringEngine, number: int, points: int, activity: Activity, minute: int) -> Part:
    half_life = engine.compiled.half_life(number)
    left = points * POINT
    if half_life is not None:
        left = faded(left, minute - activity.minute, half_life)
    now = (Decimal(left) / POINT).quantize(_CENT)
    return Part(activity.at, activity.type, activity.key, dict(activity.about), points, now)


def _missing_for_hot(engine: ScoringEngine, score_state: ScoreState, view: View) -> tuple[str, ...]:
    hot = engine.rules.hot
    if score_state.hot:
        return ()
    missing = [f"{hot.threshold - view.total} points more"] if view.total < hot.threshold else []
    if hot.needs is not None and not engine.classifier.holds(hot.needs, score_state):
        missing.append(in_words(hot.needs))
    return tuple(missing)


def _next_phase(engine: ScoringEngine, score_state: ScoreState) -> str | None:
    later = engine.rules.phases[score_state.phase + 1 :]
    return f"{later[0].label}: {in_words(later[0].when)}" if later and later[0].when else None
