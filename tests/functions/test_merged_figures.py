"""Two leads that are merged, and apart again, in the figures of campaigns: on a stage, as of any moment."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sodate.campaigns.attribution_rules import AttributionModel
from sodate.campaigns.export_conversions import export_again, export_conversions
from sodate.campaigns.gather import Wanted, gather
from sodate.campaigns.results import results
from sodate.deals.store import every_deal_of
from sodate.dynamodb import table
from sodate.leads.store import StateItem, state_key
from sodate_cli import kpis as kpi_command

from tests.functions.quick import QuickWorld
from tests.functions.test_campaigns import MARKED, converted, log, stage, won
from tests.functions.test_campaigns import run as campaign
from tests.functions.test_kpi_command import run as kpi
from tests.functions.test_merge import merge, unmerge

__all__ = ["stage"]


def later(world: QuickWorld) -> datetime:
    """A moment between what was done and what will be done."""
    world.advance(timedelta(minutes=3))
    moment = world.now
    world.advance(timedelta(minutes=3))
    return moment


def figures(world: QuickWorld, as_of: datetime, model: AttributionModel = AttributionModel.LINEAR) -> dict[str, Any]:
    found = results(gather(world.app.definitions, Wanted(as_of), every_deal_of), as_of, model)
    (one,) = [one for one in found.campaigns if one.id == "autumn"]
    counts = one.figures
    return {
        "leads": counts.leads, "conversions": counts.conversions, "deals": counts.deals, "members": one.members,
        "revenue": sum(money.amount for money in counts.revenue),
        "rest": sum(money.amount for money in (*found.other, *found.unattributed)),
    }  # fmt: skip


@pytest.fixture
def leads(stage: QuickWorld) -> tuple[str, str]:
    """The lead that stays, and the other one; both came by the campaign, and both are contacts of a won deal."""
    old = stage.join("taro@old.example.jp", **MARKED)
    log(stage, old, "meeting_set")
    later(stage)
    new = stage.join("taro@example.jp", **MARKED)
    won(stage, old, 480_000)
    later(stage)
    return new, old


def test_a_merge_counts_one_lead_and_its_undoing_two_again_as_of_any_moment(
    stage: QuickWorld, leads: tuple[str, str]
) -> None:
    reported = {(now := later(stage)): figures(stage, now)}
    merge(stage, leads)
    reported[now] = figures(stage, now := later(stage))
    for moment, found in reported.items():
        assert figures(stage, moment) == found
    unmerge(stage, leads)
    reported[now] = figures(stage, now := later(stage))
    before, between, after = reported.values()
    assert (before["leads"], between["leads"], after["leads"]) == (2, 1, 2)
    assert [one["conversions"] for one in (before, between, after)] == [1, 1, 1]
    assert [one["revenue"] for one in (before, between, after)] == [480_000] * 3
    assert after == before
    for moment, found in reported.items():
        assert figures(stage, moment) == found


def test_the_lead_that_stays_is_found_though_no_campaign_reached_it(stage: QuickWorld) -> None:
    old = stage.join("taro@old.example.jp", **MARKED)
    later(stage)
    new = stage.join("taro@example.jp")
    won(stage, new, 100_000)
    moment = later(stage)
    apart = figures(stage, moment)
    assert (apart["leads"], apart["revenue"]) == (1, 0)
    merge(stage, (new, old))
    together, then = figures(stage, later(stage)), stage.now
    assert (together["leads"], together["revenue"], together["rest"]) == (1, 100_000, 0)
    unmerge(stage, (new, old))
    assert figures(stage, later(stage)) == apart
    assert (figures(stage, moment), figures(stage, then)) == (apart, together)


def test_what_a_merged_lead_did_is_in_the_kpis_of_its_campaign_once(
    stage: QuickWorld, leads: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kpi_command, "target", lambda _: None)
    monkeypatch.setattr(kpi_command, "now", lambda _: stage.now)

    def shown() -> list[Any]:
        found = {row["kpi"]: row["value"] for row in kpi("show", "campaign:autumn", "--json")["kpis"]}
        return [found[name] for name in ("conversions", "acquired_leads", "leads")]

    before = shown()
    assert before == [2, 2, 2]
    merge(stage, leads)
    assert shown() == [2, 1, 1]
    unmerge(stage, leads)
    assert shown() == before


def test_a_conversion_of_a_merged_lead_is_sent_as_the_lead_that_stays_wishes(stage: QuickWorld) -> None:
    old, new = converted(stage), stage.join("taro@new.example.jp")
    later(stage)
    merge(stage, (new, old))
    (row,) = export_conversions("google", stage.app.definitions, "b1", stage.now).rows
    assert (row.conversion.lead_id, row.ids) == (old, {"gclid": MARKED["_gclid"]})
    table.update(state_key(new), [StateItem.blocked.set("complaint")])
    assert export_again("google", stage.app.definitions, "b1", stage.now).set_aside == {"objected": 1}
    table.update(state_key(new), [StateItem.blocked.remove()])
    table.update(state_key(old), [StateItem.blocked.set("complaint")])
    assert export_again("google", stage.app.definitions, "b1", stage.now).set_aside == {"objected": 1}


def test_the_list_of_members_has_a_merged_lead_once(stage: QuickWorld, leads: tuple[str, str]) -> None:
    new, old = leads
    assert {one["lead"] for one in listed(stage)} == {new, old}
    merge(stage, leads)
    (one,) = listed(stage)
    assert (one["lead"], one["email"], one["status"]) == (new, "taro@example.jp", "converted")
    unmerge(stage, leads)
    assert {one["lead"] for one in listed(stage)} == {new, old}


def listed(world: QuickWorld) -> list[dict[str, Any]]:
    world.settle()
    return list(campaign("members", "autumn", "--json")["members"])
