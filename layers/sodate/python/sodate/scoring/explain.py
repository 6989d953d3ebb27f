"""Why a score is what it is: every point with its rule, activity and date, what faded, what caps took, what is missing.

The lines of an explanation add up to the totals, always: what rounding or a cap changes is a line of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sodate.activities.activity import Activity
from sodate.conditions.words import in_words
from sodate.leads.lead import Profile
from sodate.scoring.counting import faded
from sodate.scoring.fold import Fold
from sodate.scoring.memory import POINT, Memory
from sodate.scoring.view import View

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Part:
    """One activity that counted. `now`: what is left of `points`."""

    at: datetime
    activity: str
    key: str
    about: dict[str, object]
    points: int
    now: Decimal


@dataclass(frozen=True)
class Reason:
    """One rule: its parts, then what rounding and the rule's own cap (`rounding_and_cap`) and its group's cap took."""

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
    memory: Memory
    reasons: tuple[Reason, ...]
    adjusted: int
    floor_or_ceiling: int
    """What the floor gave or the ceiling took."""
    hot_needs: tuple[str, ...] = field(default=())
    """What is missing to be hot; nothing for whoever is."""
    phase_needs: str | None = None


def explain(fold: Fold, profile: Profile, log: Iterable[Activity], now: datetime) -> Explanation:
    counted: dict[int, list[Activity]] = {}
    memory = fold.replay(profile, log, now, lambda number, activity: counted.setdefault(number, []).append(activity))
    view = fold.view(memory, memory.now)
    reasons = []
    for line in view.lines:
        rule = fold.rules.rules[line.rule]
        parts = tuple(_part(fold, line.rule, rule.points, one, memory.now) for one in counted.get(line.rule, ()))
        exact = sum((part.now for part in parts), Decimal(0)) if rule.is_behaviour else Decimal(line.before_caps)
        reasons.append(
            Reason(rule.id, rule.label, rule.category, line.points, line.times, parts,
                   line.before_caps - exact, line.points - line.before_caps)
        )  # fmt: skip
    adjusted = memory.adjusted_plus + memory.adjusted_minus
    bounded = view.total - view.overall.total
    ordered = tuple(sorted(reasons, key=lambda reason: -abs(reason.points)))
    hot, phase = _missing_for_hot(fold, memory, view), _next_phase(fold, memory)
    return Explanation(now, view, memory, ordered, adjusted, bounded, hot, phase)


def _part(fold: Fold, number: int, points: int, activity: Activity, minute: int) -> Part:
    half_life = fold.half_life(number)
    left = points * POINT
    if half_life is not None:
        left = faded(left, minute - activity.minute, half_life)
    now = (Decimal(left) / POINT).quantize(_CENT)
    return Part(activity.at, activity.type, activity.key, dict(activity.about), points, now)


def _missing_for_hot(fold: Fold, memory: Memory, view: View) -> tuple[str, ...]:
    hot = fold.rules.hot
    if memory.hot:
        return ()
    found = [f"{hot.threshold - view.total} points more"] if view.total < hot.threshold else []
    if hot.needs is not None and not fold.holds(hot.needs, memory):
        found.append(in_words(hot.needs))
    return tuple(found)


def _next_phase(fold: Fold, memory: Memory) -> str | None:
    later = fold.rules.phases[memory.phase + 1 :]
    return f"{later[0].label}: {in_words(later[0].when)}" if later and later[0].when else None
