"""When a broadcast is sent: its next local time, and the instants of a local time in the time zones. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.variants import Variant
from sodate.email.eligibility.hours import time_zone_of
from sodate.email.mailing import Mailing
from sodate.scenarios.local_time import first_valid
from sodate.scenarios.recurrence import next_after

_MINUTE = timedelta(minutes=1)
#: An email of an experiment that leaves later than this after its time counts only when its own horizon is over.
LATE = timedelta(minutes=30)


def next_local(broadcast: Broadcast, mailing: Mailing, after: datetime) -> datetime | None:
    """The first local time of the schedule whose instant in the sender's time zone is later than `after`."""
    if broadcast.once is not None:
        return broadcast.once if sender_instant(mailing, broadcast.once) > after else None
    if broadcast.recurrence is None:
        return None
    zone = ZoneInfo(mailing.sender.time_zone)
    instant = next_after(broadcast.recurrence, after, zone, mailing.calendar, mailing.closing_days)
    return instant.astimezone(zone).replace(tzinfo=None) if instant else None


def is_scheduled(broadcast: Broadcast, mailing: Mailing, local: datetime) -> bool:
    return next_local(broadcast, mailing, sender_instant(mailing, local) - _MINUTE) == local


def sender_instant(mailing: Mailing, local: datetime) -> datetime:
    return _instant(local, ZoneInfo(mailing.sender.time_zone))


def instant_for(broadcast: Broadcast, mailing: Mailing, local: datetime, time_zone: str | None) -> datetime:
    """When a lead with this time zone (None: unknown) gets the run of the local time `local`."""
    if broadcast.local_time == "sender":
        return sender_instant(mailing, local)
    return _instant(local, time_zone_of(time_zone, mailing))


def instants(broadcast: Broadcast, mailing: Mailing, local: datetime) -> tuple[datetime, ...]:
    """Every instant at which some lead gets the run, in order, but for those that wait for an experiment's decision.

    About forty with the recipients' local time.
    """
    if broadcast.local_time == "recipient":
        return _everywhere(local)
    variants = broadcast.experiment.variants if broadcast.experiment else ()
    locals_ = {local, *(local_of_variant(local, variant) for variant in variants)}
    return tuple(sorted({sender_instant(mailing, one) for one in locals_}))


def local_of_variant(local: datetime, variant: Variant) -> datetime:
    return datetime.combine(local.date(), time.fromisoformat(variant.at)) if variant.at else local


def next_time_of(variant: Variant, mailing: Mailing, after: datetime) -> datetime:
    """When the winner is sent: at once, or at its time of day."""
    if variant.at is None:
        return after
    today = local_of_variant(after.astimezone(ZoneInfo(mailing.sender.time_zone)).replace(tzinfo=None), variant)
    at = sender_instant(mailing, today)
    return at if at >= after else sender_instant(mailing, today + timedelta(days=1))


def decides_at(broadcast: Broadcast, mailing: Mailing, local: datetime) -> datetime:
    """The horizon of the experiment: when each lead whose email was not late has had its time."""
    horizon = broadcast.experiment.horizon if broadcast.experiment else timedelta(0)
    return instants(broadcast, mailing, local)[-1] + LATE + horizon


def exposure(broadcast: Broadcast, mailing: Mailing, local: datetime, until: datetime) -> timedelta:
    """For how long each lead of the experiment is seen in a look at `until`; negative: none yet.

    Before the horizon it is as long as the last email that was not late has been there: the same for all, so that
    variants whose batches leave earlier have no advantage.
    """
    horizon = broadcast.experiment.horizon if broadcast.experiment else timedelta(0)
    if broadcast.experiment is None or not broadcast.experiment.always_valid:
        return horizon
    return min(horizon, until - LATE - instants(broadcast, mailing, local)[-1])


@lru_cache(maxsize=16)
def _everywhere(local: datetime) -> tuple[datetime, ...]:
    zones: Iterable[ZoneInfo] = map(ZoneInfo, sorted(available_timezones()))
    return tuple(sorted({_instant(local, zone) for zone in zones}))


def waves(broadcast: Broadcast, mailing: Mailing, local: datetime) -> tuple[datetime, ...]:
    """When the list of members is read: once, or once for each instant (`audience: at_send`)."""
    all_of_them = instants(broadcast, mailing, local)
    return all_of_them if broadcast.audience == "at_send" else all_of_them[:1]


def ends(broadcast: Broadcast, mailing: Mailing, local: datetime) -> datetime:
    """After this instant no email of the run is sent. An email of a sample may be late, and one of the others too."""
    validity, experiment = timedelta(hours=broadcast.valid_hours), broadcast.experiment
    decision = experiment.longest + validity if experiment is not None and experiment.is_sampled else timedelta(0)
    return instants(broadcast, mailing, local)[-1] + decision + validity


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    return first_valid(local.date(), local.time(), zone).astimezone(UTC)
