"""What a source says of a deal, and what follows of it: at most one change and the activities of its contacts. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.deals.deal import Deal, DealChange, DealStatus, deal_of, is_code
from sodate.deals.definition import Deals
from sodate.errors import Conflict, Invalid
from sodate.messages import Message
from sodate.money import LARGEST, Money

#: Bounds of one deal: the whole history is read for each change, and one transaction writes all contacts.
MOST_CHANGES, MOST_CONTACTS = 500, 20
LONGEST_ID = 200
_OLDEST, _FARTHEST = timedelta(days=3650), timedelta(days=3650)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class DealEntry:
    """`reference`: the source's own name and its id of the deal. `id`: of this statement, where the source has one.

    `effective_at` None: now. The other attributes as in `DealChange`; `stage`: an id of the playbook.
    """

    reference: tuple[str, str]
    source: str
    id: str | None = None
    effective_at: datetime | None = None
    stage: str | None = None
    money: Money | None = None
    expected_close: date | None = None
    owner: str | None = None
    company: str | None = None
    reason: str | None = None
    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    by: str | None = None


@dataclass(frozen=True)
class DealPlan:
    """`change` None: the entry says nothing new. `before`: None for a deal that the entry opens."""

    before: Deal | None
    after: Deal
    change: DealChange | None
    activities: tuple[Activity, ...] = ()


def decide(before: Deal | None, deal_id: str, entry: DealEntry, deals: Deals, now: datetime) -> DealPlan:
    """Decide one entry.

    Raises: `Invalid` for what no deal can have; `Conflict` for an id that was used for another statement, and for a
    deal with too many changes.
    """
    _check(entry, deals, now)
    at = _rounded(entry.effective_at or now)
    change = _change(before, entry, deals, at, now)
    if before is not None:
        same = next((one for one in before.history if one.key == change.key), None)
        if same is not None:
            return _repeated(before, same, change)
        if entry.id is None and not _says_more(before, change):
            return DealPlan(before, before, None)
        if len(before.history) >= MOST_CHANGES:
            raise Conflict(
                Message(
                    "the deal has {most} changes, the most that are kept; does its source repeat itself?",
                    most=MOST_CHANGES,
                )
            )
    history = before.history if before is not None else ()
    after = deal_of(deal_id, (*history, change))
    if after is None:
        raise LookupError("a deal with a change is a deal")
    if len(after.contacts) > MOST_CONTACTS:
        raise Invalid(Message("a deal may have {most} contacts; leave the others out", most=MOST_CONTACTS), "contacts")
    return DealPlan(before, after, change, tuple(_activities(before, after, change)))


def _check(entry: DealEntry, deals: Deals, now: datetime) -> None:
    source, external_id = entry.reference
    if not external_id.strip() or len(external_id) > LONGEST_ID or not source:
        raise Invalid(
            Message("a deal needs its id in the other system, at most {most} characters", most=LONGEST_ID), "id"
        )
    if entry.stage is not None and deals.stage(entry.stage) is None:
        raise Invalid(
            Message(
                "{stage!r} is no stage; sales.yaml has {known}: write one of them, or map the cell under `stages`",
                stage=entry.stage[:60],
                known=", ".join(one.id for one in deals.stages),
            ),
            "stage",
        )
    if entry.money is not None and not 0 <= entry.money.amount <= LARGEST:
        raise Invalid(
            Message("the amount of a deal is not negative; write a credit note as a cost of a campaign"), "amount"
        )
    if entry.effective_at is not None and not now - _OLDEST <= entry.effective_at <= now:
        day = f"{entry.effective_at:%Y-%m-%d %H:%M} UTC"
        raise Invalid(
            Message("{day}: a deal changes at a time that has come, within the last ten years; correct `at`", day=day),
            "at",
        )
    if entry.expected_close is not None and abs(entry.expected_close - now.date()) > _FARTHEST:
        raise Invalid(
            Message(
                "{day}: the expected close is within ten years; correct `expected_close`", day=entry.expected_close
            ),
            "expected_close",
        )


def _change(before: Deal | None, entry: DealEntry, deals: Deals, at: datetime, now: datetime) -> DealChange:
    stage = deals.stage(entry.stage) if entry.stage is not None else None
    if before is None and stage is None:
        stage = deals.stages[0]
    recorded_at = _rounded(now)
    if before is not None and before.history:  # the order of recording is the order of the writes, whatever clocks say
        recorded_at = max(recorded_at, before.history[-1].recorded_at + _MILLISECOND)
    change = DealChange(
        key="",
        effective_at=at,
        recorded_at=recorded_at,
        source=entry.source,
        stage=stage.value if stage is not None else None,
        money=entry.money,
        expected_close=entry.expected_close,
        owner=entry.owner,
        company=entry.company,
        reason=entry.reason,
        added=tuple(sorted(entry.added)),
        removed=tuple(sorted(entry.removed)),
        by=entry.by,
    )
    return replace(change, key=_key(before, entry, change))


def _key(before: Deal | None, entry: DealEntry, change: DealChange) -> str:
    """By the id of the statement; without one, by its content and by what was recorded before it, so that a deal may
    come back to an earlier stage and a retry is no second change."""
    if entry.id is not None:
        return change_key(entry.reference, entry.id)
    source, external_id = entry.reference
    latest = before.history[-1].key if before is not None and before.history else None
    return activity_key("deal", source, external_id, latest, repr(_said(change)))


def change_key(reference: tuple[str, str], statement: str) -> str:
    """Of the change that a statement with an id makes. `reference`: as in `DealEntry`."""
    return activity_key("deal", *reference, statement)


def _said(change: DealChange) -> tuple[object, ...]:
    """What a change says, without the times and the person."""
    money = (change.money.currency, change.money.amount) if change.money is not None else None
    stage = change.stage.id if change.stage is not None else None
    return (
        stage, money, str(change.expected_close), change.owner, change.company, change.reason, change.added,
        change.removed,
    )  # fmt: skip


def _repeated(before: Deal, stored: DealChange, change: DealChange) -> DealPlan:
    if _said(stored) != _said(change):
        raise Conflict(Message("this id was used for another statement of the deal; give a new statement a new id"))
    return DealPlan(before, before, None)


def _says_more(before: Deal, change: DealChange) -> bool:
    """Whether the change is news, compared with what is known of the deal at that time."""
    known = before.known_now_as_of(change.effective_at)
    if known is None:
        return True
    roles = {contact.lead_id: contact.role for contact in known.contacts}
    stage = change.stage.id if change.stage is not None else None
    return (
        stage not in (None, known.stage)
        or change.money not in (None, known.money)
        or change.expected_close not in (None, known.expected_close)
        or change.owner not in (None, known.owner)
        or change.company not in (None, known.company)
        or any(roles.get(lead_id) is None or role not in ("", roles[lead_id]) for lead_id, role in change.added)
        or any(lead_id in roles for lead_id in change.removed)
    )


def _activities(before: Deal | None, after: Deal, change: DealChange) -> Iterator[Activity]:
    """Of each contact at that time: the deal was opened, or came to another stage."""
    known = after.known_now_as_of(change.effective_at)
    earlier = before.known_now_as_of(change.effective_at) if before is not None else None
    if known is None or change.stage is None or (earlier is not None and earlier.stage == change.stage.id):
        return
    about = {
        "deal": after.id,
        "stage": change.stage.id,
        **({"reason": change.reason} if change.reason and is_code(change.reason) else {}),
    }
    types = [ActivityType.DEAL_OPENED] if before is None else []
    if before is not None or change.stage.status is not DealStatus.OPEN:
        types.append(_TYPE_OF[change.stage.status])
    for contact in known.contacts:
        for type_ in types:
            key = activity_key("deal", after.id, change.key, contact.lead_id, type_)
            at, recorded = change.effective_at, change.recorded_at
            yield Activity(contact.lead_id, type_.value, at, key, dict(about), recorded=recorded)


_TYPE_OF = {
    DealStatus.OPEN: ActivityType.DEAL_STAGE_CHANGED,
    DealStatus.WON: ActivityType.DEAL_WON,
    DealStatus.LOST: ActivityType.DEAL_LOST,
}


def _rounded(at: datetime) -> datetime:
    """To the millisecond, as it is stored."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
