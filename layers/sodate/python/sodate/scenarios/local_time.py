"""From a local day and time of day to an instant, across clock changes; days in order. Pure.

Waits, recurrences and sequences use these functions. They differ in one point: what happens when a clock change skips
the local time (`first_valid`, `pep_495_instant`).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Union, get_args
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from sodate.email.eligibility.days import next_business_day

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
#: In the order of `date.weekday()`.
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def _as_list(value: Any) -> Any:
    return value if value is None or isinstance(value, list | tuple) else (value,)


def one_or_more(item: Any) -> BeforeValidator:
    """A single value may be written without a list; the JSON Schema says so too. `item`: the type of one value."""
    return BeforeValidator(_as_list, json_schema_input_type=Union[item, tuple[item, ...]])  # noqa: UP007


Weekdays = Annotated[tuple[Weekday, ...], one_or_more(Weekday), Field(min_length=1, max_length=7)]


def pep_495_instant(day: date, at: time, time_zone: ZoneInfo) -> datetime:
    """UTC instant at which the local clock shows `at` on `day`; when it shows it twice, `at.fold` chooses (0: first).

    A local time that a clock change skips is interpreted with the offset before the change (fold 0).
    """
    return datetime.combine(day, at, time_zone).astimezone(UTC)


def first_valid(day: date, at: time, time_zone: ZoneInfo) -> datetime:
    """UTC instant at which the local clock shows `at` on `day`; the first one when it shows it twice.

    When a clock change skips that local time, the result is the instant of the change: the first valid one after it.
    """
    first, second = (pep_495_instant(day, at.replace(fold=fold), time_zone) for fold in (0, 1))
    return first if first <= second else _clock_change(second, first, time_zone)


def _clock_change(before: datetime, after: datetime, time_zone: ZoneInfo) -> datetime:
    """The clock change between two instants. Clock changes occur at whole seconds."""
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    old = _offset(before, time_zone)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        before, after = (middle, after) if _offset(middle, time_zone) == old else (before, middle)
    return after


def _offset(at: datetime, time_zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(time_zone).utcoffset()


def first_not_before(earliest: datetime, days: Iterable[date], instant_of: Callable[[date], datetime]) -> datetime:
    """The instant of the first of `days` that is not before `earliest`; `days` are in order and never end."""
    return next(instant for instant in map(instant_of, days) if instant >= earliest)


def days_from(day: date) -> Iterator[date]:
    while True:
        yield day
        day += _DAY


def business_days_from(day: date, country: str, closing: tuple[str, ...]) -> Iterator[date]:
    while True:
        day = next_business_day(day, country, closing)
        yield day
        day += _DAY


def nearest_open_day(day: date, direction: Literal["before", "after"], is_open: Callable[[date], bool]) -> date:
    """`day` itself when it is open, otherwise the nearest open day before or after it."""
    step = _DAY if direction == "after" else -_DAY
    while not is_open(day):
        day += step
    return day
