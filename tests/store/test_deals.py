"""Deals on the table: recorded once, whatever is repeated, raced or erased."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sodate.activities.store import activities_of
from sodate.companies.join import join_by_address
from sodate.companies.store import company_of
from sodate.deals import store
from sodate.deals.definition import Deals
from sodate.deals.entry import MOST_CONTACTS, DealEntry
from sodate.deals.record import Outcome, link_reference, record_deal
from sodate.dynamodb import company_keys, keys, table
from sodate.dynamodb.table import Table
from sodate.errors import Conflict, Invalid, NotFound
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import profile_item, state_item
from sodate.money import Money

from tests.fakes.table import MemoryTable

NOW = datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=UTC)
DEALS = Deals()


@pytest.fixture(autouse=True)
def memory() -> Iterator[MemoryTable]:
    memory = MemoryTable()
    Table("sodate-deals", memory).use()
    yield memory


@pytest.fixture
def new_id() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"D{next(numbers)}"


def lead(lead_id: str, address: str = "taro@example.co.jp") -> str:
    table.put(profile_item(Profile(lead_id, address, address, "ja", created=keys.stamp(NOW))))
    table.put(state_item(ContactState(lead_id, f"key-{lead_id}")))
    return lead_id


def entry(external_id: str = "A-1", **said: Any) -> DealEntry:
    return DealEntry(("crm", external_id), "csv", **said)


def erase(memory: MemoryTable, lead_id: str) -> None:
    for key in [key for key in memory.items if key[0] == keys.lead(lead_id)]:
        memory.forget(key)


def types(lead_id: str) -> list[str]:
    return sorted(one.type for one in activities_of(lead_id))


def test_a_deal_is_opened_changed_and_won_and_its_contacts_know(new_id: Callable[[], str]) -> None:
    lead("x")
    opened = record_deal(entry(money=Money("JPY", 100), added=(("x", "user"),)), DEALS, NOW, new_id)
    assert (opened.outcome, opened.deal.stage, opened.deal.id) == (Outcome.OPENED, "open", "D1")
    later = NOW + timedelta(days=3)
    won = record_deal(entry(stage="won", money=Money("JPY", 90)), DEALS, later, new_id)
    assert (won.outcome, won.deal.id) == (Outcome.CHANGED, "D1")
    stored = store.load_deal("D1")
    assert stored == won.deal
    assert (stored.amount, stored.contacts[0].role) == (90, "user")
    assert types("x") == ["deal_opened", "deal_won"]
    assert store.open_deal_ids() == []
    assert store.deal_ids_of_month(NOW) == ["D1"]
    assert [deal.id for deal in store.deals_of_lead("x")] == ["D1"]


def test_the_same_row_again_writes_nothing(memory: MemoryTable, new_id: Callable[[], str]) -> None:
    lead("x")
    row = entry(stage="proposal", money=Money("USD", 5), owner="sato", added=(("x", ""),))
    record_deal(row, DEALS, NOW, new_id)
    before = dict(memory.items)
    again = record_deal(row, DEALS, NOW + timedelta(days=1), new_id)
    assert (again.outcome, dict(memory.items)) == (Outcome.UNCHANGED, before)


def test_a_deal_may_come_back_to_an_earlier_stage(new_id: Callable[[], str]) -> None:
    for day, stage in enumerate(("open", "proposal", "open", "open")):
        record_deal(entry(stage=stage), DEALS, NOW + timedelta(days=day), new_id)
    assert [one.stage.id for one in store.load_deal("D1").stages] == ["open", "proposal", "open"]


def test_an_id_of_a_statement_is_recorded_once_and_never_for_another_statement(new_id: Callable[[], str]) -> None:
    record_deal(entry(id="e1", stage="proposal"), DEALS, NOW, new_id)
    record_deal(entry(id="e2", stage="open"), DEALS, NOW + timedelta(days=1), new_id)
    again = record_deal(entry(id="e1", stage="proposal"), DEALS, NOW + timedelta(days=2), new_id)
    assert (again.outcome, again.deal.stage) == (Outcome.UNCHANGED, "open")
    with pytest.raises(Conflict, match="another statement"):
        record_deal(entry(id="e1", stage="won"), DEALS, NOW + timedelta(days=2), new_id)


def test_a_concurrent_change_is_read_and_nothing_is_lost(memory: MemoryTable, new_id: Callable[[], str]) -> None:
    record_deal(entry(), DEALS, NOW, new_id)

    def meanwhile(_: str) -> None:
        memory.point = lambda _: None
        record_deal(entry(owner="sato"), DEALS, NOW, new_id)

    memory.point = meanwhile
    record_deal(entry(stage="proposal"), DEALS, NOW, new_id)
    deal = store.load_deal("D1")
    assert (deal.stage, deal.owner, len(deal.history)) == ("proposal", "sato", 3)
    head = table.find(store.DealItem, company_keys.deal("D1"), company_keys.DEAL)
    assert head is not None and (head.stage, head.owner, int(head.version)) == ("proposal", "sato", 3)


def test_two_systems_ids_lead_to_one_deal(new_id: Callable[[], str]) -> None:
    record_deal(entry(), DEALS, NOW, new_id)
    assert link_reference("D1", "erp", "４７")
    assert not link_reference("D1", "erp", "47")
    changed = record_deal(DealEntry(("erp", "47 "), "csv", stage="won"), DEALS, NOW + timedelta(days=1), new_id)
    assert changed.deal.id == "D1"
    record_deal(entry("A-2"), DEALS, NOW, new_id)
    with pytest.raises(Conflict, match="D1"):
        link_reference(store.find_deal_id("crm", "A-2") or "", "erp", "47")


def test_an_erased_contact_gets_no_activity_and_does_not_come_back(
    memory: MemoryTable, new_id: Callable[[], str]
) -> None:
    for lead_id in "xy":
        lead(lead_id)
    record_deal(entry(added=(("x", ""), ("y", ""))), DEALS, NOW, new_id)
    erase(memory, "x")
    record_deal(entry(stage="won"), DEALS, NOW + timedelta(days=1), new_id)
    assert not [key for key in memory.items if key[0] == keys.lead("x")]
    assert types("y") == ["deal_opened", "deal_won"]
    with pytest.raises(NotFound, match="lead x"):
        record_deal(entry("A-9", added=(("x", ""),)), DEALS, NOW, new_id)


def test_a_contact_that_is_erased_during_the_write_gets_no_activity(
    memory: MemoryTable, new_id: Callable[[], str]
) -> None:
    lead("x")
    record_deal(entry(added=(("x", ""),)), DEALS, NOW, new_id)
    memory.point = lambda _: erase(memory, "x")
    record_deal(entry(stage="won"), DEALS, NOW + timedelta(days=1), new_id)
    assert not [key for key in memory.items if key[0] == keys.lead("x")]
    assert store.load_deal("D1").is_won


def test_the_order_of_recording_does_not_depend_on_clocks(new_id: Callable[[], str]) -> None:
    record_deal(entry(), DEALS, NOW, new_id)
    record_deal(entry(stage="proposal"), DEALS, NOW - timedelta(seconds=5), new_id)
    first, second = store.load_deal("D1").history
    assert first.recorded_at < second.recorded_at


def test_a_deal_belongs_to_the_company_of_its_first_contact(new_id: Callable[[], str]) -> None:
    profile = Profile(lead("x"), "taro@sales.example.co.jp", "taro@sales.example.co.jp", "ja")
    company_id = join_by_address(profile, NOW, lambda: "C1")
    record_deal(entry(added=(("x", ""),)), DEALS, NOW, new_id)
    assert (store.load_deal("D1").company, company_of("x")) == (company_id, company_id)
    assert store.deal_ids_of_company(["C1"]) == ["D1"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"stage": "nowhere"}, "stage"),
        ({"money": Money("JPY", -1)}, "amount"),
        ({"money": Money("JPY", 10**16)}, "amount"),
        ({"effective_at": NOW + timedelta(minutes=1)}, "at"),
        ({"effective_at": NOW - timedelta(days=4000)}, "at"),
        ({"expected_close": date(2300, 1, 1)}, "expected_close"),
        ({"external_id": "  "}, "id"),
        ({"external_id": "x" * 201}, "id"),
    ],
)
def test_what_no_deal_can_have_is_refused(said: dict[str, Any], field: str, new_id: Callable[[], str]) -> None:
    with pytest.raises(Invalid) as error:
        record_deal(entry(**said), DEALS, NOW, new_id)
    assert error.value.code == field


def test_a_deal_has_a_bounded_number_of_contacts(new_id: Callable[[], str]) -> None:
    everybody = tuple((lead(f"l{number}"), "") for number in range(MOST_CONTACTS + 1))
    with pytest.raises(Invalid):
        record_deal(entry(added=everybody), DEALS, NOW, new_id)
    record_deal(entry(added=everybody[:-1]), DEALS, NOW, new_id)
    record_deal(entry(stage="won"), DEALS, NOW, new_id)
    assert types("l0") == ["deal_opened", "deal_won"]


def test_a_dry_run_writes_nothing(memory: MemoryTable, new_id: Callable[[], str]) -> None:
    assert record_deal(entry(), DEALS, NOW, new_id, dry_run=True).outcome is Outcome.OPENED
    assert not memory.items
