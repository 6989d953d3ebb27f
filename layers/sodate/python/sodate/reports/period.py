"""The period of a report, as people write it: whole days in the stage's time zone. Pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from sodate.errors import Invalid
from sodate.kpis.period import MOST_DAYS
from sodate.messages import Message
from sodate.reports.document import Period

#: Without any option: so many days, the last of them today.
DEFAULT_DAYS = 30
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_QUARTER = re.compile(r"(\d{4})-[Qq]([1-4])")


@dataclass(frozen=True)
class Wanted:
    """The options. `month`: `2026-11`; `quarter`: of the calendar, `2026-Q4`; `first` and `last`: `2026-11-24`."""

    first: str | None = None
    last: str | None = None
    month: str | None = None
    quarter: str | None = None


def chosen(wanted: Wanted, today: date, time_zone: str) -> Period:
    """Raises: `Invalid` for options that contradict each other, and for what is no day, month or quarter."""
    given = [name for name in ("month", "quarter") if getattr(wanted, name) is not None]
    if wanted.first is not None or wanted.last is not None:
        given.append("from")
    if len(given) > 1:
        raise Invalid(Message("give one period: --month, --quarter, or --from and --to"), "period")
    if wanted.month is not None:
        first, last = _month(wanted.month)
    elif wanted.quarter is not None:
        first, last = _quarter(wanted.quarter)
    else:
        last = _day(wanted.last, "--to") if wanted.last is not None else today
        first = _day(wanted.first, "--from") if wanted.first is not None else last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise Invalid(Message("--from {first} is after --to {last}", first=first, last=last), "period")
    if (last - first).days >= MOST_DAYS:
        raise Invalid(
            Message(
                "{first} to {last}: a report has at most {most_days} days", first=first, last=last, most_days=MOST_DAYS
            ),
            "period",
        )
    return Period(first, last, time_zone)


def _month(text: str) -> tuple[date, date]:
    match = _MONTH.fullmatch(text.strip())
    if match is None or not (1 <= int(match[2]) <= 12 and int(match[1]) >= 2000):
        raise Invalid(Message("--month {text!r}: write it as 2026-11", text=text), "month")
    return _months(int(match[1]), int(match[2]), 1)


def _quarter(text: str) -> tuple[date, date]:
    match = _QUARTER.fullmatch(text.strip())
    if match is None or int(match[1]) < 2000:
        raise Invalid(
            Message("--quarter {text!r}: write it as 2026-Q4, a quarter of the calendar year", text=text), "quarter"
        )
    return _months(int(match[1]), 3 * int(match[2]) - 2, 3)


def _months(year: int, month: int, months: int) -> tuple[date, date]:
    """From the first day of `month` on."""
    end = year * 12 + month - 1 + months
    return date(year, month, 1), date(end // 12, end % 12 + 1, 1) - timedelta(days=1)


def _day(text: str, option: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise Invalid(
            Message("{option} {text!r}: write a day as 2026-11-24", option=option, text=text), "period"
        ) from error
    if day.year < 2000 or day.year > 9000:
        raise Invalid(Message("{option} {text!r}: write a day as 2026-11-24", option=option, text=text), "period")
    return day
