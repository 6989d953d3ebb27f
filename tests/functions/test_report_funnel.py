"""The funnel of groups of leads on a stage: campaigns by their definition, segments, owners, sources, visitors."""

from datetime import timedelta
from typing import Any

import pytest
from sodate.dynamodb import table
from sodate.leads.store import ProfileItem, profile_key
from sodate.reports import build_funnel
from sodate_cli import kpis as kpi_command

from tests.functions.quick import QuickWorld
from tests.functions.test_campaigns import AUTUMN, MARKED
from tests.functions.test_campaigns import publish as publish_campaigns
from tests.functions.test_kpi_command import run as kpi
from tests.functions.test_report_command import rows, run, stage
from tests.support.web import Visitor
from tests.support.web import publish as publish_site

__all__ = ["stage"]
_FORMED = {"id": "formed", "title": "資料", "from": "2026-11-01", "until": "2026-12-31",
           "sources": {"forms": ["request-materials"]}}  # fmt: skip


@pytest.fixture
def visited(stage: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    """Three leads, one by the marked link of the campaign, whose utm_campaign is not its id; and its visitors."""
    monkeypatch.setattr(kpi_command, "target", lambda _: None)
    monkeypatch.setattr(kpi_command, "now", lambda _: stage.now)
    publish_campaigns(stage, AUTUMN)
    publish_site(stage)
    stage.now += timedelta(minutes=1)
    urls = ("/?utm_source=google&utm_medium=cpc&utm_campaign=autumn-2026", "/?utm_source=google", "/")
    for number, url in enumerate(urls):
        visitor = Visitor(stage, number + 1)
        visitor.send(visitor.view(url))
    lead = stage.join("taro@example.jp", **MARKED)
    table.update(profile_key(lead), [ProfileItem.owner.set("sato")])
    stage.join("jiro@example.jp", _utm_source="google")
    stage.join("hanako@example.jp")
    for _ in range(3):
        stage.advance(timedelta(minutes=5))
        stage.call("kpi_rollup", {})
    return stage


def by(document: dict[str, Any], dimension: str) -> dict[str, tuple[Any, ...]]:
    return {row[dimension]: (row.get("visitor"), row["lead"]) for row in rows(document, f"funnel_{dimension}")}


def reached(document: dict[str, Any]) -> dict[str, int]:
    return {row["stage"]: row["reached"] for row in rows(document, "funnel")}


def test_a_campaign_has_the_leads_and_visitors_of_its_own_sources(visited: QuickWorld) -> None:
    document = run("funnel", "--by", "campaign", "--language", "en", "--json")
    assert by(document, "campaign") == {"秋の資料請求": (1, 1), "(none)": (None, 2)}
    one = run("funnel", "--campaign", "autumn", "--language", "en", "--json")
    assert one["subject"] == "campaign:autumn"
    assert reached(one)["Visitors"] == 1 and reached(one)["Leads"] == 1
    found = kpi("funnel", "campaign:autumn", "--json")
    assert (found["visitors"], found["stages"][0]["reached"]) == (1, 1)
    assert "nothing-here" in run("funnel", "--campaign", "nothing-here", code=4)


def test_a_campaign_of_a_form_has_the_leads_of_the_form(visited: QuickWorld) -> None:
    publish_campaigns(visited, _FORMED)
    visited.now += timedelta(minutes=1)
    assert reached(run("funnel", "--campaign", "formed", "--language", "en", "--json"))["Leads"] == 2, "autumn's is not"


def test_sources_by_lead_are_what_the_counters_of_the_source_say(visited: QuickWorld) -> None:
    document = run("funnel", "--by", "source", "--language", "en", "--json")
    assert by(document, "source") == {"google": (2, 2), "(none)": (None, 1)}
    counted = run("funnel", "--source", "google", "--language", "en", "--json")
    assert (reached(counted)["Visitors"], reached(counted)["Leads"]) == (2, 2)
    assert reached(run("funnel", "--language", "en", "--json"))["Visitors"] == 3


def test_visitors_stand_with_the_kpis_of_the_site(visited: QuickWorld) -> None:
    web = {row["kpi"]: row["value"] for row in rows(run("kpi", "--no-money", "--language", "en", "--json"), "kpi_web")}
    assert (web["unique visitors"], web["sessions"]) == (3, 3)


def test_owners_and_segments_are_those_of_now(visited: QuickWorld) -> None:
    document = run("funnel", "--by", "owner", "--by", "segment", "--language", "en", "--json")
    assert by(document, "owner") == {"sato": (None, 1), "(none)": (None, 2)}
    assert sum(leads for _, leads in by(document, "segment").values()) >= 3
    assert reached(run("funnel", "--owner", "sato", "--by", "source", "--language", "en", "--json"))["Leads"] == 1
    assert kpi("funnel", "owner:sato", "--json")["stages"][0]["reached"] == 1
    assert "Visitors" not in reached(run("funnel", "--owner", "sato", "--language", "en", "--json"))


def test_leads_per_visitor_are_a_ratio_without_interval_and_drop_off(visited: QuickWorld) -> None:
    document = run("funnel", "--language", "en", "--json")
    visitors, leads, mqls = next(one for one in document["blocks"] if one["id"] == "funnel")["rows"][:3]
    assert leads["of_previous"] == {"value": 100.0, "unit": "percent"} and leads["dropped"] is None
    assert visitors["of_previous"] is None and mqls["of_first"]["value"] == 0.0
    assert any(one["term"] == "Visitors" and "another population" in one["meaning"] for one in document["definitions"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--campaign", "a", "--owner", "b"), "give one of"),
        (("template:welcome",), "no group of leads"),
        (("segment:",), "no group of leads"),
        (("--segment", "nothing-here"), "there is no segment"),
        (("--by", "phase"), "not one of"),
    ],
)
def test_bad_groups_are_one_line(visited: QuickWorld, arguments: tuple[str, ...], says: str) -> None:
    assert says in " ".join(run("funnel", *arguments, code={"--by": 2, "--segment": 4}.get(arguments[0], 1)).split())


def test_a_division_of_the_leads_of_one_group_has_no_visitors_of_the_whole_site(visited: QuickWorld) -> None:
    owned = run("funnel", "--owner", "sato", "--by", "source", "--by", "campaign", "--language", "en", "--json")
    assert by(owned, "source") == {"google": (None, 1)}
    assert by(owned, "campaign") == {"秋の資料請求": (None, 1)}


def test_what_is_read_from_leads_says_that_erased_ones_are_missing(visited: QuickWorld) -> None:
    says = "erased leads are not in them"
    for arguments in (("--by", "form"), ("--owner", "sato"), ("--source", "google", "--leaving")):
        assert says in " ".join(run("funnel", *arguments, "--language", "en").split()), arguments
    assert says not in " ".join(run("funnel", "--language", "en").split()), "of counters"


def test_leads_of_no_group_have_their_row_and_the_number_of_groups_cut_is_said(
    visited: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    visited.join("shiro@example.jp", _utm_source="yahoo")
    visited.join("goro@example.jp", _utm_source="bing")
    monkeypatch.setattr(build_funnel, "MOST_ROWS", 2)
    document = run("funnel", "--by", "source", "--language", "en", "--json")
    assert [name for name in by(document, "source")] == ["google", "bing", "(none)"]
    assert any("1 more" in note for note in document["notes"])
