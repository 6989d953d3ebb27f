"""What `check` says of a campaign: file, line, field, and what to do."""

import shutil
from pathlib import Path

import pytest
from sodate.authoring.check import check

from tests.support.world import PLAYBOOK

GOOD = """\
id: autumn
from: 2026-10-01
until: 2026-12-31
goal: { kpi: leads, target: 100 }
conversion: { activity: meeting_set }
costs:
  - { amount: 300000, on: 2026-10-01 }
  - ad_cost: { platform: google, campaigns: ["秋_*"] }
sources:
  utm: [{ source: google, campaign: "autumn*" }]
  forms: [demo]
  broadcasts: [monthly-news]
  scenarios: [welcome]
targets: { segments: [pricing-readers] }
"""
ATTRIBUTION = """\
model: own
weights: { first: 50, last: 50 }
uploads: [{ id: won, on: { activity: deal_won }, google: 受注, value: true }]
hashed_email_needs: product-news
"""


def problems(tmp_path: Path, **files: str) -> list[str]:
    directory = tmp_path / "playbook"
    shutil.copytree(PLAYBOOK, directory)
    (directory / "campaigns").mkdir(exist_ok=True)
    for name, text in files.items():
        path = "attribution.yaml" if name == "attribution" else f"campaigns/{name}.yaml"
        (directory / path).write_text(text, encoding="utf-8")
    found = check(directory).problems
    return [f"{one.file}:{one.line} {one.field} {one.rule} {one.severity}" for one in found]


def test_good_files_have_no_problem_and_are_published_with_the_zone_of_the_sender(tmp_path: Path) -> None:
    assert problems(tmp_path, autumn=GOOD, attribution=ATTRIBUTION) == []
    bodies = {(one.kind, one.id): one.body for one in check(tmp_path / "playbook").definitions()}
    assert bodies["campaign", "autumn"]["time_zone"] == "Asia/Tokyo"
    assert bodies["campaign", "autumn"]["from"] == "2026-10-01"
    assert bodies["attribution", "default"]["model"] == "own"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("forms: [demo]", "forms: [demos]", "11 sources.forms[0] form-exists error"),
        ("broadcasts: [monthly-news]", "broadcasts: [news]", "12 sources.broadcasts[0] broadcast-exists error"),
        ("scenarios: [welcome]", "scenarios: [none]", "13 sources.scenarios[0] scenario-exists error"),
        ("segments: [pricing-readers]", "segments: [x]", "14 targets.segments[0] segment-exists error"),
        ("on: 2026-10-01", "on: 2025-10-01", "7 costs[0].on campaign-period warning"),
        ("until: 2026-12-31", "until: 2026-09-31", "3 until schema error"),
        ("activity: meeting_set", "activity: meeting_set, form: demo", "5 conversion.form activity-filter error"),
        ("kpi: leads", "kpi: fame", "4 goal.kpi schema error"),
    ],
)
def test_each_damage_has_its_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    found = problems(tmp_path, autumn=GOOD.replace(old, new))
    assert found == [f"campaigns/autumn.yaml:{problem}"]


def test_a_goal_that_cannot_be_counted_and_a_campaign_without_costs(tmp_path: Path) -> None:
    text = GOOD.replace("conversion: { activity: meeting_set }\n", "").replace("kpi: leads", "kpi: conversions")
    lines = text.splitlines(keepends=True)
    (one, other) = problems(tmp_path, autumn="".join(lines[:4] + lines[7:]))
    assert "campaign-cost warning" in one
    assert "goal.kpi campaign-conversion error" in other


def test_two_campaigns_that_claim_the_same_at_the_same_time(tmp_path: Path) -> None:
    winter = GOOD.replace("id: autumn", "id: winter")
    found = problems(tmp_path, autumn=GOOD, winter=winter)
    assert [one.split()[-2:] for one in found] == [["campaign-overlap", "warning"]] * 2
    later = winter.replace("2026-10-01", "2027-01-01").replace("2026-12-31", "2027-03-31").replace("秋_", "冬_")
    shutil.rmtree(tmp_path / "playbook")
    assert problems(tmp_path, autumn=GOOD, winter=later) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("last: 50", "last: 40", "2 weights schema error"),
        ("weights: { first: 50, last: 50 }\n", "", "1 model schema error"),
        ("google: 受注, ", "", "3 uploads[0] schema error"),
        ("product-news", "matching", "4 hashed_email_needs topic-exists error"),
        ("activity: deal_won", "activity: mail_opened", "3 uploads[0] schema error"),
    ],
)
def test_each_damage_of_attribution_has_its_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert problems(tmp_path, attribution=ATTRIBUTION.replace(old, new)) == [f"attribution.yaml:{problem}"]
