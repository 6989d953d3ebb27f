"""Emails of broadcasts, step mail and opt-in: in the lead's language, with the values of who sends them."""

from datetime import timedelta
from typing import Any

import pytest
from sodate.dynamodb import table
from sodate.leads.contact_state import ContactState
from sodate.leads.store import preference_change
from sodate.playbook.store import Definitions
from sodate.scenarios.scenario import Scenario

from tests.functions.quick import QuickWorld
from tests.support.broadcasting import TEMPLATE, add_member, publish_approved

TOPIC = "product-news"
LANGUAGES = {"en": {"subject": "In English: {{ variables.title }}", "html": TEMPLATE["html"], "text": "english"}}
VARIABLES = {"title": {"type": "text", "default": "AI"}}


def in_english(name: str) -> None:
    update = preference_change(ContactState(name, "", language="en"))
    table.update(update.item, update.actions, update.condition)


def republish(world: QuickWorld, kind: Any, name: str, **changes: Any) -> None:
    definitions = Definitions()
    definitions.publish(kind, name, {**definitions.live(kind, name).body, **changes}, world.now)


def test_a_broadcast_is_sent_in_two_languages_with_its_own_value(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TEMPLATE, "languages", LANGUAGES)
    monkeypatch.setitem(TEMPLATE, "variables", VARIABLES)
    monkeypatch.setitem(TEMPLATE, "subject", "日本語 {{ variables.title }}")
    for name in ("taro", "jack"):
        add_member(name, topic=TOPIC)
    in_english("jack")
    publish_approved(world.now, TOPIC, variables={"title": "CRM"})
    world.advance(timedelta(hours=4))
    subjects = {name: world.mails_to(f"{name}@example.jp")[-1].subject for name in ("taro", "jack")}
    assert subjects == {"taro": "日本語 CRM", "jack": "In English: CRM"}


def test_a_step_gives_its_template_a_value(world: QuickWorld) -> None:
    step = Definitions().live("sequence", "materials-follow-up").body["steps"][0]
    template = step["template"]
    republish(world, "template", template, variables=VARIABLES, subject="{{ variables.title }}", languages=LANGUAGES)
    steps = [{**step, "variables": {"title": "CRM"}}]
    republish(world, "sequence", "materials-follow-up", steps=steps)
    world.join("taro@example.jp")
    world.join("jack@example.jp")
    in_english(world.lead_id("jack@example.jp"))
    world.advance(timedelta(days=8))
    assert {world.mails_to(f"{name}@example.jp")[-1].subject for name in ("taro", "jack")} == {
        "CRM", "In English: CRM",
    }  # fmt: skip


def test_an_opt_in_email_is_in_the_language_of_the_lead(world: QuickWorld) -> None:
    name = "confirm-materials"
    body = Definitions().live("template", name).body
    languages = {"en": {"subject": "Please confirm", "html": body["html"], "text": body["text"]}}
    republish(world, "template", name, languages=languages)
    answers = {"name": "Jack", "company": "Example", "title": "部長", "agree": True}
    world.post({"email": "jack@example.jp", **answers})
    in_english(world.lead_id("jack@example.jp"))
    world.settle()
    assert world.mails_to("jack@example.jp")[-1].subject == "Please confirm"


def test_a_release_does_not_send_a_language_that_it_cannot_render(world: QuickWorld) -> None:
    publish_approved(world.now, TOPIC)
    broken = {"en": {"subject": "{{ x | later_filter }}", "html": "x", "text": "x"}}
    republish(world, "template", "news", languages=broken)
    assert world.app.definitions.live("template", "news").version == 1


def test_two_send_steps_of_a_scenario_give_one_template_two_values(world: QuickWorld) -> None:
    republish(world, "template", "materials-1-first-steps", variables=VARIABLES, subject="{{ variables.title }}")
    steps = [
        {"id": name, "send": "materials-1-first-steps", "variables": {"title": name.upper()}} for name in ("crm", "erp")
    ]
    head = {"id": "nurture", "topic": TOPIC, "status": "published", "entry": [{"opt_in_confirmed": []}]}
    body = Scenario.model_validate({**head, "steps": steps}).model_dump(mode="json", by_alias=True)
    Definitions().publish("sequence", "nurture", body, world.now)
    world.join("taro@example.jp")
    world.advance(timedelta(hours=1))
    assert [mail.subject for mail in world.mails_to("taro@example.jp")][1:] == ["CRM", "ERP"]
