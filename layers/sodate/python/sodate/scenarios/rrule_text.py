"""Recurrence rules as RFC 5545 text: which parts are accepted here, and the dateutil rule of a text. Pure.

A rule selects days; the time of day is a key beside it. Only a rule that RFC 5545 allows and that dateutil evaluates as
RFC 5545 says is accepted.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import islice

from dateutil.rrule import rrulestr

from sodate.messages import Message
from sodate.scenarios.local_time import WEEKDAYS, Weekday

#: A rule without an occurrence for so long has none. (29 February on a given weekday can take 40 years.)
HORIZON = timedelta(days=40 * 366)
_END_OF_DAY = time(23, 59, 59)
_CODES: dict[Weekday, str] = {name: name[:2].upper() for name in WEEKDAYS}
_DAY_CODE = "(?:MO|TU|WE|TH|FR|SA|SU)"
_PATTERNS = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,2}",
    "COUNT": r"[1-9]\d{0,3}",
    "UNTIL": r"\d{8}(?:T\d{6}Z?)?",
    "WKST": _DAY_CODE,
    "BYDAY": rf"(?:[+-]?[1-9]\d?)?{_DAY_CODE}(?:,(?:[+-]?[1-9]\d?)?{_DAY_CODE})*",
}
#: Numbers of a list, and whether they may be counted from the end.
_NUMBERS = {
    "BYMONTH": (12, False),
    "BYMONTHDAY": (31, True),
    "BYYEARDAY": (366, True),
    "BYWEEKNO": (53, True),
    "BYSETPOS": (366, True),
}
#: Part → the frequencies with which it is allowed. RFC 5545 also allows BYMONTHDAY and BYSETPOS with DAILY; such a rule
#: can be written as a monthly one, and takes dateutil several seconds when it never happens.
_ONLY_WITH = {
    "BYMONTHDAY": ("MONTHLY", "YEARLY"),
    "BYYEARDAY": ("YEARLY",),
    "BYWEEKNO": ("YEARLY",),
    "BYSETPOS": ("WEEKLY", "MONTHLY", "YEARLY"),
}
Parts = dict[str, str]


@lru_cache(maxsize=256)
def _parse(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.upper().removeprefix("RRULE:").rstrip(";").split(";")]
    parts = {name: value for name, _, value in pairs}
    if len(parts) != len(pairs):
        raise ValueError(Message("`rrule` has the same part twice"))
    for name, value in parts.items():
        _check_part(name, value)
    _check_whole(parts)
    return tuple(parts.items())


def parse(text: str) -> Parts:
    """The parts of an RFC 5545 rule by name.

    Raises: `ValueError` for a rule that is not accepted, with what to write instead.
    """
    return dict(_parse(text))


def _check_part(name: str, value: str) -> None:
    if name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        raise ValueError(Message("`rrule` selects days: write the time of day as `at`, without {name}", name=name))
    if name == "FREQ" and value in ("HOURLY", "MINUTELY", "SECONDLY"):
        raise ValueError(
            Message("`rrule` is at most daily, not {value}: write DAILY, WEEKLY, MONTHLY or YEARLY", value=value)
        )
    if name in _NUMBERS:
        most, signed = _NUMBERS[name]
        if all(_is_number(each, most, signed) for each in value.split(",")):
            return
    elif name not in _PATTERNS:
        raise ValueError(
            Message("`rrule` has an unknown part {name}; write for example FREQ=MONTHLY;BYDAY=1FR", name=name)
        )
    elif re.fullmatch(_PATTERNS[name], value):
        return
    raise ValueError(Message("`rrule` has a part that RFC 5545 does not allow: {name}={value}", name=name, value=value))


def _is_number(text: str, most: int, signed: bool) -> bool:
    return bool(re.fullmatch(r"[+-]?\d{1,3}" if signed else r"\d{1,3}", text)) and 1 <= abs(int(text)) <= most


def _check_whole(parts: Parts) -> None:
    frequency = parts.get("FREQ")
    if frequency is None:
        raise ValueError(Message("`rrule` needs FREQ, for example FREQ=WEEKLY"))
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError(Message("`rrule` may have COUNT or UNTIL, not both"))
    for name, frequencies in _ONLY_WITH.items():
        if name in parts and frequency not in frequencies:
            raise ValueError(
                Message(
                    "`rrule` may have {name} only with FREQ={frequencies}",
                    name=name,
                    frequencies=" or ".join(frequencies),
                )
            )
    _check_weekdays(parts)
    if "UNTIL" in parts:
        _until(parts["UNTIL"], UTC)


def _check_weekdays(parts: Parts) -> None:
    if re.search(r"\d", parts.get("BYDAY", "")) and (parts["FREQ"] not in ("MONTHLY", "YEARLY") or "BYWEEKNO" in parts):
        raise ValueError(
            Message("`rrule` may number weekdays (1FR) only with FREQ=MONTHLY or YEARLY, without BYWEEKNO")
        )
    if "BYWEEKNO" in parts and "BYDAY" not in parts:
        raise ValueError(Message("`rrule` with BYWEEKNO needs BYDAY"))
    if "BYSETPOS" in parts and not any(name in parts for name in ("BYDAY", *_NUMBERS) if name != "BYSETPOS"):
        raise ValueError(Message("`rrule` with BYSETPOS needs another BY… part"))


def codes(weekdays: tuple[Weekday, ...], numbers: tuple[int, ...] = ()) -> str:
    """The value of BYDAY: `1FR` for the first Friday."""
    return ",".join(f"{number or ''}{_CODES[day]}" for number in numbers or (0,) for day in weekdays)


def named_weekdays(parts: Parts, starting: date) -> frozenset[int]:
    """Weekdays (0: Monday) that the rule names; a weekly rule without BYDAY means that of its first day."""
    written = re.findall(_DAY_CODE, parts.get("BYDAY", ""))
    if not written and parts["FREQ"] == "WEEKLY":
        return frozenset((starting.weekday(),))
    order = list(_CODES.values())
    return frozenset(order.index(code) for code in written)


def rule_days(parts: Parts, first: datetime, horizon: date, time_zone: tzinfo) -> Iterator[date]:
    """Days of the rule in order, from `first` (local, without a zone) to `horizon` at the latest.

    As in RFC 5545, a day that does not exist (31 April) is left out. COUNT counts the days of the rule; `first` is one
    of them only if the rule selects it.
    """
    end = datetime.combine(horizon, _END_OF_DAY)
    if "UNTIL" in parts:
        end = min(end, _until(parts["UNTIL"], time_zone))
    rest = [f"{name}={value}" for name, value in parts.items() if name not in ("COUNT", "UNTIL")]
    rule = rrulestr(";".join([*rest, f"UNTIL={end:%Y%m%dT%H%M%S}"]), dtstart=first)
    most = int(parts["COUNT"]) if "COUNT" in parts else None
    return (at.date() for at in islice(rule, most))


def _until(text: str, time_zone: tzinfo) -> datetime:
    """Local end of the rule; a date includes the whole day."""
    try:
        if "T" not in text:
            return datetime.combine(date.fromisoformat(text), _END_OF_DAY)
        local = datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise ValueError(Message("`rrule` has an UNTIL that is no date: {text}", text=text)) from None
    return local.replace(tzinfo=UTC).astimezone(time_zone).replace(tzinfo=None) if text.endswith("Z") else local
