"""Evaluates conditions for one lead at one minute, and finds the minutes at which an answer changes by time. Pure."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, singledispatch
from typing import Protocol
from zoneinfo import ZoneInfo

from sodate.conditions.evaluate import attribute_holds, date_of, evaluate, random_bucket
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
from sodate.facts.lead_facts import LeadFacts
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile

DAY = 24 * 60
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Scored(Protocol):
    """The lead's score, as of any minute from its last change on."""

    @property
    def rank(self) -> str: ...

    @property
    def phase(self) -> str: ...

    @property
    def stage(self) -> str: ...

    def holds(self, test: ScoreTest, minute: int) -> bool: ...

    def changes(self, test: ScoreTest, minute: int) -> int | None:
        """The first minute after `minute` at which the answer changes by decay alone; None: never."""


@dataclass(frozen=True)
class Sources:
    """Where the answers come from. Each is read on first use: most conditions ask for one or two of them."""

    profile: Callable[[], Profile]
    contact: Callable[[], ContactState]
    scored: Callable[[], Scored]


@dataclass(frozen=True)
class LeadView:
    """One lead at one minute (since 1970). `members`: the segments that it is in. `country`: of public holidays."""

    lead_id: str
    facts: LeadFacts
    members: Collection[str]
    minute: int
    sources: Sources
    time_zone: str
    country: str

    def holds(self, condition: Condition) -> bool:
        return evaluate(condition, lambda test: _answer(test, self))

    @cached_property
    def zone(self) -> ZoneInfo:
        """The lead's time zone; the playbook's when it is not known."""
        return ZoneInfo(self.sources.contact().zone or self.time_zone)

    @cached_property
    def today(self) -> date:
        return datetime.fromtimestamp(self.minute * 60, UTC).astimezone(self.zone).date()

    def changes(self, condition: Condition) -> Iterator[int]:
        """Every later minute at which a predicate of the condition changes by time alone, in no order."""
        for test in tests(condition):
            yield from (minute for minute in _changes(test, self) if minute > self.minute)


@singledispatch
def _answer(test: Test, view: LeadView) -> bool:
    raise TypeError(f"there is no answer for {type(test).__name__}")


@_answer.register
def _(test: ActivityTest, view: LeadView) -> bool:
    matches = view.facts.matches.get(predicate_key(test))
    if matches is None or len(matches.latest) < test.times:
        return False
    if test.first_within_days is not None and view.minute - matches.first >= test.first_within_days * DAY:
        return False
    return test.within_days is None or view.minute - matches.latest[-test.times] < test.within_days * DAY


@_answer.register
def _(test: AttributeTest, view: LeadView) -> bool:
    today = view.today if test.in_days is not None else None
    return attribute_holds(test, view.sources.profile().attribute(test.attribute), today)


@_answer.register
def _(test: Inactive, view: LeadView) -> bool:
    return bool(view.facts.seen) and view.minute - view.facts.seen >= test.inactive_for_days * DAY


@_answer.register
def _(test: ConsentTest, view: LeadView) -> bool:
    return view.sources.contact().topics.get(test.consent, "none") == test.state


@_answer.register
def _(test: BlockedTest, view: LeadView) -> bool:
    return (view.sources.contact().blocked is not None) == test.blocked


@_answer.register
def _(test: ScoreTest, view: LeadView) -> bool:
    return view.sources.scored().holds(test, view.minute)


@_answer.register
def _(test: RankTest, view: LeadView) -> bool:
    return view.sources.scored().rank in test.rank


@_answer.register
def _(test: PhaseTest, view: LeadView) -> bool:
    return view.sources.scored().phase in test.phase


@_answer.register
def _(test: StageTest, view: LeadView) -> bool:
    return view.sources.scored().stage in test.stage


@_answer.register
def _(test: SegmentTest, view: LeadView) -> bool:
    return test.segment in view.members


@_answer.register
def _(test: WeekdayTest, view: LeadView) -> bool:
    return _WEEKDAYS[view.today.weekday()] in test.weekday


@_answer.register
def _(test: HolidayTest, view: LeadView) -> bool:
    return is_holiday(view.today, view.country) == test.holiday


@_answer.register
def _(test: BucketTest, view: LeadView) -> bool:
    return test.includes(random_bucket(test.bucket, view.lead_id))


@singledispatch
def _changes(test: Test, view: LeadView) -> Iterator[int]:
    """Most answers change with an activity only. Rank, phase and stage change with the score, whose own due entry
    starts an evaluation.
    """
    return iter(())


@_changes.register
def _(test: ActivityTest, view: LeadView) -> Iterator[int]:
    matches = view.facts.matches.get(predicate_key(test))
    if matches is None:
        return
    if test.first_within_days is not None:
        yield matches.first + test.first_within_days * DAY
    if test.within_days is not None and len(matches.latest) >= test.times:
        yield matches.latest[-test.times] + test.within_days * DAY


@_changes.register
def _(test: AttributeTest, view: LeadView) -> Iterator[int]:
    """A date is in the range from `less_than` - 1 days before it to `at_least` days before it, both included."""
    if test.in_days is None:
        return
    value = view.sources.profile().attribute(test.attribute)
    for day in map(date_of, value if isinstance(value, list) else [value]):
        for days in (test.in_days.at_least, test.in_days.less_than):
            if day is not None and days is not None:
                yield from _midnight(view, day, 1 - days)


@_changes.register
def _(test: Inactive, view: LeadView) -> Iterator[int]:
    if view.facts.seen:
        yield view.facts.seen + test.inactive_for_days * DAY


@_changes.register
def _(test: ScoreTest, view: LeadView) -> Iterator[int]:
    change = view.sources.scored().changes(test, view.minute)
    if change is not None:
        yield change


@_changes.register(WeekdayTest)
@_changes.register(HolidayTest)
def _(test: WeekdayTest | HolidayTest, view: LeadView) -> Iterator[int]:
    return _midnight(view, view.today, 1)


def _midnight(view: LeadView, day: date, later: int) -> Iterator[int]:
    """The minute at which the local date becomes `day` + `later`; nothing for a year that has no date."""
    try:
        begin = datetime.combine(day + timedelta(days=later), time.min, view.zone)
    except OverflowError:
        return
    yield -int(-begin.timestamp() // 60)
