"""How fast emails leave: SES's rate and quota of the account, and the daily ceiling of a new sender."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sodate.email.mailing import Mailing
from sodate.email.reputation.guards import daily_ceiling
from sodate.rehearsal.assumptions import Sending

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


class SendingRate:
    """`REASON`: of an email that waits for its turn.

    The quota counts by day in the sender's time zone here; SES's own counts the last 24 hours.
    """

    REASON = "sending_rate"

    def __init__(self, sending: Sending, mailing: Mailing) -> None:
        self._sending = sending
        self._warm_up = mailing.warm_up
        self._zone = ZoneInfo(mailing.sender.time_zone)
        self._in_minute: Counter[datetime] = Counter()
        self._on_day: Counter[date] = Counter()
        self._ceilings: dict[date, int] = {}

    def take(self, now: datetime) -> datetime | None:
        """None: an attempt may begin now. Otherwise, when to try again.

        As the dispatcher does it: attempts count for the rate, emails that left (`count_sent`) for the day.
        """
        minute = now.replace(second=0, microsecond=0)
        day = now.astimezone(self._zone).date()
        if self._on_day[day] >= self._ceiling(day):
            return datetime.combine(day + _DAY, time.min, self._zone).astimezone(now.tzinfo)
        if self._in_minute[minute] >= self._sending.per_second * 60:
            return minute + _MINUTE
        self._in_minute[minute] += 1
        return None

    def count_sent(self, now: datetime) -> None:
        self._on_day[now.astimezone(self._zone).date()] += 1

    def _ceiling(self, day: date) -> int:
        if day not in self._ceilings:
            own = daily_ceiling(self._warm_up, day)
            self._ceilings[day] = min(self._sending.per_day, own if own is not None else self._sending.per_day)
        return self._ceilings[day]
