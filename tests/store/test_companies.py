"""Companies on the table: the first lead of a domain makes one, and a merge can be undone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest
from sodate.companies import store
from sodate.companies.company import Company
from sodate.companies.copy_attributes import copy_to_lead
from sodate.companies.join import join_by_address, put_into
from sodate.companies.manage import Description, create, describe, merge, unmerge, whole
from sodate.companies.merge_leads import give_membership_back, move_membership
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import Table
from sodate.errors import Conflict, NotFound
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import ProfileItem, load_profile, owner_item, profile_item, profile_key, state_item

from tests.fakes.table import MemoryTable

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NewId = Callable[[], str]


@pytest.fixture(autouse=True)
def memory() -> Iterator[MemoryTable]:
    memory = MemoryTable()
    Table("sodate-companies", memory).use()
    yield memory


@pytest.fixture
def new_id() -> NewId:
    numbers = count(1)
    return lambda: f"C{next(numbers)}"


def lead(lead_id: str, address: str) -> Profile:
    profile = Profile(lead_id, address, address, "ja", created=keys.stamp(NOW))
    table.put(profile_item(profile))
    table.put(state_item(ContactState(lead_id, f"key-{lead_id}")))
    return profile


def test_leads_of_one_domain_are_of_one_company(new_id: NewId) -> None:
    first = join_by_address(lead("x", "taro@example.co.jp"), NOW, new_id)
    second = join_by_address(lead("y", "hanako@tokyo.example.co.jp"), NOW, new_id)
    assert first == second == "C1"
    assert store.members_of(["C1"]) == ["x", "y"]
    assert [company.title for company in store.companies()] == ["example.co.jp"]
    assert join_by_address(lead("z", "z@gmail.com"), NOW, new_id) is None


def test_a_repeat_writes_nothing(memory: MemoryTable, new_id: NewId) -> None:
    profile = lead("x", "taro@example.co.jp")
    join_by_address(profile, NOW, new_id)
    before = dict(memory.items)
    join_by_address(profile, NOW, new_id)
    assert dict(memory.items) == before


def test_two_first_leads_at_once_make_one_company(memory: MemoryTable, new_id: NewId) -> None:
    one, other = lead("x", "taro@example.co.jp"), lead("y", "hanako@example.co.jp")

    def meanwhile(_: str) -> None:
        memory.point = lambda _: None
        join_by_address(other, NOW, new_id)

    memory.point = meanwhile
    join_by_address(one, NOW, new_id)
    (company,) = store.companies()
    assert store.members_of([company.id]) == ["x", "y"]


def test_a_lead_that_changes_its_employer_changes_its_company(new_id: NewId) -> None:
    join_by_address(lead("x", "taro@example.co.jp"), NOW, new_id)
    join_by_address(lead("x", "taro@other.co.jp"), NOW, new_id)
    assert (store.company_of("x"), store.members_of(["C1"])) == ("C2", [])
    join_by_address(lead("x", "taro@gmail.com"), NOW, new_id)
    assert store.company_of("x") == "C2"


def test_an_operators_word_is_not_overruled_by_a_domain(new_id: NewId) -> None:
    profile = lead("x", "taro@example.co.jp")
    company = create(Description({"name": "親会社"}), NOW, new_id)
    assert put_into("x", company.id, NOW) and not put_into("x", company.id, NOW)
    assert join_by_address(profile, NOW, new_id) == company.id
    with pytest.raises(NotFound):
        put_into("x", "nowhere", NOW)


def test_a_lead_that_is_erased_meanwhile_does_not_come_back(memory: MemoryTable, new_id: NewId) -> None:
    profile = lead("x", "taro@example.co.jp")

    def erase(_: str) -> None:
        for key in [key for key in memory.items if key[0] == keys.lead("x")]:
            memory.forget(key)

    memory.point = erase
    assert join_by_address(profile, NOW, new_id) is None
    assert not memory.items


def test_a_domain_belongs_to_one_company(new_id: NewId) -> None:
    create(Description({}, domains=["example.co.jp"], external=[("crm", "A-1")]), NOW, new_id)
    for taken in (Description({}, domains=["example.co.jp"]), Description({}, external=[("crm", "A-1")])):
        with pytest.raises(Conflict, match="C1"):
            create(taken, NOW, new_id)
    other = create(Description({}, domains=["other.jp"]), NOW, new_id)
    with pytest.raises(Conflict, match="C1"):
        describe(other.id, Description({}, domains=["example.co.jp"]))
    assert join_by_address(lead("x", "x@example.co.jp"), NOW, new_id) == "C1"


def test_a_merge_is_undone_without_a_loss(new_id: NewId) -> None:
    join_by_address(lead("x", "taro@example.co.jp"), NOW, new_id)
    join_by_address(lead("y", "hanako@example.com"), NOW, new_id)
    before = store.companies()
    merge("C1", "C2", "operator", NOW)
    assert whole("C2")[0].id == "C1" and store.members_of(whole("C2")[1]) == ["x", "y"]
    assert merge("C1", "C2", "operator", NOW).absorbed == ("C2",), "a repeat is none"
    assert join_by_address(lead("z", "z@example.com"), NOW, new_id) == "C2"
    assert unmerge("C2", "operator", NOW)[1]
    assert store.companies() == before
    assert store.members_of(whole("C2")[1]) == ["y", "z"]
    after, has_changed = unmerge("C2", "operator", NOW)
    assert (after.id, has_changed) == ("C2", False), "a repeat is none"
    assert store.companies() == before


def test_a_concurrent_merge_is_refused(memory: MemoryTable, new_id: NewId) -> None:
    for name in ("a", "b", "c"):
        create(Description({"name": name}), NOW, new_id)

    def meanwhile(_: str) -> None:
        memory.point = lambda _: None
        merge("C3", "C2", None, NOW)

    memory.point = meanwhile
    with pytest.raises(Conflict):
        merge("C1", "C2", None, NOW)
    assert store.load_company("C1")[0] == Company("C1", "a", created=keys.stamp(NOW))


def copied(lead_id: str) -> dict[str, object]:
    return load_profile(lead_id).company


def test_what_is_known_of_a_company_is_copied_to_its_leads(new_id: NewId) -> None:
    join_by_address(lead("x", "taro@example.co.jp"), NOW, new_id)
    assert copied("x") == {}
    describe("C1", Description({"industry": "製造業", "employees": "１，２００名"}))
    assert copied("x") == {"industry": "製造業", "employees": 1200}
    join_by_address(lead("y", "hanako@example.co.jp"), NOW, new_id)
    assert copied("y") == copied("x"), "a lead that comes later gets them too"
    describe("C1", Description({"industry": "", "employees": ""}))
    assert copied("x") == copied("y") == {}


def test_a_lead_that_moves_has_the_attributes_of_its_new_company_only(new_id: NewId) -> None:
    join_by_address(lead("x", "taro@example.co.jp"), NOW, new_id)
    describe("C1", Description({"industry": "製造業"}))
    moved = replace(load_profile("x"), mailbox="taro@other.co.jp")
    join_by_address(moved, NOW, new_id)
    assert copied("x") == {}
    other = create(Description({"region": "関東"}), NOW, new_id)
    put_into("x", other.id, NOW)
    assert copied("x") == {"region": "関東"}


def test_a_part_shows_its_leads_what_the_whole_says_and_its_own_where_that_says_nothing(new_id: NewId) -> None:
    join_by_address(lead("x", "taro@example.co.jp"), NOW, new_id)
    join_by_address(lead("y", "hanako@example.com"), NOW, new_id)
    describe("C1", Description({"industry": "製造業"}))
    describe("C2", Description({"industry": "金融", "region": "関西"}))
    merge("C1", "C2", "operator", NOW)
    assert (copied("x"), copied("y")) == ({"industry": "製造業"}, {"industry": "製造業", "region": "関西"})
    describe("C1", Description({"industry": "小売"}))
    assert copied("y")["industry"] == "小売"
    unmerge("C2", "operator", NOW)
    assert copied("y") == {"industry": "金融", "region": "関西"}


def test_of_two_concurrent_copies_the_newer_one_stays(memory: MemoryTable, new_id: NewId) -> None:
    """One reads the old company, the other changes it and copies, then the first one writes."""
    join_by_address(lead("x", "taro@example.co.jp"), NOW, new_id)
    describe("C1", Description({"industry": "製造業"}))
    table.update(profile_key("x"), [ProfileItem.company.remove()], ProfileItem.created.exists())

    def meanwhile(_: str) -> None:
        memory.point = lambda _: None
        describe("C1", Description({"industry": "金融"}))

    memory.point = meanwhile
    copy_to_lead("x")
    assert copied("x") == {"industry": "金融"}


def test_an_erased_lead_gets_no_copy(memory: MemoryTable, new_id: NewId) -> None:
    join_by_address(lead("x", "taro@example.co.jp"), NOW, new_id)
    memory.forget((keys.lead("x"), keys.PROFILE))
    describe("C1", Description({"industry": "製造業"}))
    assert (keys.lead("x"), keys.PROFILE) not in memory.items


# -- merged leads ------------------------------------------------------------------------------------------------------


def merge_lead(lead_id: str, stays: str) -> None:
    """As `sodate lead merge` leaves it: blocked, and its address leads to the lead that stays."""
    table.put(state_item(ContactState(lead_id, f"key-{lead_id}", blocked="merged")))
    table.put(owner_item(f"key-{lead_id}", stays))


def test_a_merged_lead_joins_no_company_and_an_operators_word_goes_to_the_lead_that_stays(new_id: NewId) -> None:
    merged = lead("x", "taro@example.co.jp")
    lead("y", "taro@gmail.com")
    merge_lead("x", "y")
    assert join_by_address(merged, NOW, new_id) is None
    assert (store.companies(), store.company_of("x")) == ([], None)
    company = create(Description({"name": "親会社"}), NOW, new_id)
    assert put_into("x", company.id, NOW)
    assert (store.members_of([company.id]), store.company_of("x")) == (["y"], None)


def test_a_lead_that_is_merged_meanwhile_joins_no_company(memory: MemoryTable, new_id: NewId) -> None:
    profile = lead("x", "taro@example.co.jp")
    lead("y", "taro@gmail.com")

    def meanwhile(_: str) -> None:
        memory.point = lambda _: None
        merge_lead("x", "y")

    memory.point = meanwhile
    assert join_by_address(profile, NOW, new_id) is None
    assert store.companies() == []


def test_an_operators_word_is_stronger_than_an_address_and_a_merge(new_id: NewId) -> None:
    profile = lead("x", "taro@example.co.jp")
    join_by_address(profile, NOW, new_id)
    assert put_into("x", "C1", NOW), "the reason has changed"
    assert not put_into("x", "C1", NOW)
    assert store.members_of(["C1"]) == ["x"]
    moved = replace(profile, mailbox="taro@other.co.jp")
    assert join_by_address(moved, NOW, new_id) == "C1"


def given(new_id: NewId, *companies: str) -> None:
    """S has no company; each of A, B … is of the company with this domain, and was merged into S in this order."""
    lead("S", "taro@gmail.com")
    for name, domain in zip("ABC", companies, strict=False):
        join_by_address(lead(name, f"taro@{domain}"), NOW, new_id)
        move_membership("S", name, NOW)


def test_the_undoing_of_one_merge_leaves_what_the_other_one_gave(new_id: NewId) -> None:
    given(new_id, "one.co.jp", "other.co.jp")
    give_membership_back("S", "B", ["A"], NOW)
    assert (store.company_of("S"), store.members_of(["C1"]), store.members_of(["C2"])) == ("C1", ["S"], ["B"])
    give_membership_back("S", "A", [], NOW)
    assert (store.company_of("S"), store.members_of(["C1"]), store.members_of(["C2"])) == (None, ["A"], ["B"])


@pytest.mark.parametrize("other", ["other.co.jp", "one.co.jp"])
def test_what_the_other_merge_would_have_given_is_given_then(new_id: NewId, other: str) -> None:
    given(new_id, "one.co.jp", other)
    company = store.company_of("B")
    for _ in range(2):
        give_membership_back("S", "A", ["B"], NOW)
        assert store.company_of("S") == company and "S" in store.members_of([str(company)])
        assert "A" in store.members_of(["C1"])
    give_membership_back("S", "B", [], NOW)
    assert store.company_of("S") is None


def test_the_undoing_of_a_merge_that_gave_nothing_changes_nothing(new_id: NewId) -> None:
    given(new_id, "one.co.jp", "other.co.jp", "third.co.jp")
    give_membership_back("S", "C", ["B", "A"], NOW)
    assert store.company_of("S") == "C1"


def test_what_an_operator_has_said_since_is_not_taken_back(new_id: NewId) -> None:
    given(new_id, "one.co.jp")
    assert put_into("S", "C1", NOW)
    give_membership_back("S", "A", [], NOW)
    assert store.members_of(["C1"]) == ["A", "S"]


# -- copies that were cut off ------------------------------------------------------------------------------------------


def test_a_change_that_leads_do_not_copy_writes_nothing_of_them(memory: MemoryTable, new_id: NewId) -> None:
    join_by_address(lead("x", "taro@example.co.jp"), NOW, new_id)
    describe("C1", Description({"industry": "製造業"}))
    done: list[str] = []
    memory.point = done.append
    assert describe("C1", Description({}, domains=["example.com"]))[1]
    assert not describe("C1", Description({"industry": "製造業"}))[1]
    assert done == ["before Transaction", "after Transaction"], "not even a write that its condition refuses"


class Cut(Exception):
    pass


def test_the_same_command_again_completes_one_that_was_cut_off(memory: MemoryTable, new_id: NewId) -> None:
    for number in range(3):
        join_by_address(lead(f"x{number}", f"x{number}@example.co.jp"), NOW, new_id)
    writes = count(1)

    def cut(_: str) -> None:
        if next(writes) == 3:
            raise Cut

    memory.point = cut
    with pytest.raises(Cut):
        describe("C1", Description({"industry": "製造業"}))
    memory.point = lambda _: None
    assert [copied(f"x{number}") for number in range(3)].count({"industry": "製造業"}) < 3
    assert describe("C1", Description({"industry": "製造業"}))[1]
    assert [copied(f"x{number}") for number in range(3)] == [{"industry": "製造業"}] * 3
    assert not describe("C1", Description({"industry": "製造業"}))[1]


def test_a_repeated_word_of_an_operator_copies_what_was_not_copied(memory: MemoryTable, new_id: NewId) -> None:
    lead("x", "taro@gmail.com")
    company = create(Description({"industry": "製造業"}), NOW, new_id)
    writes = count(1)

    def cut(_: str) -> None:
        if next(writes) == 2:
            raise Cut

    memory.point = cut
    with pytest.raises(Cut):
        put_into("x", company.id, NOW)
    memory.point = lambda _: None
    assert copied("x") == {}
    assert put_into("x", company.id, NOW) and not put_into("x", company.id, NOW)
    assert copied("x") == {"industry": "製造業"}
