"""When marketing email may reach a lead: outside quiet hours and closed days, in the lead's local time. Pure.

When the lead's time zone is unknown, the sender's applies; quiet hours always count. At clock changes, the local wall
clock decides.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sodate.email.eligibility.days import is_business_day
from sodate.email.mailing import Mailing, QuietHours, is_closing_day
from sodate.leads.time_zone import find_time_zone

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def time_zone_of(name: str | None, mailing: Mailing) -> ZoneInfo:
    """The lead's time zone; the sender's when `name` is None or not a known IANA name."""
    return (find_time_zone(name) if name else None) or ZoneInfo(mailing.sender.time_zone)


def open_from(at: datetime, time_zone: str | None, mailing: Mailing) -> datetime:
    """UTC: `at` itself when email may be sent then, otherwise the first instant after it at which email may be sent."""
    local_zone = time_zone_of(time_zone, mailing)
    at = at.astimezone(UTC)
    while (wall := _closed_until(at.astimezone(local_zone), mailing)) is not None:
        at = min(_next(at, wall, local_zone))
    return at


def _closed_until(local: datetime, mailing: Mailing) -> datetime | None:
    """Local time at which the closed time around `local` ends; None when `local` is open."""
    if not _is_open_day(local.date(), mailing.send_days, mailing.calendar, mailing.closing_days):
        return datetime.combine(local.date() + _DAY, time.min)
    if mailing.quiet_hours is None or not _is_quiet(local, mailing.quiet_hours):
        return None
    until = time.fromisoformat(mailing.quiet_hours.until)
    day = local.date() if local.time() < until else local.date() + _DAY
    return datetime.combine(day, until)


@lru_cache(maxsize=4096)
def _is_open_day(day: date, send_days: str, calendar: str, closing: tuple[str, ...]) -> bool:
    return is_business_day(day, calendar, closing) if send_days == "business" else not is_closing_day(day, closing)


def _is_quiet(local: datetime, quiet: QuietHours) -> bool:
    now, begin, end = f"{local.hour:02}:{local.minute:02}", quiet.from_, quiet.until
    return begin <= now < end if begin < end else now >= begin or now < end


def _next(at: datetime, wall: datetime, time_zone: ZoneInfo) -> Iterator[datetime]:
    """Instants after `at` at which the local clock shows `wall`, or changes its offset before that."""
    shown = [wall.replace(tzinfo=time_zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    yield from (t for t in shown if t > at and t.astimezone(time_zone).replace(tzinfo=None) == wall)
    before, after = at, max(*shown, at + _MINUTE)
    if _offset(before, time_zone) == _offset(after, time_zone):
        return
    while after - before > _MINUTE:
        middle = before + (after - before) // _MINUTE // 2 * _MINUTE
        before, after = (middle, after) if _offset(middle, time_zone) == _offset(at, time_zone) else (before, middle)
    # Offsets change on whole minutes; `at` may be between two minutes.
    yield max(after.replace(second=0, microsecond=0), before + timedelta(microseconds=1))


def _offset(at: datetime, time_zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(time_zone).utcoffset()
