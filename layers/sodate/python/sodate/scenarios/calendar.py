"""When a step is due, in the lead's zone where it is known, else in the sequence's. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sodate.email.mailing import Mailing
from sodate.scenarios.days import add_business_days, next_business_day
from sodate.scenarios.hours import open_from, zone_of
from sodate.scenarios.sequence import Sequence, Step

_DAY = timedelta(days=1)


def due_at(
    step: Step, sequence: Sequence, enrolled: datetime, *, mailing: Mailing | None = None, zone: str | None = None
) -> datetime:
    """UTC time of a step, never before the enrollment.

    A time of day that had passed at enrollment moves to the next (business) day. A local time that a clock change skips
    means the same instant before the change (PEP 495, fold 0). With `mailing`, its closing days are no business days,
    and what falls into quiet hours or on a closed day waits for their end. `zone` is the lead's; the sequence's counts
    when there is none.
    """
    if mailing is None:
        return _planned(step, sequence, enrolled, ZoneInfo(sequence.time_zone), ())
    here = zone_of(zone, mailing) if zone else ZoneInfo(sequence.time_zone)
    return open_from(_planned(step, sequence, enrolled, here, mailing.closing_days), zone, mailing)


def _planned(step: Step, sequence: Sequence, enrolled: datetime, zone: ZoneInfo, closing: tuple[str, ...]) -> datetime:
    if step.delay.hours is not None:
        return enrolled + timedelta(hours=step.delay.hours)
    local = enrolled.astimezone(zone)
    at = time.fromisoformat(step.at) if step.at else local.time()
    if step.delay.business_days is not None:
        day = add_business_days(local.date(), step.delay.business_days, sequence.calendar, closing)
        later = next_business_day(day + _DAY, sequence.calendar, closing)
    else:
        day = local.date() + timedelta(days=step.delay.days or 0)
        later = day + _DAY
    due = _instant(day, at, zone)
    return due if due >= enrolled else _instant(later, at, zone)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
