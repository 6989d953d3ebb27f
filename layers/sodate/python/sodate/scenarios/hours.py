"""When marketing mail may reach a person: not in quiet hours, not on closed days, by the person's own clock. Pure.

An unknown zone means the sender's, never that the hours do not count. Clock changes: what the wall clock shows decides.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sodate.email.mailing import Mailing, QuietHours, is_closing_day
from sodate.leads.time_zone import find_time_zone
from sodate.scenarios.days import is_business_day

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def zone_of(name: str | None, mailing: Mailing) -> ZoneInfo:
    """The lead's zone; the sender's when it is unknown or no zone (any more)."""
    return (find_time_zone(name) if name else None) or ZoneInfo(mailing.sender.time_zone)


def open_from(at: datetime, zone: str | None, mailing: Mailing) -> datetime:
    """UTC: `at` itself when mail may go out then, else the first instant afterwards at which it may."""
    here = zone_of(zone, mailing)
    at = at.astimezone(UTC)
    while (wall := _closed_until(at.astimezone(here), mailing)) is not None:
        at = min(_next(at, wall, here))
    return at


def _closed_until(local: datetime, mailing: Mailing) -> datetime | None:
    """What the wall clock shows at the end of the closed time around `local`; None when it is open."""
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


def _next(at: datetime, wall: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Instants after `at` at which the local clock shows `wall`, or is put forward or back before that."""
    shown = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    yield from (t for t in shown if t > at and t.astimezone(zone).replace(tzinfo=None) == wall)
    before, after = at, max(*shown, at + _MINUTE)
    if _offset(before, zone) == _offset(after, zone):
        return
    while after - before > _MINUTE:
        middle = before + (after - before) // _MINUTE // 2 * _MINUTE
        before, after = (middle, after) if _offset(middle, zone) == _offset(at, zone) else (before, middle)
    # Clocks change on whole minutes; `at` may be between two.
    yield max(after.replace(second=0, microsecond=0), before + timedelta(microseconds=1))


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
