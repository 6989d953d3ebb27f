"""Surveys: a form post is also `survey_answered`, with the answer from 0 to 10."""

from typing import Any

import pytest
from sodate.forms.definition import Form

from tests.functions.sales import activities
from tests.support.world import World

SURVEY: dict[str, Any] = {
    "id": "after-seminar", "title": "アンケート", "survey": {"seminar": "spring"}, "bots": {"minimum_seconds": 0},
    "fields": [
        {"name": "email", "type": "email", "required": True},
        {"name": "recommend", "type": "nps"},
        {"name": "topic", "type": "text", "maps_to": "secondary.next_topic"},
    ],
}  # fmt: skip


@pytest.fixture
def form(world: World) -> str:
    body = Form.model_validate(SURVEY).model_dump(mode="json")
    world.app.definitions.publish("form", SURVEY["id"], body, world.now)
    return str(SURVEY["id"])


def surveys(world: World, lead_id: str) -> list[dict[str, Any]]:
    return [one["about"] for one in activities(world, lead_id) if one["type"] == "survey_answered"]


def test_the_answer_is_part_of_the_activity_and_the_text_is_not(world: World, form: str) -> None:
    posted = world.post({"email": "taro@example.jp", "recommend": "９", "topic": "MA 導入"}, form)
    assert posted["statusCode"] == 201
    world.settle()
    lead_id = world.lead_id("taro@example.jp")
    assert surveys(world, lead_id) == [{"form": form, "seminar": "spring", "nps": 9}]
    (profile,) = (item for item in world.items("profile") if item["pk"] == f"LEAD#{lead_id}")
    assert profile["secondary"] == {"next_topic": "MA 導入"}


@pytest.mark.parametrize("answer", ["11", "-1", "9.5", "many", "１１", True, "009", "½"])
def test_what_is_no_answer_from_0_to_10_is_refused(world: World, form: str, answer: object) -> None:
    assert world.post({"email": "taro@example.jp", "recommend": answer}, form)["statusCode"] == 422


def test_a_survey_may_be_left_without_the_answer(world: World, form: str) -> None:
    world.join("taro@example.jp")
    assert world.post({"email": "taro@example.jp"}, form)["statusCode"] == 201
    assert surveys(world, world.lead_id("taro@example.jp")) == [{"form": form, "seminar": "spring"}]


def test_other_forms_write_no_survey(world: World) -> None:
    assert surveys(world, world.join("taro@example.jp")) == []


def test_an_answer_from_0_to_10_belongs_to_a_survey() -> None:
    with pytest.raises(ValueError, match="goes with `survey`"):
        Form.model_validate({**SURVEY, "survey": None})
