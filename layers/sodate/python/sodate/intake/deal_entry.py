"""One deal as another system or a CSV row says it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sodate.errors import Invalid
from sodate.intake.entry import read_id, read_time
from sodate.intake.lead_ref import LeadRef, read_lead_ref
from sodate.messages import Message
from sodate.money import Money, digits_of, parse_amount
from sodate.playbook.problem import did_you_mean

MOST_CONTACTS = 20
#: Names of the values of a deal, for the API and as targets of a CSV mapping.
KEYS = (
    "id", "statement_id", "at", "stage", "amount", "currency", "expected_close", "owner", "reason", "company",
    "contacts",
)  # fmt: skip
_LONGEST = 200


@dataclass(frozen=True)
class DealRow:
    """`company`: an id of Sodate. `contacts`: leads with their roles. Others as in `DealEntry`."""

    id: str
    statement_id: str | None = None
    at: datetime | None = None
    stage: str | None = None
    money: Money | None = None
    expected_close: date | None = None
    owner: str | None = None
    reason: str | None = None
    company: str | None = None
    contacts: tuple[tuple[LeadRef, str], ...] = field(default=())


def read_deal(raw: object, zone: ZoneInfo, currency: str | None = None) -> DealRow:
    """`currency`: of an amount that names none.

    Raises: `Invalid`, its code the value that is wrong.
    """
    if not isinstance(raw, Mapping):
        raise Invalid("a deal is an object with `id`", "deal")
    for name in raw:
        if name not in KEYS:
            raise Invalid(
                Message("a deal has no `{name}`: {hint}", name=str(name)[:40], hint=did_you_mean(str(name)[:40], KEYS)),
                str(name)[:40],
            )
    deal_id = read_id(raw.get("id"))
    if deal_id is None:
        raise Invalid(Message("a deal needs `id`, the one of the system that sends it; fill it in"), "id")
    at, close = raw.get("at"), raw.get("expected_close")
    return DealRow(
        id=deal_id,
        statement_id=read_id(raw.get("statement_id")),
        at=read_time(at, zone) if at not in (None, "") else None,
        stage=_word(raw, "stage"),
        money=_money(raw, currency),
        expected_close=_day(close, zone) if close not in (None, "") else None,
        owner=_word(raw, "owner"),
        reason=_word(raw, "reason"),
        company=_word(raw, "company"),
        contacts=_contacts(raw.get("contacts") or ()),
    )


def _word(raw: Mapping[str, object], name: str) -> str | None:
    value = raw.get(name)
    if value in (None, ""):
        return None
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise Invalid(
            Message("`{name}`: write text of at most {most} characters in one line", name=name, most=_LONGEST), name
        )
    return value.strip()


def _money(raw: Mapping[str, object], otherwise: str | None) -> Money | None:
    amount, currency = raw.get("amount"), _word(raw, "currency") or otherwise
    if amount in (None, ""):
        return None
    if currency is None:
        raise Invalid(
            Message("an amount needs its `currency`: write one such as JPY, in the row or in the mapping"), "currency"
        )
    digits_of(currency)
    if isinstance(amount, bool) or (not isinstance(amount, str | int) and not hasattr(amount, "as_tuple")):
        raise Invalid(Message("`amount` is a number, or text such as 1,234,000"), "amount")
    return Money(currency, parse_amount(format(amount, "f") if hasattr(amount, "as_tuple") else str(amount), currency))


def _day(value: object, zone: ZoneInfo) -> date:
    return read_time(value, zone, "expected_close").astimezone(zone).date()


def _contacts(value: object) -> tuple[tuple[LeadRef, str], ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_CONTACTS:
        raise Invalid(Message("`contacts`: write a list of at most {most} leads", most=MOST_CONTACTS), "contacts")
    found: dict[LeadRef, str] = {}
    for one in value:
        lead, role = (one.get("lead"), one.get("role", "")) if isinstance(one, Mapping) else (one, "")
        if not isinstance(role, str) or len(role) > 60 or not role.isprintable():
            raise Invalid(Message("`role`: write text of at most 60 characters, such as decision_maker"), "contacts")
        found[read_lead_ref(lead)] = role.strip()
    return tuple(found.items())
