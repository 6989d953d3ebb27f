"""How often a behaviour rule counts and what its points have decayed to. Pure; one activity at a time."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sodate.conditions.evaluate import matcher
from sodate.conditions.language import ActivityTest
from sodate.scoring.rules import Per, RuleSet, ScoreRule
from sodate.scoring.score_state import POINT, RuleState

DAY = 24 * 60
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_HALF = POINT // 2


class BehaviourRule:
    """One behaviour rule, compiled. Durations are minutes, points are millionths."""

    __slots__ = (
        "absence", "activity", "category", "group", "half_life", "matches", "max_times", "most", "number", "per_times",
        "period_of", "points", "times", "within",
    )  # fmt: skip

    def __init__(self, number: int, rule: ScoreRule, test: ActivityTest, rules: RuleSet) -> None:
        groups = {group.id: group for group in rules.groups}
        fades = rule.half_life_days
        if fades is None and rule.group is not None and rule.points > 0:
            fades = groups[rule.group].half_life_days
        self.number = number
        self.points = rule.points * POINT
        self.activity = test.activity.value
        self.matches = matcher(test)
        self.half_life = fades * DAY if fades is not None else None
        self.most = rule.max_points
        self.max_times = rule.max_times
        self.absence = rule.after_absence_days * DAY if rule.after_absence_days is not None else None
        self.times = test.times
        self.within = (test.within_days or 0) * DAY
        self.period_of = _period(rule.per, rules.time_zone) if rule.per else None
        self.per_times = rule.per.times if rule.per else 0
        self.category = rule.category
        self.group = rule.group

    def count(self, rule_state: RuleState, minute: int, seen: int) -> bool:
        """Whether the activity counted. `seen`: minute of the lead's previous activity, 0 for none."""
        if self.absence is not None and (not seen or minute - seen < self.absence):
            return False
        if self.times > 1 and not self._often_enough(rule_state, minute):
            return False
        if self.max_times is not None and rule_state.times >= self.max_times:
            return False
        if self.period_of is not None:
            period = self.period_of(minute)
            if period != rule_state.period:
                rule_state.period, rule_state.in_period = period, 0
            if rule_state.in_period >= self.per_times:
                return False
            rule_state.in_period += 1
        rule_state.times += 1
        if self.half_life is not None:
            rule_state.points = faded(rule_state.points, minute - rule_state.at, self.half_life) + self.points
            rule_state.at = minute
        else:
            rule_state.points += self.points
        return True

    def _often_enough(self, rule_state: RuleState, minute: int) -> bool:
        recent = [at for at in rule_state.recent if minute - at < self.within]
        recent.append(minute)
        rule_state.recent = [] if len(recent) >= self.times else recent
        return len(recent) >= self.times

    def worth(self, rule_state: RuleState, minute: int) -> int:
        """Whole points at that minute, within the rule's own cap."""
        points = rule_state.points
        if self.half_life is not None and minute > rule_state.at:
            points = int(
                points * 2.0 ** ((rule_state.at - minute) / self.half_life)
            )  # `faded`, inlined on the hot path
        whole = (points + _HALF) // POINT
        if self.most is not None and abs(whole) > self.most:
            return self.most if whole > 0 else -self.most
        return whole

    def gone_after(self, rule_state: RuleState, minute: int) -> int:
        """The first minute at which the rule's decayed points round to zero."""
        if self.half_life is None or rule_state.points <= 0:
            return minute
        halves = max(0, (2 * rule_state.points // POINT).bit_length() + 1)
        return max(minute, rule_state.at + int(halves * self.half_life) + 1)


def faded(points: int, minutes: int, half_life: float) -> int:
    if not points or minutes <= 0:
        return points
    return int(points * 2.0 ** (-minutes / half_life))


def _period(per: Per, time_zone: str) -> Callable[[int], int]:
    """A function from minute to an increasing number of the day, week or month in `time_zone`."""
    zone_info = ZoneInfo(time_zone)

    @lru_cache(maxsize=4096)
    def day_of_quarter(quarter: int) -> int:  # every UTC offset is a multiple of 15 minutes
        return datetime.fromtimestamp(quarter * 900, UTC).astimezone(zone_info).toordinal() - _EPOCH_DAY

    def day(minute: int) -> int:
        return day_of_quarter(minute // 15) + 1

    def week(minute: int) -> int:
        return (day(minute) + 2) // 7 + 1  # 1970-01-01 was a Thursday

    def month(minute: int) -> int:
        at = date.fromordinal(day(minute) - 1 + _EPOCH_DAY)
        return at.year * 12 + at.month

    return {"day": day, "week": week, "month": month}[per.period]
