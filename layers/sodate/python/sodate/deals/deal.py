"""A deal is a fold over its changes. Pure.

Each change has two times: `effective_at`, from when it is true, and `recorded_at`, when Sodate came to know it. A
report of a past moment counts only what was recorded and effective until then, so it stays what it was, whatever is
recorded later. Any order of the same changes, with any duplicates, gives the same deal.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from sodate.money import Money


class DealStatus(StrEnum):
    """What a stage means. Stages are the playbook's, the status of each is one of these."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True)
class Contact:
    """A lead that takes part in the deal. `role`: `decision_maker`, `user`, …; empty when it is not known."""

    lead_id: str
    role: str
    since: datetime


@dataclass(frozen=True)
class StageValue:
    """A stage as the playbook defined it when the change was recorded: later playbooks change no history."""

    id: str
    status: DealStatus
    forecast_percent: int


#: A reason that says nothing of a person: `price`, `no-budget`.
_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")


def is_code(reason: str) -> bool:
    """Other reasons are words of a person, which may be about one: they stand in the history of the deal only."""
    return _CODE.fullmatch(reason) is not None


@dataclass(frozen=True)
class DealChange:
    """What one source said of a deal at one time. None: it said nothing of that attribute.

    `key` is equal for the same statement, however often it arrives. `money`: see `Money`; amounts are not negative.
    `added`: pairs of lead id and role. `source`: `feedback`, `csv`, `api` or `cli`. `by`: the owner or operator.
    """

    key: str
    effective_at: datetime
    recorded_at: datetime
    source: str
    stage: StageValue | None = None
    money: Money | None = None
    expected_close: date | None = None
    owner: str | None = None
    company: str | None = None
    reason: str | None = None
    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    by: str | None = None

    @property
    def position(self) -> tuple[datetime, datetime, str]:
        """Later positions overrule earlier ones."""
        return self.effective_at, self.recorded_at, self.key


@dataclass(frozen=True)
class StageEntry:
    """The deal came to this stage at `at` (effective time)."""

    stage: StageValue
    at: datetime


@dataclass(frozen=True)
class Deal:
    """One deal as of a moment. `closed_at`: when it was won or lost; None while it is open.

    `stages`: every stage in the order in which the deal came to it. `history`: every change that was recorded until
    then, in the order of recording.
    """

    id: str
    opened_at: datetime
    stages: tuple[StageEntry, ...] = ()
    money: Money | None = None
    expected_close: date | None = None
    owner: str | None = None
    company: str | None = None
    reason: str | None = None
    contacts: tuple[Contact, ...] = ()
    closed_at: datetime | None = None
    history: tuple[DealChange, ...] = field(default=(), repr=False)

    @property
    def stage(self) -> str:
        """The id of the playbook's stage; empty when nobody has named one."""
        return self.stages[-1].stage.id if self.stages else ""

    @property
    def status(self) -> DealStatus:
        return self.stages[-1].stage.status if self.stages else DealStatus.OPEN

    @property
    def is_won(self) -> bool:
        return self.status is DealStatus.WON

    @property
    def amount(self) -> int | None:
        """In the smallest unit of `currency`."""
        return self.money.amount if self.money is not None else None

    @property
    def currency(self) -> str | None:
        return self.money.currency if self.money is not None else None

    @property
    def forecast(self) -> Money | None:
        """The amount × the probability of the stage, rounded down; None without an amount."""
        if self.money is None:
            return None
        percent = self.stages[-1].stage.forecast_percent if self.stages else 0
        return replace(self.money, amount=self.money.amount * percent // 100)

    @property
    def lead_ids(self) -> tuple[str, ...]:
        return tuple(contact.lead_id for contact in self.contacts)

    def as_of(self, at: datetime) -> "Deal | None":
        """The deal as a report of `at` showed it; None when it was not recorded or not opened yet."""
        return deal_of(self.id, self.history, at)

    def known_now_as_of(self, at: datetime) -> "Deal | None":
        """The deal as it was at `at` by what is known today: late records and corrections included."""
        return _folded(self.id, self.history, [one for one in self.history if one.effective_at <= at])


def deal_of(deal_id: str, changes: Iterable[DealChange], at: datetime | None = None) -> Deal | None:
    """The deal that the changes give, as of `at` (None: all of them); None without any change until then."""
    known = _distinct(changes)
    if at is None:
        return _folded(deal_id, known, known)
    recorded = [one for one in known if one.recorded_at <= at]
    return _folded(deal_id, recorded, [one for one in recorded if one.effective_at <= at])


def _distinct(changes: Iterable[DealChange]) -> list[DealChange]:
    """One change per key, the one that was recorded first, in the order of recording."""
    first: dict[str, DealChange] = {}
    for change in sorted(changes, key=lambda one: (one.recorded_at, one.key, one.effective_at, repr(one))):
        first.setdefault(change.key, change)
    return list(first.values())


def _folded(deal_id: str, known: Iterable[DealChange], effective: Iterable[DealChange]) -> Deal | None:
    ordered = sorted(effective, key=lambda one: one.position)
    if not ordered:
        return None
    deal = Deal(deal_id, opened_at=ordered[0].effective_at, history=tuple(known))
    for change in ordered:
        deal = _applied(deal, change)
    return deal


def _applied(deal: Deal, change: DealChange) -> Deal:
    contacts = {contact.lead_id: contact for contact in deal.contacts}
    for lead_id in change.removed:
        contacts.pop(lead_id, None)
    for lead_id, role in change.added:
        before = contacts.get(lead_id)
        since = change.effective_at if before is None else before.since
        contacts[lead_id] = Contact(lead_id, role or (before.role if before else ""), since)
    stages, closed_at, reason = deal.stages, deal.closed_at, deal.reason
    if change.stage is not None:
        if not stages or stages[-1].stage.id != change.stage.id:
            stages = (*stages, StageEntry(change.stage, change.effective_at))
        if change.stage.status is not deal.status or not deal.stages:
            closed_at = None if change.stage.status is DealStatus.OPEN else change.effective_at
        reason = change.reason
    return replace(
        deal,
        stages=stages,
        closed_at=closed_at,
        reason=reason,
        money=change.money or deal.money,
        expected_close=change.expected_close or deal.expected_close,
        owner=change.owner or deal.owner,
        company=change.company or deal.company,
        contacts=tuple(sorted(contacts.values(), key=lambda one: (one.since, one.lead_id))),
    )
