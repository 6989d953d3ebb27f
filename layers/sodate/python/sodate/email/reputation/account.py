"""The SES account from GetAccount: sending rate, quota left in 24 hours, and whether SES accepts email at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sodate.email.reputation.rate_limiter import SANDBOX_RATE


@dataclass(frozen=True)
class Account:
    """`rate`: emails per second. `sent`: in the last 24 hours. `left`: of the 24-hour quota; None: no quota.

    `stopped`: reason code why SES accepts no email, or None.
    """

    rate: float
    sent: int
    left: int | None
    stopped: str | None

    @classmethod
    def of(cls, reply: Mapping[str, Any]) -> "Account":
        quota = reply.get("SendQuota") or {}
        most, sent = float(quota.get("Max24HourSend", 0)), float(quota.get("SentLast24Hours", 0))
        left = None if most < 0 else max(0, int(most - sent))
        rate = float(quota.get("MaxSendRate") or SANDBOX_RATE)
        return cls(rate, int(sent), left, _why_stopped(reply, left))


def _why_stopped(reply: Mapping[str, Any], left: int | None) -> str | None:
    if reply.get("EnforcementStatus") == "SHUTDOWN":
        return "account_suspended"
    if reply.get("SendingEnabled") is False:
        return "sending_paused"
    return "quota_exhausted" if left == 0 else None
