"""What protects a sender's name: the bounces and complaints at which mail pauses, and a new sender's ramp. Pure."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sodate.email.mailing import Guards, TransactionalGuard, WarmUp

Verdict = Literal["ok", "warn", "pause"]
#: Days that are judged together.
WINDOW = 7


@dataclass(frozen=True)
class Counts:
    """What SES reported. Complaints are counted by the receiver's reports; Gmail sends none."""

    delivered: int = 0
    bounced: int = 0
    complained: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.delivered + other.delivered, self.bounced + other.bounced, self.complained + other.complained
        )


@dataclass(frozen=True)
class Judgement:
    """`reason` is for people: what share of how many mails meets which limit, and the key that sets it."""

    verdict: Verdict
    reason: str = ""


def judge(
    counts: Counts, guards: Guards | TransactionalGuard, span: str = f"{WINDOW} days", key_of: str = "guards"
) -> Judgement:
    """The worse of the two shares; from a limit on mail pauses, from half of it there is a warning.

    `span` and `key_of` are words of the reason: over which time, and where the limit is written.
    """
    mails = counts.delivered + counts.bounced
    if mails < guards.at_least:
        return Judgement("ok")
    shares = {
        "bounce_rate": (counts.bounced / mails, guards.bounce_rate, f"{counts.bounced} bounces"),
        "complaint_rate": (
            counts.complained / max(counts.delivered, 1), guards.complaint_rate, f"{counts.complained} complaints"
        ),
    }  # fmt: skip
    key = max(shares, key=lambda name: shares[name][0] / shares[name][1])
    share, limit, what = shares[key]
    if share < limit / 2:
        return Judgement("ok")
    told = f"{what} among {mails} mails of {span}: {share:.2%}, {key_of}.{key} is {limit:.2%}"
    return Judgement("pause" if share >= limit else "warn", told)


def daily_ceiling(warm_up: WarmUp | None, day: date) -> int | None:
    """Mails on `day` (the sender's) at the most; None: no ceiling. Before the first day it is that of the first day."""
    if warm_up is None:
        return None
    days = max((day - warm_up.start).days, 0)
    if days >= math.log(warm_up.until / warm_up.first_day, warm_up.daily_growth):
        return None
    return min(int(warm_up.first_day * warm_up.daily_growth**days), warm_up.until - 1)
