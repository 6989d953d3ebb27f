"""Computes when a step is due: in the lead's time zone when it is known, otherwise in the sequence's. Pure."""

from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sodate.email.eligibility.days import add_business_days
from sodate.email.eligibility.hours import open_from, time_zone_of
from sodate.email.mailing import Mailing
from sodate.scenarios.local_time import business_days_from, days_from, first_not_before, pep_495_instant
from sodate.scenarios.sequence import Sequence, Step


def due_at(
    step: Step, sequence: Sequence, enrolled: datetime, *, mailing: Mailing | None = None, time_zone: str | None = None
) -> datetime:
    """UTC time of a step, never before the enrollment.

    A time of day that has already passed at enrollment moves to the next (business) day. A local time that a clock
    change skips is interpreted with the offset before the change (PEP 495, fold 0); waits of a scenario take the
    instant of the change instead. With `mailing`, its closing days are not business days, and a time in quiet hours or
    on a closed day moves to their end. `time_zone` is the lead's; None: the sequence's time zone applies.
    """
    if mailing is None:
        return _planned(step, sequence, enrolled, ZoneInfo(sequence.time_zone), ())
    local_zone = time_zone_of(time_zone, mailing) if time_zone else ZoneInfo(sequence.time_zone)
    return open_from(_planned(step, sequence, enrolled, local_zone, mailing.closing_days), time_zone, mailing)


def _planned(
    step: Step, sequence: Sequence, enrolled: datetime, time_zone: ZoneInfo, closing: tuple[str, ...]
) -> datetime:
    if step.delay.hours is not None:
        return enrolled + timedelta(hours=step.delay.hours)
    local = enrolled.astimezone(time_zone)
    at = time.fromisoformat(step.at) if step.at else local.time()
    if step.delay.business_days is not None:
        first = add_business_days(local.date(), step.delay.business_days, sequence.calendar, closing)
        days = business_days_from(first, sequence.calendar, closing)
    else:
        days = days_from(local.date() + timedelta(days=step.delay.days or 0))
    return first_not_before(enrolled, days, partial(pep_495_instant, at=at, time_zone=time_zone))
