"""What a sender asks of itself: guards over bounces and complaints, and the daily ceiling of its first weeks."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sodate.mail import rates
from sodate.mail.account import Account
from sodate.mail.guards import Judgement, daily_ceiling, judge
from sodate.mail.release import Restraint
from sodate.mail.sender import Mailing


def restraint(mailing: Mailing, account: Account, now: datetime) -> tuple[Restraint, Judgement]:
    """One query. The judgement may warn before it holds anything back."""
    judgement = judge(rates.recent(now), mailing.guards)
    held = judgement.reason if judgement.verdict == "pause" else None
    today = now.astimezone(ZoneInfo(mailing.sender.time_zone)).date()
    ceiling = daily_ceiling(mailing.warm_up, today)
    return Restraint(held, None if ceiling is None else max(0, ceiling - account.sent)), judgement
