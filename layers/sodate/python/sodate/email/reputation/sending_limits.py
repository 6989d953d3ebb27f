"""A sender's own limits: guards over bounces and complaints, and the daily ceiling during warm-up."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sodate.email.delivery.dispatcher import SendingLimits
from sodate.email.mailing import Mailing
from sodate.email.reputation import rates
from sodate.email.reputation.account import Account
from sodate.email.reputation.guards import GuardVerdict, Judgement, daily_ceiling, judge


def sending_limits(mailing: Mailing, account: Account, now: datetime) -> tuple[SendingLimits, Judgement]:
    """Limits of marketing email, and the judgement of the guards, which may warn before email is on hold. One query."""
    judgement = judge(rates.recent(now), mailing.guards)
    hold_reason = judgement.reason if judgement.verdict is GuardVerdict.PAUSE else None
    today = now.astimezone(ZoneInfo(mailing.sender.time_zone)).date()
    ceiling = daily_ceiling(mailing.warm_up, today)
    return SendingLimits(hold_reason, None if ceiling is None else max(0, ceiling - account.sent)), judgement
