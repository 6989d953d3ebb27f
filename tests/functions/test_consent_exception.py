"""Mail without an opt-in needs a named reason and a note; an opt-out ends it, and nothing sets it in silence."""

from datetime import timedelta
from typing import Any

import pytest
from sodate.consent.exception import REASONS, record_exception
from sodate.errors import Conflict, Invalid
from sodate.scenarios.enroll import on_opt_in

from tests.functions.quick import QuickWorld

TOPIC = "product-news"
NOTE = "名刺交換 2026-11-20 展示会"
TARO = {"email": "taro@example.jp", "name": "山田太郎", "company": "例示株式会社", "title": "部長"}


def record(world: QuickWorld, lead: str, because: Any = "notified_address", note: str = NOTE) -> None:
    record_exception(lead, TOPIC, because, note, on_opt_in(world.app.definitions), world.now)


@pytest.fixture
def lead(world: QuickWorld) -> str:
    assert world.post(TARO)["statusCode"] == 201
    return world.lead_id("taro@example.jp")


@pytest.mark.parametrize("because", REASONS)
def test_an_exception_is_evidence_with_its_reason(world: QuickWorld, lead: str, because: Any) -> None:
    record(world, lead, because)
    (evidence,) = world.items("consent")
    assert (evidence["action"], evidence["method"], evidence["reference"]) == ("confirmed", "exception", because)
    assert (evidence["note"], evidence["topics"]) == (NOTE, [TOPIC])
    assert world.state(lead)["topics"] == {TOPIC: "confirmed"}


@pytest.mark.parametrize(
    ("because", "note"), [("because", NOTE), ("business_relation", ""), ("notified_address", " x ")]
)
def test_without_a_reason_of_the_law_or_a_note_there_is_none(
    world: QuickWorld, lead: str, because: Any, note: str
) -> None:
    with pytest.raises(Invalid):
        record(world, lead, because, note)
    assert world.items("consent") == []


def test_a_lead_without_evidence_gets_no_marketing_mail(world: QuickWorld, lead: str) -> None:
    world.advance(timedelta(days=30))
    assert world.mails_to("taro@example.jp") == []


def test_no_form_post_can_claim_an_exception(world: QuickWorld) -> None:
    for field in ("exception", "because", "_exception", "consent.method", "method", "topics"):
        answer = world.post({**TARO, "email": f"{len(field)}@example.jp", field: "notified_address"})
        assert answer["statusCode"] == 422
    assert world.items("consent") == []


def test_an_opt_out_counts_more(world: QuickWorld) -> None:
    lead = world.join()
    with pytest.raises(Conflict, match="confirmed"):
        record(world, lead)
    world.advance(timedelta(days=1))
    email = world.mails_to("taro@example.jp")[-1]
    form = {"content-type": "application/x-www-form-urlencoded"}
    world.visit(world.unsubscribe_url(email), "POST", "scope=topic", **form)
    with pytest.raises(Conflict, match="withdrawn"):
        record(world, lead)
    world.visit(world.unsubscribe_url(email), "POST", "scope=all", **form)
    with pytest.raises(Conflict, match="unsubscribed"):
        record(world, lead)


def test_every_confirmed_topic_has_evidence_that_confirms_it(world: QuickWorld, lead: str) -> None:
    record(world, lead)
    world.join("jiro@example.jp")
    world.post({**TARO, "email": "saburo@example.jp", "agree": True})
    confirmed = {
        (item["pk"], topic) for item in world.items("state") for topic, s in item["topics"].items() if s == "confirmed"
    }
    proven = {(e["pk"], topic) for e in world.items("consent") if e["action"] == "confirmed" for topic in e["topics"]}
    assert confirmed == proven
    assert len(confirmed) == 2
