"""People read labels, with the id where they have to type it; programs get ids."""

from typing import Any

import pytest
from sodate.playbook.store import Definitions
from sodate_cli.labels import Labels, with_id
from sodate_cli.languages import speaking

from tests.functions.quick import QuickWorld
from tests.support.command_line import document, on_stage, said

TARO = "taro@example.jp"


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    """A rule of a category that has a label, and an activity of the playbook's own."""
    rules = Definitions().live("rules").body
    rules["rules"].append(
        {
            "id": "asked-for-crm", "label": "CRM の資料", "when": {"activity": "form_submitted"}, "points": 5,
            "category": "crm",
        }
    )  # fmt: skip
    rules["categories"] = [{"id": "crm", "label": "顧客管理"}]
    Definitions().publish("rules", "default", rules, world.now)
    visit = {
        "id": "showroom_visited",
        "label": {"ja": "ショールームに来場", "en": "visited the showroom"},
        "fields": [],
    }
    Definitions().publish("activities", "default", {"activities": [visit]}, world.now)
    world.new_process()
    on_stage(monkeypatch)
    world.join(TARO)
    return world


def words(*command: str, language: str = "ja") -> str:
    return " ".join(said(*command, language=language).split())


def test_the_overview_has_labels_of_fields_topics_and_categories(stage: QuickWorld) -> None:
    shown = words("--wide", "lead", "show", TARO)
    for label in ("会社名 (primary.company)", "製品・導入事例のご案内 (product-news): confirmed", "顧客管理: "):
        assert label in shown
    stored = document("lead", "show", TARO)
    assert stored["primary.company"] == "例示株式会社"
    assert set(stored["totals"]) == {"all", "crm"}
    assert stored["consent"] == {"product-news": "confirmed"}


@pytest.mark.parametrize(("language", "form", "own"), [
    ("ja", "フォーム送信", "ショールームに来場"), ("en", "sent a form", "visited the showroom"),
])  # fmt: skip
def test_activities_of_the_catalog_and_of_the_playbook_have_the_label_of_the_language(
    language: str, form: str, own: str, stage: QuickWorld
) -> None:
    assert f"{own} (showroom_visited)" in words("--wide", "lead", "log", TARO, "showroom_visited", language=language)
    stage.settle()
    for command in ("timeline", "explain"):
        assert form in words("--wide", "lead", command, TARO, language=language)
    assert own in words("--wide", "lead", "timeline", TARO, language=language)
    assert {"form_submitted", "showroom_visited"} <= {row["what"] for row in document("lead", "timeline", TARO)}


def test_a_reason_of_the_score_has_the_label_of_its_category(stage: QuickWorld) -> None:
    assert "+5 CRM の資料 (顧客管理)" in words("lead", "explain", TARO)
    assert {"crm"} < {line["category"] for line in document("lead", "explain", TARO)["score"]} | {""}


def test_lists_of_definitions_have_titles_beside_ids(stage: QuickWorld) -> None:
    assert "資料請求後のフォロー(3通)" in words("--wide", "scenario", "list")
    assert "関心" in words("score", "replay")
    stage.post(
        {
            "email": "robot@example.jp",
            "name": "山田",
            "company": "例示",
            "title": "部長",
            "agree": True,
            "_website": "http://robot.example",
        }
    )
    assert "資料請求 (request-materials)" in words("--wide", "quarantine", "list")
    assert "メールアドレス: robot@example.jp" in words("--wide", "quarantine", "list")
    assert document("quarantine", "list")[0]["form"] == "request-materials"


@pytest.mark.parametrize("what", ["activity", "category", "field", "owner", "phase", "segment", "sequence", "topic"])
def test_what_nothing_knows_keeps_its_id(what: Any, stage: QuickWorld) -> None:
    with speaking("ja"):
        assert Labels.of_stage().named(what, "gone-since") == "gone-since"


def test_an_id_that_is_the_label_stands_once() -> None:
    assert (with_id("news", "news"), with_id("", "news"), with_id("通信", "news")) == ("news", "news", "通信 (news)")
