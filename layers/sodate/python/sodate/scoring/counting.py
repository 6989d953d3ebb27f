"""How often a behaviour rule counts, and what its points have faded to. Pure, one activity at a time."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sodate.conditions.evaluate import matcher
from sodate.conditions.language import ActivityTest
from sodate.scoring.memory import POINT, Counted
from sodate.scoring.rules import Per, RuleSet, ScoreRule

DAY = 24 * 60
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_HALF = POINT // 2


class Counting:
    """A behaviour rule, prepared."""

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
        self.activity = test.activity
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

    def count(self, held: Counted, minute: int, seen: int) -> bool:
        """Whether it counted. `seen`: the minute of whatever the lead did before, 0 for nothing."""
        if self.absence is not None and (not seen or minute - seen < self.absence):
            return False
        if self.times > 1 and not self._often_enough(held, minute):
            return False
        if self.max_times is not None and held.times >= self.max_times:
            return False
        if self.period_of is not None:
            period = self.period_of(minute)
            if period != held.period:
                held.period, held.in_period = period, 0
            if held.in_period >= self.per_times:
                return False
            held.in_period += 1
        held.times += 1
        if self.half_life is not None:
            held.points = faded(held.points, minute - held.at, self.half_life) + self.points
            held.at = minute
        else:
            held.points += self.points
        return True

    def _often_enough(self, held: Counted, minute: int) -> bool:
        recent = [at for at in held.recent if minute - at < self.within]
        recent.append(minute)
        held.recent = [] if len(recent) >= self.times else recent
        return len(recent) >= self.times

    def worth(self, held: Counted, minute: int) -> int:
        """Whole points at that minute, within the rule's own cap."""
        points = held.points
        if self.half_life is not None and minute > held.at:
            points = int(points * 2.0 ** ((held.at - minute) / self.half_life))  # as `faded`, in a hurry
        found = (points + _HALF) // POINT
        if self.most is not None and abs(found) > self.most:
            return self.most if found > 0 else -self.most
        return found

    def gone_after(self, held: Counted, minute: int) -> int:
        """The first minute at which nothing is left of it, even if that is long ahead."""
        if self.half_life is None or held.points <= 0:
            return minute
        halves = max(0, (2 * held.points // POINT).bit_length() + 1)
        return max(minute, held.at + int(halves * self.half_life) + 1)


def faded(points: int, minutes: int, half_life: float) -> int:
    if not points or minutes <= 0:
        return points
    return int(points * 2.0 ** (-minutes / half_life))


def _period(per: Per, zone: str) -> Callable[[int], int]:
    """Days, weeks and months by the calendar of the zone, as numbers that grow."""
    where = ZoneInfo(zone)

    @lru_cache(maxsize=4096)
    def day_of_quarter(quarter: int) -> int:  # every zone's offset is a whole number of quarters of an hour
        return datetime.fromtimestamp(quarter * 900, UTC).astimezone(where).toordinal() - _EPOCH_DAY

    def day(minute: int) -> int:
        return day_of_quarter(minute // 15) + 1

    def week(minute: int) -> int:
        return (day(minute) + 2) // 7 + 1  # 1970-01-01 was a Thursday

    def month(minute: int) -> int:
        at = date.fromordinal(day(minute) - 1 + _EPOCH_DAY)
        return at.year * 12 + at.month

    return {"day": day, "week": week, "month": month}[per.period]
