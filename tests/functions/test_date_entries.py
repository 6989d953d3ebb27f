"""Entries by a date of the profile in the whole system: 契約更新日の30日前."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sodate.dynamodb import table
from sodate.leads.store import ProfileItem, load_state, profile_key, state_change
from sodate.scenarios.date_entry import entry_id
from sodate.scenarios.due_entry import DateReached
from sodate.scenarios.entries import DateEntry
from sodate.scheduling import store as due

from tests.functions.quick import QuickWorld, quick_world, replay_everybody
from tests.functions.test_scenarios import FIRST, SEND, does, only_scenarios, publish, reasons, templates

RENEWAL = {"date": "secondary.renewal", "days": -30, "at": "09:00"}
AGAIN = {"re_entry": {"allow": "after_exit"}}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        yield found


def renews(world: QuickWorld, lead: str, day: str) -> None:
    table.update(profile_key(lead), [ProfileItem.secondary["renewal"].set(day)])
    world.settle()


def due_dates(world: QuickWorld) -> list[str]:
    messages = [json.loads(one["message"]) for one in world.items("due")]
    return sorted(one["day"] for one in messages if one["what"] == "date_entry")


def entered(world: QuickWorld) -> int:
    return reasons(world, "scenario_entered").count("date")


def test_a_lead_enters_at_its_date_and_not_before(world: QuickWorld) -> None:
    publish(world, SEND, entry=[RENEWAL])
    lead = world.join()
    renews(world, lead, "2027-01-31")  # 30 days before it: New Year's Day
    world.advance(datetime.fromisoformat("2027-01-01T08:59:00+09:00") - world.now)
    assert entered(world) == 0
    world.advance(timedelta(minutes=2))
    assert entered(world) == 1
    world.advance(timedelta(days=4))  # the company is closed until 01-03
    assert templates(world) == [FIRST]


def test_a_date_that_is_past_brings_nobody_in_and_costs_nothing(world: QuickWorld) -> None:
    publish(world, SEND, entry=[RENEWAL])
    lead = world.join()
    renews(world, lead, "2026-12-24")  # today at 9:00, and it is 11:00
    renews(world, world.join("jiro@example.jp"), "2026-12-01")
    assert due_dates(world) == []
    world.advance(timedelta(days=40))
    assert entered(world) == 0


def test_a_date_that_moves_moves_the_entry(world: QuickWorld) -> None:
    publish(world, SEND, entry=[RENEWAL])
    lead = world.join()
    renews(world, lead, "2027-01-15")
    renews(world, lead, "2027-02-15")
    world.advance(timedelta(days=40))  # over the first date's instant
    assert entered(world) == 0
    world.advance(timedelta(days=20))
    assert entered(world) == 1


def test_a_date_that_is_corrected_to_one_that_is_past_brings_nobody_in(world: QuickWorld) -> None:
    publish(world, SEND, entry=[RENEWAL])
    lead = world.join()
    renews(world, lead, "2027-01-15")
    renews(world, lead, "2026-01-15")
    world.advance(timedelta(days=60))
    assert entered(world) == 0


def test_the_next_year_enters_again_where_that_is_allowed(world: QuickWorld) -> None:
    publish(world, SEND, entry=[RENEWAL], **AGAIN)
    publish(world, SEND, id="once", entry=[RENEWAL])
    lead = world.join()
    for year in (2027, 2028):
        renews(world, lead, f"{year}-01-31")
        world.advance(datetime.fromisoformat(f"{year}-01-10T12:00:00+09:00") - world.now)
    enrollments = load_state(lead).enrollments
    assert enrollments["nurture"].since == "2028-01-01T00:00:00.000Z"
    assert enrollments["once"].since == "2027-01-01T00:00:00.000Z"


def test_one_date_enrolls_once_also_under_a_new_definition(world: QuickWorld) -> None:
    publish(world, SEND, entry=[RENEWAL], **AGAIN)
    lead = world.join()
    renews(world, lead, "2027-01-31")
    world.advance(timedelta(days=40))
    publish(world, SEND, entry=[{**RENEWAL, "days": -7}], **AGAIN)
    replay_everybody(world)
    assert due_dates(world)[-1:] == ["2027-01-31"]
    world.advance(timedelta(days=40))
    assert entered(world) == 1


def test_a_changed_definition_plans_who_is_there_and_leaves_out_who_is_past(world: QuickWorld) -> None:
    ahead, past = world.join(), world.join("jiro@example.jp")
    world.join("saburo@example.jp")
    renews(world, ahead, "2027-01-31")
    renews(world, past, "2026-12-01")
    publish(world, SEND, entry=[RENEWAL])
    replay_everybody(world)
    assert due_dates(world) == ["2027-01-31"]
    world.advance(timedelta(days=60))
    assert ["nurture" in load_state(lead).enrollments for lead in (ahead, past)] == [True, False]


def test_an_earlier_definition_s_entry_does_nothing(world: QuickWorld) -> None:
    publish(world, SEND, entry=[{**RENEWAL, "days": -31}])
    lead = world.join()
    renews(world, lead, "2027-01-31")
    publish(world, SEND, entry=[RENEWAL])
    replay_everybody(world)
    world.advance(datetime.fromisoformat("2026-12-31T12:00:00+09:00") - world.now)
    assert entered(world) == 0
    world.advance(timedelta(days=1))
    assert entered(world) == 1


def test_a_definition_whose_instant_has_passed_brings_nobody_in(world: QuickWorld) -> None:
    publish(world, SEND, entry=[{**RENEWAL, "days": -7}])
    renews(world, world.join(), "2026-12-20")
    publish(world, SEND, entry=[RENEWAL])
    replay_everybody(world)
    world.advance(timedelta(days=60))
    assert entered(world) == 0


def test_nobody_enters_while_the_scenario_does_not_run(world: QuickWorld) -> None:
    publish(world, SEND, entry=[RENEWAL])
    lead, other = world.join(), world.join("jiro@example.jp")
    renews(world, lead, "2027-01-15")
    renews(world, other, "2027-01-31")
    publish(world, SEND, entry=[RENEWAL], status="paused")
    world.advance(datetime.fromisoformat("2026-12-20T12:00:00+09:00") - world.now)
    publish(world, SEND, entry=[RENEWAL])
    world.advance(timedelta(days=20))
    assert "nurture" not in load_state(lead).enrollments
    assert "nurture" in load_state(other).enrollments


def test_the_entry_s_condition_is_asked_at_its_instant(world: QuickWorld) -> None:
    publish(world, SEND, entry=[{**RENEWAL, "when": {"attribute": "primary.title", "equals": "部長"}}])
    for email, title in (("taro@example.jp", "部長"), ("jiro@example.jp", "課長")):
        renews(world, world.join(email, title=title), "2027-01-31")
    world.advance(timedelta(days=45))
    assert (templates(world), templates(world, "jiro@example.jp")) == ([FIRST], [])


@pytest.mark.parametrize(("zone", "hours"), [("Pacific/Kiritimati", -5), ("Pacific/Pago_Pago", 20)])
def test_a_time_zone_that_becomes_known_moves_the_instant(world: QuickWorld, zone: str, hours: int) -> None:
    publish(world, SEND, entry=[RENEWAL])
    lead = world.join()
    renews(world, lead, "2027-01-31")
    state = load_state(lead)
    table.commit([state_change(state, state.prefer(frequency=None, language=None, zone=zone))])
    does(world, lead, "preferences_changed")
    tokyo = datetime.fromisoformat("2027-01-01T09:00:00+09:00")
    at = tokyo + timedelta(hours=hours)
    world.advance(at - timedelta(minutes=1) - world.now)
    assert entered(world) == 0
    world.advance(timedelta(minutes=2))
    assert entered(world) == 1
    world.advance(timedelta(days=2))
    assert entered(world) == 1


def test_a_repeated_record_and_a_repeated_due_entry_begin_nothing_anew(world: QuickWorld) -> None:
    publish(world, SEND, entry=[RENEWAL], re_entry={"allow": "always"})
    lead = world.join()
    renews(world, lead, "2027-01-31")
    world.advance(timedelta(days=40))
    first = load_state(lead).enrollments["nurture"]
    entry = DateEntry.model_validate(RENEWAL)
    message = DateReached(lead, "nurture", entry_id(entry), date(2027, 1, 31))
    due.plan(world.now, due.DECAY, "again", message, world.now)
    world.advance(timedelta(hours=1))
    assert load_state(lead).enrollments["nurture"].id == first.id
    assert entered(world) == 1


def test_an_unchanged_date_is_not_planned_again(world: QuickWorld) -> None:
    publish(world, SEND, entry=[RENEWAL])
    lead = world.join()
    renews(world, lead, "2027-01-31")
    for key in [key for key, item in world.table.items.items() if item["kind"]["S"] == "due"]:
        del world.table.items[key]
    table.update(profile_key(lead), [ProfileItem.secondary["note"].set("x")])
    world.settle()
    assert due_dates(world) == []


def test_an_erased_lead_is_left_alone(world: QuickWorld) -> None:
    publish(world, SEND, entry=[RENEWAL])
    lead = world.join()
    renews(world, lead, "2027-01-31")
    for key in [key for key in world.table.items if key[0] == f"LEAD#{lead}"]:
        del world.table.items[key]
    world.advance(timedelta(days=45))
    assert world.dead_letters() == [] and not any("failures" in one["message"] for one in world.items("due"))
