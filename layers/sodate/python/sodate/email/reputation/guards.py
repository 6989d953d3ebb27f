"""Protects a sender's reputation: bounce and complaint limits at which email pauses, and the warm-up. Pure."""

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sodate.email.mailing import Guards, TransactionalGuard, WarmUp

#: Length in days of the window over which the rates are computed.
WINDOW = 7


@dataclass(frozen=True)
class Counts:
    """Counts from SES's reports. Complaints come from receivers' reports; Gmail sends none."""

    delivered: int = 0
    bounced: int = 0
    complained: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.delivered + other.delivered, self.bounced + other.bounced, self.complained + other.complained
        )


class GuardVerdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    PAUSE = "pause"


@dataclass(frozen=True)
class Judgement:
    """`reason`: text with the share, the number of emails, the limit and the playbook key that sets it."""

    verdict: GuardVerdict
    reason: str = ""


def judge(
    counts: Counts, guards: Guards | TransactionalGuard, span: str = f"{WINDOW} days", key_of: str = "guards"
) -> Judgement:
    """Judge the worse of the two shares: at its limit email pauses, at half of it there is a warning.

    `span` and `key_of` appear in the reason: the time window, and the playbook key of the guards.
    """
    emails = counts.delivered + counts.bounced
    if emails < guards.at_least:
        return Judgement(GuardVerdict.OK)
    shares = {
        "bounce_rate": (counts.bounced / emails, guards.bounce_rate, f"{counts.bounced} bounces"),
        "complaint_rate": (
            counts.complained / max(counts.delivered, 1), guards.complaint_rate, f"{counts.complained} complaints"
        ),
    }  # fmt: skip
    key = max(shares, key=lambda name: shares[name][0] / shares[name][1])
    share, limit, what = shares[key]
    if share < limit / 2:
        return Judgement(GuardVerdict.OK)
    reason = f"{what} among {emails} emails of {span}: {share:.2%}, {key_of}.{key} is {limit:.2%}"
    return Judgement(GuardVerdict.PAUSE if share >= limit else GuardVerdict.WARN, reason)


def daily_ceiling(warm_up: WarmUp | None, day: date) -> int | None:
    """Maximum number of emails on `day` in the sender's time zone; None: no ceiling. Before `start`: as on `start`."""
    if warm_up is None:
        return None
    days = max((day - warm_up.start).days, 0)
    if days >= math.log(warm_up.until / warm_up.first_day, warm_up.daily_growth):
        return None
    return min(int(warm_up.first_day * warm_up.daily_growth**days), warm_up.until - 1)
