"""Which pages may post a form, from the published form alone; and the names that other systems send."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.forms.answers import FieldErrors
from sodate.forms.definition import Form
from sodate.forms.names import by_field
from sodate.runtime.settings import Settings
from sodate.web.cors import LOCALHOST, is_listed

from tests.functions.quick import QuickWorld
from tests.support.web import publish as publish_tracking

Json = dict[str, Any]
EVENTS = Path(__file__).parents[2] / "events" / "http"
PAGE = "https://lp.example.jp"
FORM = "request-materials"
TARO = {"email": "taro@example.jp", "name": "山田太郎", "company": "例示株式会社", "title": "部長"}
CF7 = {
    "unknown_fields": "ignore",
    "fields": [
        {"name": "email", "type": "email", "required": True, "aliases": ["your-email"]},
        {"name": "name", "type": "text", "required": True, "aliases": ["your-name"], "maps_to": "primary.name"},
        {"name": "company", "type": "text", "aliases": ["your-company"], "maps_to": "primary.company"},
        {"name": "title", "type": "choice", "aliases": ["menu-title"], "choices": [{"value": "部長", "label": "部長"}]},
        {"name": "topics", "type": "multiple_choice", "aliases": ["checkbox-topics"],
         "choices": [{"value": "在庫管理", "label": "在庫"}, {"value": "経費精算", "label": "経費"}]},
        {"name": "message", "type": "long_text", "aliases": ["your-message"]},
        {"name": "agree", "type": "checkbox", "aliases": ["acceptance-mail"]},
    ],
}  # fmt: skip


def publish(world: QuickWorld, **changes: Any) -> None:
    definitions = world.app.definitions
    definitions.publish("form", FORM, {**definitions.live("form", FORM).body, **changes}, world.now)
    world.new_process()


def ask(world: QuickWorld, route: str, origin: str, form: str = FORM) -> Json:
    answer: Json = world.call(
        "form_capture", world.http_event(route, {"form_id": form}, {"origin": origin}, None, False)
    )
    return {**answer, "headers": {name.lower(): value for name, value in answer["headers"].items()}}


OPTIONS = "OPTIONS /forms/{form_id}/submissions"
SHOW = "GET /forms/{form_id}"


def test_apply_alone_lets_a_new_landing_page_post(world: QuickWorld) -> None:
    assert ask(world, OPTIONS, PAGE)["statusCode"] == 403
    publish(world, origins=[PAGE])
    answer = ask(world, OPTIONS, PAGE)
    assert answer["statusCode"] == 204
    assert answer["headers"] == {
        "access-control-allow-origin": PAGE, "access-control-allow-methods": "GET, POST", "vary": "origin",
        "access-control-allow-headers": "content-type", "access-control-max-age": "3600",
        "access-control-expose-headers": "retry-after",
    }  # fmt: skip


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://lp.example.jp.evil.example", "http://lp.example.jp",
               "https://lp.example.jp:8443", "https://LP.example.jp"],
)  # fmt: skip
def test_a_page_that_is_not_listed_gets_no_permission_but_can_read_why(world: QuickWorld, origin: str) -> None:
    publish(world, origins=[PAGE])
    preflight, shown = ask(world, OPTIONS, origin), ask(world, SHOW, origin)
    assert preflight["statusCode"] == 403
    assert "access-control-allow-origin" not in preflight["headers"]
    assert shown["statusCode"] == 403
    assert shown["headers"]["access-control-allow-origin"] == "*"
    assert json.loads(shown["body"])["error"]["code"] == "origin"
    posted = world.post(TARO, origin=origin)
    assert posted["statusCode"] == 403
    assert world.items("submission") == []


def test_a_listed_page_reads_refusals_of_its_entries_and_no_other_page_reads_anything(world: QuickWorld) -> None:
    publish(world, origins=[PAGE])
    wrong = world.post({**TARO, "email": "x"}, origin=PAGE)
    assert (wrong["statusCode"], wrong["headers"]["Access-Control-Allow-Origin"]) == (422, PAGE)
    assert "Access-Control-Allow-Origin" not in world.post(TARO)["headers"], "a server has no origin"


def test_a_preflight_of_an_unknown_or_closed_form_gives_nothing(world: QuickWorld) -> None:
    publish(world, origins=[PAGE], status="closed")
    for form in (FORM, "nothing-here"):
        answer = ask(world, OPTIONS, PAGE, form)
        assert (answer["statusCode"], "access-control-allow-origin" in answer["headers"]) == (403, False)


def test_the_local_stage_takes_posts_of_any_port_of_localhost_and_no_other_stage_does(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(world, SHOW, "http://localhost:5173")["statusCode"] == 403
    monkeypatch.setattr(Settings, "is_local", property(lambda _: True))
    assert ask(world, SHOW, "http://localhost:5173")["statusCode"] == 200
    assert ask(world, SHOW, "http://localhost.evil.example")["statusCode"] == 403


@given(st.text(max_size=40))
def test_only_localhost_itself_is_localhost(text: str) -> None:
    origin = f"http://localhost{text}"
    is_port = text == "" or (text[:1] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6)
    assert is_listed(origin, [LOCALHOST]) == is_port


def test_a_page_may_send_events_as_soon_as_the_tracking_says_so(world: QuickWorld) -> None:
    event = world.http_event("OPTIONS /events", {}, {"origin": PAGE}, None, False)
    assert world.call("web_events", event)["statusCode"] == 403
    publish_tracking(world, origins=[PAGE])
    world.new_process()
    answer = world.call("web_events", event)
    assert (answer["statusCode"], answer["headers"]["Access-Control-Allow-Origin"]) == (204, PAGE)


# -- names -------------------------------------------------------------------------------------------------------


def test_a_webhook_of_contact_form_7_becomes_a_lead(world: QuickWorld) -> None:
    publish(world, **CF7)
    event = json.loads((EVENTS / "form-post-contact-form-7.json").read_text())
    assert world.call("form_capture", event)["statusCode"] == 201
    (stored,) = world.items("submission")
    assert json.loads(stored["answers"]) == {
        "email": "taro@example.jp", "name": "山田 太郎", "company": "例示株式会社", "title": "部長",
        "topics": ["在庫管理", "経費精算"], "message": "資料をお願いします。", "agree": True,
    }  # fmt: skip
    world.now += timedelta(minutes=5)
    assert world.call("form_capture", event)["statusCode"] == 200, "the plugin tried again: one submission"
    world.now += timedelta(minutes=10)
    assert world.call("form_capture", event)["statusCode"] == 201, "without an id a later post is another submission"
    assert [len(world.items(kind)) for kind in ("submission", "profile")] == [2, 1]


def test_a_form_that_does_not_ignore_other_names_refuses_them(world: QuickWorld) -> None:
    publish(world, **{**CF7, "unknown_fields": "refuse"})
    event = json.loads((EVENTS / "form-post-contact-form-7.json").read_text())
    answer = world.call("form_capture", event)
    assert json.loads(answer["body"])["error"]["fields"] == {"your-subject": ["unknown_field"]}


def test_two_names_of_one_field_with_different_values_are_refused(world: QuickWorld) -> None:
    publish(world, **CF7)
    answer = world.post({"email": "a@example.jp", "your-email": "b@example.jp", "name": "x"})
    assert json.loads(answer["body"])["error"]["fields"] == {"email": ["sent_twice"]}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([{"name": "name", "type": "text", "aliases": ["email"]}], "also the name or an alias"),
        ([{"name": "name", "type": "text", "aliases": ["_token"]}], "pattern"),
        ([{"name": "name", "type": "text", "choices": [{"value": "a", "label": "a"}]}], "choice, multiple_choice and"),
    ],
)
def test_a_name_means_one_field(fields: list[Json], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Form.model_validate(
            {"id": "x", "title": "x", "fields": [{"name": "email", "type": "email", "required": True}, *fields]}
        )


_NAMES = st.sampled_from(["email", "your-email", "name", "your-name", "name[]", "topics", "topics[]", "other", "x[]"])


@given(st.dictionaries(_NAMES, st.sampled_from(["a", ["a"], ["a", "b"], ""]), max_size=6))
def test_values_are_never_lost_and_never_invented(sent: Json) -> None:
    form = Form.model_validate({"id": "x", "title": "x", **CF7, "unknown_fields": "refuse"})
    try:
        read = by_field(form, sent)
    except FieldErrors:
        return
    assert {json.dumps(value) for value in read.values()} <= {
        json.dumps(one) for value in sent.values() for one in (value, value[0] if isinstance(value, list) else value)
    }
    assert {"other", "x[]"} & set(sent) == {"other", "x[]"} & set(read)


@pytest.mark.parametrize(("value", "status"), [("norte", 201), ("ｎｏｒｔｅ", 201), ("anything", 422), ("", 201)])
def test_a_hidden_field_with_choices_has_one_of_them(world: QuickWorld, value: str, status: int) -> None:
    hidden = {"name": "product", "type": "hidden", "choices": [{"value": "norte", "label": "ノルテ"}]}
    publish(world, fields=[*world.app.definitions.live("form", FORM).body["fields"], hidden])
    assert world.post({**TARO, "product": value})["statusCode"] == status


# -- where to go afterwards --------------------------------------------------------------------------------------

THANKS = "https://www.example.jp/materials/thanks"


@pytest.mark.parametrize(("asked", "allowed"), [(THANKS, THANKS), ("https://evil.example/", None), (None, None)])
def test_a_script_is_told_only_a_listed_redirect_that_it_asked_for(
    world: QuickWorld, asked: str | None, allowed: str | None
) -> None:
    answer = json.loads(world.post({**TARO, **({"_redirect": asked} if asked else {})})["body"])
    assert answer.get("redirect") == allowed
    robot = world.post({**TARO, "name": "R", "_website": "x", **({"_redirect": asked} if asked else {})})
    assert [item["suspicion"] for item in world.items("submission") if item.get("suspicion")] == ["honeypot"]
    assert json.loads(robot["body"]).keys() == answer.keys(), "a robot learns nothing"
