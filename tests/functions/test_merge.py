"""Two leads that a person says are one: one log, one consent, one set of caps; and back, as if nothing had been."""

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sodate.companies.join import put_into
from sodate.companies.manage import Description, create, describe
from sodate.companies.store import company_of, members_of
from sodate.deals.definition import Deals
from sodate.deals.entry import DealEntry
from sodate.deals.record import record_deal
from sodate.deals.store import load_deal
from sodate.dynamodb import keys, table
from sodate.errors import Conflict, Invalid, NotFound, Transient
from sodate.kpis.email_counts import ALL
from sodate.kpis.period import parse_period
from sodate.kpis.read import read
from sodate.kpis.verify import verify
from sodate.leads.address import external_key
from sodate.leads.store import load_profile, owner_of
from sodate.privacy.merge import Merged, Merger
from sodate.reports.lead_record import Span
from sodate.reports.read_leads import record_of
from sodate.scoring.rescore import live_rules, replayed
from sodate.segments.membership_update import Occasion
from sodate.segments.refresh import Live, refresh

from tests.functions.quick import QuickWorld
from tests.functions.test_erase import erase
from tests.functions.test_scenarios import does, only_scenarios, publish
from tests.support.privacy import SECRET, eraser_of, key_of_address, make_buckets
from tests.support.world import Json

OLD, NEW = "taro@old.example.jp", "taro@example.jp"
#: What a merge and its undoing add: three activities, and what time and folding again touch.
_LEFT_BEHIND = ("lead_merged", "merged_into", "lead_unmerged")
_OF_LEADS = ("LEAD#", "EMAIL#", "EXTERNAL#", "MEMBERS#", "SUPPRESSION#")


def merger(world: QuickWorld) -> Merger:
    return Merger(world.app.definitions, lambda source, id_: external_key(source, id_, SECRET), world.now)


@pytest.fixture
def two(world: QuickWorld) -> tuple[str, str]:
    """The lead that stays, and the older one that clicked a price."""
    old = world.join(OLD, form="demo", title="経営者・役員", phone="03-5551-2345")
    world.advance(timedelta(days=3))
    for mail in world.mails_to(OLD):
        for link in [link for link in mail.links if "/pricing" in link or "www.example.jp" in link][:1]:
            world.ses.simulator.click(mail.message_id, link)
    world.settle()
    new = world.join(NEW)
    return new, old


def merge(world: QuickWorld, two: tuple[str, str]) -> Merged:
    merged = merger(world).merge(*two, "same-person")
    world.settle()
    return merged


def unmerge(world: QuickWorld, two: tuple[str, str]) -> Merged:
    undone = merger(world).unmerge(*two)
    world.settle()
    return undone


def log(world: QuickWorld, lead_id: str) -> list[Json]:
    return [one for one in world.items("activity") if one["pk"] == keys.lead(lead_id)]


def snapshot(world: QuickWorld) -> dict[Any, Any]:
    """What is stored of leads, but the log's entries about merging, and the version of scores."""
    return {
        (item["pk"], item["sk"]): {name: value for name, value in item.items() if name not in ("version", "updated")}
        for item in world.items()
        if item["pk"].startswith(_OF_LEADS) and item.get("type") not in _LEFT_BEHIND
    }


def _without_owner(item: Json) -> Json:
    return {name: value for name, value in item.items() if not (item["kind"] == "profile" and name == "owner")}


def facts_of(item: Json) -> Json:
    facts = json.loads(item.get("facts_json") or "{}")
    return {name: value for name, value in facts.items() if name != "l"}


def test_to_undo_a_merge_gives_every_item_as_it_was(world: QuickWorld, two: tuple[str, str]) -> None:
    before = snapshot(world)
    assert merge(world, two).copied > 1
    assert snapshot(world) != before
    assert unmerge(world, two).copied > 1
    after = snapshot(world)
    assert after.keys() >= before.keys()
    left = {item["kind"] for key, item in after.items() if key not in before}
    assert left <= {"signal", "conversation", "send"}, "the merge made it hot: what sales was told cannot be untold"
    for key, item in before.items():
        if item["kind"] == "score":
            assert facts_of(item) == facts_of(after[key])
            assert (item["total"], item["rank"], item["phase"]) == (
                after[key]["total"], after[key]["rank"], after[key]["phase"],
            )  # fmt: skip
        else:
            assert _without_owner(after[key]) == _without_owner(item), key


def test_the_score_of_the_lead_that_stays_folds_over_both_logs(world: QuickWorld, two: tuple[str, str]) -> None:
    new, old = two
    single = int(world.score(new)["total"])
    merge(world, two)
    assert int(world.score(new)["total"]) > single
    state = replayed(new, live_rules(world.app.definitions), world.now)
    assert json.loads(world.score(new)["state_json"]) == json.loads(json.dumps(json.loads(state_text(state))))
    assert {one["copied_from"] for one in log(world, new) if "copied_from" in one} == {old}


def state_text(state: Any) -> str:
    from sodate.scoring.score_state import dumped

    return str(dumped(state))


def test_copies_start_no_scenario_and_count_in_no_report(world: QuickWorld, two: tuple[str, str]) -> None:
    new, _ = two
    before = dict(world.state(new)["enrollments"])
    merge(world, two)
    assert set(world.state(new)["enrollments"]) == set(before)
    copies = [one for one in log(world, new) if "copied_from" in one]
    assert {one["type"] for one in copies} >= {"form_submitted", "opt_in_confirmed"}


def test_no_scenario_begins_because_of_what_the_other_lead_did_long_ago(world: QuickWorld) -> None:
    only_scenarios(world)
    publish(world, {"id": "wait", "wait": {"days": 30}}, entry=[{"on": {"activity": "seminar_registered"}}])
    old, new = world.join(OLD), world.join(NEW)
    does(world, old, "seminar_registered", seminar="spring")
    assert "nurture" in world.state(old)["enrollments"]
    world.now += timedelta(minutes=1)
    merge(world, (new, old))
    assert "seminar_registered" in {one["type"] for one in log(world, new)}
    assert "nurture" not in world.state(new)["enrollments"]


def test_the_merged_lead_gets_no_email_and_its_address_leads_to_the_other(
    world: QuickWorld, two: tuple[str, str]
) -> None:
    new, old = two
    merge(world, two)
    sent = len(world.mails_to(OLD))
    world.advance(timedelta(days=40))
    assert len(world.mails_to(OLD)) == sent
    assert owner_of(key_of_address(OLD)) == new
    assert world.state(old)["blocked"] == "merged"


def test_an_opt_out_of_either_holds_for_both(world: QuickWorld, two: tuple[str, str]) -> None:
    new, _ = two
    mail = world.mails_to(OLD)[-1]
    one_click = {"content-type": "application/x-www-form-urlencoded"}
    world.visit(world.unsubscribe_url(mail), "POST", "List-Unsubscribe=One-Click", **one_click)
    world.settle()
    merge(world, two)
    assert world.state(new)["blocked"] == "unsubscribed"
    unmerge(world, two)
    assert world.state(new).get("blocked") is None


@pytest.mark.parametrize("how", ["one click", "preferences", "complaint"])
def test_who_stops_by_an_email_to_the_merged_lead_gets_none_by_the_other_one(
    world: QuickWorld, two: tuple[str, str], how: str
) -> None:
    new, _ = two
    mail = world.mails_to(OLD)[-1]
    merge(world, two)
    form = {"content-type": "application/x-www-form-urlencoded"}
    if how == "one click":
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert (
            world.visit(world.unsubscribe_url(mail), "POST", "List-Unsubscribe=One-Click", **form)["statusCode"] == 200
        )
    elif how == "preferences":
        world.visit(world.link(mail, "/preferences/"), "POST", "do=stop", **form)
    else:
        world.ses.simulator.complain(mail.message_id)
    world.settle()
    for lead in two:
        state = world.state(lead)
        assert set(state["topics"].values()) == {"withdrawn"} or state["blocked"] == "complaint"
    assert world.state(new)["blocked"] == ("complaint" if how == "complaint" else "unsubscribed")
    sent = len(world.mails_to(NEW))
    world.advance(timedelta(days=20))
    assert len(world.mails_to(NEW)) == sent


def test_a_lead_that_is_not_to_be_recorded_is_not_recorded_after_a_merge(
    world: QuickWorld, two: tuple[str, str]
) -> None:
    new, _ = two
    before = world.state(new).get("tracking")
    mail = world.mails_to(OLD)[-1]
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert world.visit(world.link(mail, "/preferences/"), "POST", "tracking=off", **form)["statusCode"] == 200
    merge(world, two)
    (profile,) = [one for one in world.items("profile") if one["pk"] == keys.lead(new)]
    assert (world.state(new)["tracking"], profile["tracking"]) == ("off", "off")
    unmerge(world, two)
    (profile,) = [one for one in world.items("profile") if one["pk"] == keys.lead(new)]
    assert (world.state(new).get("tracking"), profile.get("tracking")) == (before, before)


def test_a_merged_lead_is_not_erased_by_itself(world: QuickWorld, two: tuple[str, str]) -> None:
    new, old = two
    make_buckets()
    merge(world, two)
    with pytest.raises(Conflict, match=f"was merged into lead {new}"):
        eraser_of(world).erase(old, "", "subject-request", "editor")
    assert world.state(old)["blocked"] == "merged"


def test_a_repeat_copies_what_came_since(world: QuickWorld, two: tuple[str, str]) -> None:
    first = merge(world, two)
    mail = world.mails_to(OLD)[-1]
    world.ses.simulator.open(mail.message_id)
    world.settle()
    again = merge(world, two)
    assert (again.is_repeat, again.copied >= first.copied) == (True, True)
    assert len([one for one in log(world, two[0]) if one["type"] == "lead_merged"]) == 1


@pytest.mark.parametrize("calls", range(4, 60, 4))
def test_an_undoing_that_is_cut_off_is_completed_by_the_same_command(
    world: QuickWorld, two: tuple[str, str], calls: int
) -> None:
    """Otherwise a lead that is emailed again would be in no KPI."""
    merge(world, two)
    left = iter([True] * calls)

    def cut_off(_: str) -> None:
        if not next(left, False):
            raise Transient("cut off")

    world.table.point = cut_off
    with suppress(Transient):
        merger(world).unmerge(*two)
    world.table.point = lambda _: None
    with suppress(NotFound):  # the first call did all of it
        merger(world).unmerge(*two)
    world.settle()
    assert world.state(two[1]).get("blocked") != "merged"
    assert not world.score(two[1]).get("merged_into")


def test_a_lead_that_is_merged_before_scoring_came_to_it_is_known_as_merged(
    world: QuickWorld, two: tuple[str, str]
) -> None:
    table.delete_many([(keys.lead(two[1]), keys.SCORE)])
    merge(world, two)
    assert world.score(two[1])["merged_into"] == two[0]


def test_what_cannot_be_merged_is_refused(world: QuickWorld, two: tuple[str, str]) -> None:
    new, old = two
    with pytest.raises(Invalid):
        merger(world).merge(new, new, "x")
    with pytest.raises(NotFound):
        merger(world).unmerge(new, old)
    merge(world, two)
    third = world.join("third@example.jp")
    with pytest.raises(Conflict):
        merger(world).merge(third, old, "x")
    with pytest.raises(Conflict, match="undo that first"):
        merger(world).merge(third, new, "x")


def test_reports_count_what_the_merged_lead_did_once(world: QuickWorld, two: tuple[str, str]) -> None:
    span = Span(world.now - timedelta(days=30), world.now + timedelta(days=1))
    did = [records(world, lead, span) for lead in two]
    assert sum(did) > 0
    merge(world, two)
    assert [records(world, lead, span) for lead in two] == did


def test_one_person_is_one_lead_in_the_counters(world: QuickWorld, two: tuple[str, str]) -> None:
    def leads() -> int:
        world.advance(timedelta(minutes=5))
        world.settle()
        return int(read(ALL, parse_period(f"{world.now:%Y-%m}")).counts.get("reached_lead", 0))

    assert leads() == 2
    merge(world, two)
    assert leads() == 1
    world.now += timedelta(hours=1)
    refresh(two[1], Live.of(world.app.definitions), Occasion(has_copies=True), world.now)
    assert leads() == 1, "the score of the merged lead, made anew, counts nothing"
    unmerge(world, two)
    assert leads() == 2
    assert verify().differences == []


def records(world: QuickWorld, lead: str, span: Span) -> int:
    """Forms and clicks of the lead's record in a report."""
    rows = list(table.rows_of(keys.lead(lead)))
    return sum(one.type in ("form_submitted", "mail_clicked") for one in record_of(rows, span).log)


def test_an_erasure_of_the_lead_that_stays_erases_the_merged_one(world: QuickWorld, two: tuple[str, str]) -> None:
    make_buckets()
    merge(world, two)
    erase(world, NEW)
    text = json.dumps(world.items(), default=str, ensure_ascii=False)
    assert OLD not in text
    assert NEW not in text
    assert not [item for item in world.items() if item["kind"] in ("profile", "state", "score")]


# -- company, deals, scenarios -----------------------------------------------------------------------------------------


def contacts_of(deal_id: str) -> dict[str, str]:
    return {contact.lead_id: contact.role for contact in load_deal(deal_id).contacts}


def opened(world: QuickWorld, number: int, **contacts: str) -> str:
    entry = DealEntry(("crm", f"D-{number}"), "csv", stage="proposal", added=tuple(contacts.items()))
    return record_deal(entry, Deals(), world.now, lambda: f"DEAL{number}").deal.id


@pytest.fixture
def colleagues(world: QuickWorld) -> tuple[str, str]:
    """The lead that stays has a private address, the other one is of a company."""
    world.join("taro@corp.co.jp")
    world.join("taro.private@gmail.com")
    return world.lead_id("taro.private@gmail.com"), world.lead_id("taro@corp.co.jp")


def test_the_lead_that_stays_takes_the_place_in_the_company_and_gives_it_back(
    world: QuickWorld, colleagues: tuple[str, str]
) -> None:
    new, old = colleagues
    company = str(company_of(old))
    describe(company, Description({"industry": "製造業"}))
    world.settle()
    before = snapshot_of(world, "COMPANY#")
    assert company_of(new) is None
    for _ in range(2):
        merge(world, colleagues)
        assert (members_of([company]), company_of(new)) == ([new], company)
        assert load_profile(new).company == {"industry": "製造業"}
    unmerge(world, colleagues)
    assert (members_of([company]), company_of(new), company_of(old)) == ([old], None, company)
    assert (load_profile(new).company, load_profile(old).company) == ({}, {"industry": "製造業"})
    assert snapshot_of(world, "COMPANY#") == before


def snapshot_of(world: QuickWorld, prefix: str) -> list[Json]:
    return sorted(
        (one for one in world.items() if one["pk"].startswith(prefix)), key=lambda one: (one["pk"], one["sk"])
    )


def test_a_lead_keeps_its_own_company_and_the_merged_one_is_counted_in_none(
    world: QuickWorld, two: tuple[str, str]
) -> None:
    new, old = two
    mine, theirs = str(company_of(new)), str(company_of(old))
    if mine == theirs:
        theirs = create(Description({"name": "子会社"}), world.now, lambda: "OTHER").id
        put_into(old, theirs, world.now)
    merge(world, two)
    assert (members_of([mine]), members_of([theirs])) == ([new], [])
    unmerge(world, two)
    assert (members_of([mine]), members_of([theirs])) == ([new], [old])


def test_deals_have_the_lead_that_stays_as_their_contact_and_get_the_other_one_back(
    world: QuickWorld, two: tuple[str, str]
) -> None:
    new, old = two
    single, shared = opened(world, 1, **{old: "user"}), opened(world, 2, **{old: "user", new: "decision_maker"})
    world.now += timedelta(minutes=1)
    then = world.now
    world.now += timedelta(minutes=1)
    for _ in range(2):
        merge(world, two)
        assert (contacts_of(single), contacts_of(shared)) == ({new: "user"}, {new: "decision_maker"})
        assert [len(load_deal(deal).history) for deal in (single, shared)] == [2, 2], "a repeat changes nothing"
    past = load_deal(single).as_of(then)
    assert past is not None and past.lead_ids == (old,), "a report of a past day says what it said"
    world.now += timedelta(minutes=1)
    unmerge(world, two)
    assert (contacts_of(single), contacts_of(shared)) == ({old: "user"}, {old: "user", new: "decision_maker"})
    world.now += timedelta(minutes=1)
    merge(world, two)
    assert (contacts_of(single), contacts_of(shared)) == ({new: "user"}, {new: "decision_maker"})


def test_a_contact_that_was_taken_off_a_deal_since_stays_off_it(world: QuickWorld, two: tuple[str, str]) -> None:
    new, old = two
    deal = opened(world, 1, **{old: "user"})
    world.now += timedelta(minutes=1)
    merge(world, two)
    world.now += timedelta(minutes=1)
    record_deal(DealEntry(("crm", "D-1"), "csv", removed=(new,)), Deals(), world.now, lambda: "never")
    unmerge(world, two)
    assert contacts_of(deal) == {}


@pytest.mark.parametrize("first", [0, 1])
def test_the_undoing_of_one_merge_leaves_the_lead_where_the_other_merge_put_it(
    world: QuickWorld, two: tuple[str, str], first: int
) -> None:
    new, old = two
    other = world.join("taro@third.example.jp")
    deal = opened(world, 1, **{old: "user", other: "decision_maker"})
    for joins in (old, other):
        world.now += timedelta(minutes=1)
        merge(world, (new, joins))
    assert contacts_of(deal) == {new: "user"}
    roles = {old: "user", other: "decision_maker"}
    one, last = (old, other) if first == 0 else (other, old)
    world.now += timedelta(minutes=1)
    unmerge(world, (new, one))
    assert contacts_of(deal) == {one: roles[one], new: roles[last]}
    world.now += timedelta(minutes=1)
    unmerge(world, (new, last))
    assert contacts_of(deal) == roles


def test_the_merged_lead_is_in_no_scenario_any_more(world: QuickWorld) -> None:
    only_scenarios(world)
    publish(world, {"id": "wait", "wait": {"days": 3}}, entry=[{"on": {"activity": "seminar_registered"}}])
    old, new = world.join(OLD), world.join(NEW)
    does(world, old, "seminar_registered", seminar="spring")
    world.now += timedelta(minutes=1)
    merge(world, (new, old))
    enrollment = world.state(old)["enrollments"]["nurture"]
    assert (enrollment["end"], enrollment["step"]) == ("merged", enrollment["n"])
    (ended,) = [one for one in log(world, old) if one["type"] == "scenario_ended"]
    assert ended["about"]["reason"] == "merged"
    unmerge(world, (new, old))
    world.advance(timedelta(days=5))
    assert world.state(old)["enrollments"]["nurture"]["end"] == "merged", "it does not begin again"
    assert world.dead_letters() == []
