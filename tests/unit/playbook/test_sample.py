"""The sample keeps its promise: the lead of the demo becomes hot, and the four phases are walked through."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sodate.activities.activity import Activity
from sodate.authoring.check import check
from sodate.leads.lead import Profile
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.explain import Explanation, explain
from sodate.scoring.rules import RuleSet

SAMPLE = Path(__file__).parents[3] / "playbooks" / "b2b-ja"
AT = datetime(2026, 11, 21, tzinfo=UTC)
MATERIALS = ("form_submitted", {"form": "request-materials"})
DEMO = ("form_submitted", {"form": "demo"})
OPENED = ("mail_opened", {})
PHASES = ("awareness", "interest", "consideration", "decision")
PRICING = ("mail_clicked", {"link": "https://www.example.jp/pricing"})


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    book = check(SAMPLE).playbook
    assert book.rules is not None
    assert book.rules.model is not None
    return book.rules.model


def lead(title: str, address: str = "yamada@example.co.jp") -> Profile:
    return Profile("L1", address, address, "ja", primary={"title": title})


def scored(who: Profile, activities: list[Activity], rules: RuleSet) -> Explanation:
    return explain(ScoringEngine(rules), who, activities, AT)


def log(*facts: tuple[str, dict[str, str]]) -> list[Activity]:
    return [Activity("L1", kind, AT, f"k{number}", about) for number, (kind, about) in enumerate(facts)]


def test_a_head_of_department_who_asked_for_materials_opened_three_mails_and_clicked_pricing_twice_is_hot(
    rules: RuleSet,
) -> None:
    result = scored(lead("部長"), log(MATERIALS, OPENED, OPENED, OPENED, PRICING, PRICING), rules)

    assert (result.score_state.hot, result.view.total) == (True, 79)
    assert {reason.label for reason in result.reasons} >= {
        "役職が部長以上",
        "料金ページのリンクをクリック",
        "資料を請求",
    }


def test_a_staff_member_who_only_asked_for_materials_with_a_free_address_is_not_hot(rules: RuleSet) -> None:
    result = scored(lead("一般", "taro@gmail.com"), log(MATERIALS), rules)

    assert (result.score_state.hot, result.view.total) == (False, 0)


@pytest.mark.parametrize(
    ("facts", "phase"),
    [
        ((), "awareness"),
        ((MATERIALS,), "interest"),
        ((MATERIALS, PRICING), "consideration"),
        ((MATERIALS, DEMO), "decision"),
    ],
)
def test_each_phase_is_reached(rules: RuleSet, facts: tuple, phase: str) -> None:
    assert scored(lead("一般"), log(*facts), rules).score_state.phase == PHASES.index(phase)


def test_every_opening_counts_five_times_at_most(rules: RuleSet) -> None:
    assert scored(lead("一般"), log(*[OPENED] * 9), rules).view.total == 15
