"""What the whole log of one lead says at one minute: facts and segments, counted anew, without production's fold.

The score is production's replay of the whole log (`tests/unit/scoring` compares it with its increments); everything
else is counted here, activity by activity.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.conditions.evaluate import attribute_holds, evaluate, random_bucket
from sodate.conditions.language import (
    ActivityTest,
    AttributeTest,
    BlockedTest,
    BucketTest,
    Condition,
    ConsentTest,
    HolidayTest,
    Inactive,
    PhaseTest,
    RankTest,
    ScoreTest,
    SegmentTest,
    StageTest,
    Test,
    WeekdayTest,
    tests,
)
from sodate.email.eligibility.days import is_holiday
from sodate.facts.fold import predicate_key
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.score_state import ScoreState
from sodate.scoring.view import reader_of
from sodate.segments.segment import SegmentSet

_DAY = 24 * 60
_NO_ENGAGEMENT = {type_.value for type_ in ActivityType if not type_.is_engagement}
_EQUAL = ("form", "template", "sequence", "product", "seminar", "outcome")


@dataclass(frozen=True)
class FromScratch:
    """`log`: in any order, with repeats. `minute`: since 1970."""

    profile: Profile
    contact: ContactState
    log: Iterable[Activity]
    definitions: SegmentSet
    engine: ScoringEngine
    minute: int

    @cached_property
    def counting(self) -> list[Activity]:
        """Each activity once, in the order of the log, without what a robot did by the last verdict on it."""
        ordered = sorted({one.position: one for one in self.log}.values(), key=lambda one: one.position)
        own = {
            one.key: one.about["verdict"] for one in ordered if one.type != "activity_judged" and "verdict" in one.about
        }
        later = {one.about["of"]: one.about["verdict"] for one in ordered if one.type == "activity_judged"}
        verdicts = own | later
        return [one for one in ordered if verdicts.get(one.key) not in ("robot", "unsure")]

    @cached_property
    def score(self) -> ScoreState:
        return self.engine.replay(self.profile, self.log, datetime.fromtimestamp(self.minute * 60, UTC))

    @cached_property
    def members(self) -> set[str]:
        return {segment.id for segment in self.definitions.segments if self._is_member(segment.id)}

    @cached_property
    def added(self) -> set[str]:
        """Lists that the lead was put on, and not taken off since."""
        kinds = {"segment_added": True, "segment_removed": False}
        last = {one.about["segment"]: kinds[one.type] for one in self.counting if one.type in kinds}
        return {segment for segment, is_on in last.items() if is_on}

    @cached_property
    def seen(self) -> int:
        return max((one.minute for one in self.counting if one.type not in _NO_ENGAGEMENT), default=0)

    @cached_property
    def asks_for_last_activity(self) -> bool:
        return any(isinstance(test, Inactive) for test in self._tests)

    @property
    def matches(self) -> Mapping[str, list[int]]:
        """By predicate: the minutes of the first match and of as many of the latest as any condition counts."""
        found: dict[str, list[int]] = {}
        for test in (one for one in self._tests if isinstance(one, ActivityTest)):
            key, minutes = predicate_key(test), self._minutes(test)
            if minutes:
                kept = minutes[-test.times :]
                found[key] = max(found.get(key, []), [minutes[0], *kept], key=len)
        return found

    def holds(self, condition: Condition) -> bool:
        return evaluate(condition, self._answer)

    @property
    def _tests(self) -> Iterable[Test]:
        return (test for segment in self.definitions.segments if segment.when for test in tests(segment.when))

    def _is_member(self, segment_id: str) -> bool:
        segment = next(one for one in self.definitions.segments if one.id == segment_id)
        return segment_id in self.added if segment.when is None else self.holds(segment.when)

    def _answer(self, test: Test) -> bool:  # noqa: C901  a line for each kind of predicate
        match test:
            case ActivityTest():
                return self._happened(test)
            case Inactive(inactive_for_days=days):
                return self.seen > 0 and self.minute - self.seen >= days * _DAY
            case AttributeTest():
                return attribute_holds(test, self.profile.attribute(test.attribute), self._today)
            case ScoreTest():
                return test.includes(reader_of(test)(self.engine.view(self.score, self.minute)))
            case RankTest(rank=ranks):
                return self.score.rank.value in ranks
            case PhaseTest(phase=phases):
                return self.engine.rules.phases[self.score.phase].id in phases
            case StageTest(stage=stages):
                return self.score.stage in stages
            case ConsentTest():
                return self.contact.topics.get(test.consent, "none") == test.state
            case BlockedTest():
                return test.blocked == (self.contact.blocked is not None)
            case SegmentTest(segment=segment):
                return self._is_member(segment)
            case WeekdayTest(weekday=days):
                return self._today.strftime("%a").lower() in days
            case HolidayTest(holiday=holiday):
                return is_holiday(self._today, self.definitions.calendar) == holiday
            case BucketTest(bucket=name):
                return test.includes(random_bucket(name, self.profile.lead_id))

    def _happened(self, test: ActivityTest) -> bool:
        minutes = self._minutes(test)
        if test.first_within_days is not None and (
            not minutes or self.minute - minutes[0] >= test.first_within_days * _DAY
        ):
            return False
        window = None if test.within_days is None else test.within_days * _DAY
        return sum(window is None or self.minute - minute < window for minute in minutes) >= test.times

    def _minutes(self, test: ActivityTest) -> list[int]:
        return [one.minute for one in self.counting if one.type == test.activity and _is_meant(test, one.about)]

    @cached_property
    def _today(self) -> date:
        zone = ZoneInfo(self.contact.zone or self.definitions.time_zone)
        return datetime.fromtimestamp(self.minute * 60, zone).date()


def _is_meant(test: ActivityTest, about: Mapping[str, Any]) -> bool:
    is_equal = all(getattr(test, name) in (None, about.get(name)) for name in _EQUAL)
    is_link = test.link_contains is None or test.link_contains in str(about.get("link", ""))
    return is_equal and is_link and (test.page is None or fnmatchcase(str(about.get("page", "")), test.page))
