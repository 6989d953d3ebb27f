"""When a lead's own request for its erasure is carried out, and who has to do it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sodate.consent.data_policy import DataPolicy

#: GDPR art. 12(3): one month. 個人情報保護法 35条 says without delay; no law of Japan names a number of days.
DECIDE_WITHIN = timedelta(days=30)
#: More that are due at once look like a stolen signing key rather than like people: a person decides.
MOST_DUE = 100
#: Erasures that one day begins by itself, of requests, and as many of inactive leads: more than anybody asks for, and
#: no night takes thousands, whatever asks for them. The rest waits for the next day; when more than `MOST_DUE` are left
#: by then, for a person.
MOST_PER_DAY = 250
#: Requests that are looked at in one run; more than these are never people's.
MOST_ASKED = 1000


class Step(StrEnum):
    """What happens to a request next."""

    LATER = "later"
    """It is carried out automatically at its date, and can be withdrawn until then."""
    DUE = "due"
    """It is carried out now."""
    PERSON = "person"
    """A person decides: the playbook has no `erase_after_days`."""
    CAME_BACK = "came_back"
    """The lead confirmed an opt-in after it had asked: a person asks it what it wants."""


class Bound(StrEnum):
    """Which bound keeps requests that are due from being carried out by themselves."""

    ASKED = "asked"
    DUE = "due"
    DAY = "day"


def bound_reached(asked: int, due: int, begun: int) -> Bound | None:
    """Numbers of requests that wait, that are due, and of erasures that this day has begun by itself."""
    if not due:
        return None
    if asked > MOST_ASKED:
        return Bound.ASKED
    if due > MOST_DUE:
        return Bound.DUE
    return Bound.DAY if begun >= MOST_PER_DAY else None


@dataclass(frozen=True)
class Asked:
    """A confirmed request. `came_back`: the lead, which asking had opted out of everything, opted in since."""

    lead_id: str
    at: datetime
    came_back: bool = False

    def due_at(self, policy: DataPolicy) -> datetime:
        """When it is carried out; without `erase_after_days`, by when a person has to have decided."""
        days = policy.erase_after_days
        return self.at + (DECIDE_WITHIN if days is None else timedelta(days=days))

    def step(self, policy: DataPolicy, now: datetime) -> Step:
        if policy.erase_after_days is None:
            return Step.PERSON
        if self.came_back:
            return Step.CAME_BACK
        return Step.DUE if self.due_at(policy) <= now else Step.LATER
