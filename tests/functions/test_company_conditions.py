"""Conditions ask for the company of a lead: its leads enter and leave segments, and their scores follow."""

from typing import Any

import pytest
from sodate.companies.manage import Description, describe, merge
from sodate.companies.store import company_of, find_link
from sodate.leads.store import load_profile
from sodate.playbook.store import Definitions

from tests.functions.quick import QuickWorld, quick_world
from tests.functions.test_segments import listed, publish

MAKERS = {"id": "makers", "when": {"attribute": "company.industry", "equals": "製造業"}}
LARGE = {"id": "large", "when": {"attribute": "company.employees", "at_least": 1000}}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Any:
    with quick_world(monkeypatch) as found:
        yield found


def company(world: QuickWorld, address: str) -> str:
    found = company_of(world.lead_id(address))
    assert found is not None
    return found


def test_a_change_of_a_company_reaches_the_segments_of_all_its_leads(world: QuickWorld) -> None:
    publish(world, MAKERS, LARGE)
    leads = {world.join("taro@example.co.jp"), world.join("hanako@example.co.jp")}
    world.join("jiro@other.co.jp")
    world.settle()
    assert listed("makers") == listed("large") == set()
    ours = company(world, "taro@example.co.jp")
    describe(ours, Description({"industry": "製造業", "employees": "1,200"}))
    world.settle()
    assert listed("makers") == listed("large") == leads
    late = world.join("saburo@example.co.jp")
    world.settle()
    assert listed("makers") == {*leads, late}, "a lead that joins later"
    describe(ours, Description({"employees": "900"}))
    world.settle()
    assert (listed("makers"), listed("large")) == ({*leads, late}, set())
    merge(ours, company(world, "jiro@other.co.jp"), None, world.now)
    world.settle()
    assert listed("makers") == {*leads, late, world.lead_id("jiro@other.co.jp")}
    assert find_link(late) is not None


def test_a_score_rule_counts_for_the_company(world: QuickWorld) -> None:
    body = Definitions().live("rules").body
    rule = {
        "id": "maker",
        "label": "製造業",
        "when": {"attribute": "company.industry", "equals": "製造業"},
        "points": 7,
    }
    Definitions().publish("rules", "default", {**body, "rules": [*body["rules"], rule]}, world.now)
    world.new_process()
    lead = world.join("taro@example.co.jp")
    world.settle()
    before = world.score(lead)["total"]
    describe(company(world, "taro@example.co.jp"), Description({"industry": "製造業"}))
    world.settle()
    assert world.score(lead)["total"] == before + 7
    assert load_profile(lead).company == {"industry": "製造業"}
