"""An opt-out is taken back only on the page that follows it, for 30 minutes, and only what that opt-out ended."""

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity
from sodate.activities.store import activity_item
from sodate.consent.consent import RETENTION
from sodate.consent.preferences import PreferenceChanges, change_preferences
from sodate.consent.store import consents_of
from sodate.consent.undo import find_undo
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb import keys, table
from sodate.leads.contact_state import Block
from sodate.leads.store import load_state, state_change

from tests.functions.quick import QuickWorld
from tests.support.world import Json

FORM = {"content-type": "application/x-www-form-urlencoded"}
ONE_CLICK = "List-Unsubscribe=One-Click"


@pytest.fixture
def lead(world: QuickWorld) -> str:
    return world.join()


@pytest.fixture
def url(world: QuickWorld, lead: str) -> str:
    world.advance(timedelta(days=1))
    return str(world.mails_to("taro@example.jp")[-1].unsubscribe_url)


def undo_token(answer: Json) -> str:
    (token,) = re.findall(r'name="undo" value="([^"]+)"', answer["body"])
    return html.unescape(token)


def stored(world: QuickWorld) -> str:
    return json.dumps(world.items(), default=str, sort_keys=True)


@pytest.mark.parametrize("scope", ["topic", "all"])
def test_undo_brings_back_the_topic_and_is_evidence_of_its_own(
    world: QuickWorld, lead: str, url: str, scope: str
) -> None:
    former = next(item for item in reversed(consents_of(lead)) if item.action == "confirmed")
    token = undo_token(world.visit(url, "POST", f"scope={scope}", **FORM))
    world.now += timedelta(minutes=29)
    answer = world.visit(url, "POST", f"undo={token}", **FORM)
    assert (answer["statusCode"], "配信を再開しました" in answer["body"]) == (200, True)
    state = load_state(lead)
    assert (state.blocked, state.topics) == (None, {"product-news": "confirmed"})
    evidence = consents_of(lead)[-1]
    assert (evidence.action, evidence.method, evidence.reference) == ("confirmed", "undo", former.sk)
    assert (evidence.wording_digest, evidence.form_id) == (former.wording_digest, former.form_id)
    assert [item.method for item in consents_of(lead) if item.action == "withdrawn"] == ["unsubscribe_page"]
    assert not world.items("suppression")
    before = stored(world)
    assert "配信を再開しました" in world.visit(url, "POST", f"undo={token}", **FORM)["body"]
    assert stored(world) == before, "a second press of the button writes nothing"


def test_after_the_undo_the_lead_can_opt_out_again(world: QuickWorld, lead: str, url: str) -> None:
    token = undo_token(world.visit(url, "POST", "scope=all", **FORM))
    world.now += timedelta(minutes=1)
    world.visit(url, "POST", f"undo={token}", **FORM)
    world.now += timedelta(minutes=1)
    again = world.visit(url, "POST", "scope=all", **FORM)
    assert load_state(lead).blocked == "unsubscribed"
    before = stored(world)
    assert world.visit(url, "POST", f"undo={token}", **FORM)["statusCode"] == 400, "that button was for the first one"
    assert stored(world) == before
    assert undo_token(again) != token


def test_a_mail_programs_one_click_offers_no_undo_and_wins_over_one(world: QuickWorld, lead: str, url: str) -> None:
    token = undo_token(world.visit(url, "POST", "scope=topic", **FORM))
    answer = world.visit(url, "POST", f"{ONE_CLICK}&undo={token}", **FORM)
    assert (answer["statusCode"], "undo" in answer["body"]) == (200, False)
    assert load_state(lead).blocked == "unsubscribed"


def test_without_the_page_that_followed_nothing_is_taken_back(world: QuickWorld, lead: str, url: str) -> None:
    """A stranger with the forwarded email has its link, and no token."""
    world.visit(url, "POST", "scope=all", **FORM)
    before = stored(world)
    signer, known = world.app.secrets.signer(), consents_of(lead)[-1].sk
    tokens = [
        "",
        "x",
        url.rsplit("/", 1)[1],
        signer.sign("unsubscribe", {"l": lead, "c": known}, world.now, timedelta(minutes=30)),
        signer.sign("undo-unsubscribe", {"l": "another", "c": known}, world.now, timedelta(minutes=30)),
    ]
    for token in tokens:
        world.visit(url, "POST", f"undo={token}&scope=x", **FORM)
        assert load_state(lead).blocked == "unsubscribed"
    assert stored(world) == before


def test_a_link_of_another_lead_with_the_right_token_takes_nothing_back(world: QuickWorld, lead: str, url: str) -> None:
    world.join(email="hanako@example.jp")
    world.advance(timedelta(days=1))
    other = str(world.mails_to("hanako@example.jp")[-1].unsubscribe_url)
    token = undo_token(world.visit(url, "POST", "scope=all", **FORM))
    assert "元に戻せませんでした" in world.visit(other, "POST", f"undo={token}", **FORM)["body"]
    assert load_state(lead).blocked == "unsubscribed"


def test_it_ends_after_30_minutes(world: QuickWorld, lead: str, url: str) -> None:
    token = undo_token(world.visit(url, "POST", "scope=all", **FORM))
    world.now += timedelta(minutes=30, seconds=1)
    assert find_undo(lead, world.now)[2] is None
    answer = world.visit(url, "POST", f"undo={token}", **{**FORM, "accept-language": "en"})
    assert (answer["statusCode"], "元に戻せませんでした" in answer["body"]) == (400, True), "in the lead's language"
    assert load_state(lead).blocked == "unsubscribed"
    assert "undo" not in world.visit(url, "POST", "scope=all", **FORM)["body"]


@pytest.mark.parametrize("block", [Block.COMPLAINT, Block.HARD_BOUNCE, Block.SUPPRESSED])
def test_a_block_that_followed_stays(world: QuickWorld, lead: str, url: str, block: Block) -> None:
    token = undo_token(world.visit(url, "POST", "scope=topic", **FORM))
    state = load_state(lead)
    table.commit([state_change(state, state.block(block), ())])
    answer = world.visit(url, "POST", f"undo={token}", **FORM)
    assert (answer["statusCode"], load_state(lead).blocked) == (400, block)
    assert load_state(lead).topics == {"product-news": "withdrawn"}


@pytest.mark.parametrize("scope", ["topic", "all"])
@pytest.mark.parametrize("way", ["preference_page", "reply", "one_click", "import"])
def test_a_later_opt_out_stands(world: QuickWorld, lead: str, url: str, way: Any, scope: str) -> None:
    token = undo_token(world.visit(url, "POST", f"scope={scope}", **FORM))
    world.now += timedelta(minutes=1)
    assert unsubscribe(OptOut(lead, "elsewhere", None, way), world.now)
    assert not unsubscribe(OptOut(lead, "elsewhere", None, way), world.now), "a repeat writes nothing"
    assert world.visit(url, "POST", f"undo={token}", **FORM)["statusCode"] == 400
    assert load_state(lead).blocked == "unsubscribed"


@pytest.mark.parametrize("changes", [{}, {"frequency": "monthly"}, {"pause_days": 30}])
def test_a_stop_on_the_preference_page_is_a_refusal_whatever_else_it_changes(
    world: QuickWorld, lead: str, url: str, changes: Any
) -> None:
    world.visit(url, "POST", "scope=all", **FORM)
    world.now += timedelta(minutes=1)
    change_preferences(lead, PreferenceChanges(stop=True, **changes), RETENTION, world.now)
    assert find_undo(lead, world.now)[2] is None


def test_the_link_of_a_forwarded_email_gets_no_token_by_opting_out_again(
    world: QuickWorld, lead: str, url: str
) -> None:
    first = undo_token(world.visit(url, "POST", "scope=all", **FORM))
    world.now += timedelta(seconds=5)
    assert undo_token(world.visit(url, "POST", "scope=all", **FORM)) != "", "a double click keeps the button"
    world.now += timedelta(seconds=6)
    for body in ("scope=all", "scope=topic", ""):
        assert "undo" not in world.visit(url, "POST", body, **FORM)["body"]
    world.visit(url, "POST", f"undo={first}", **FORM)
    assert load_state(lead).blocked is None


def test_after_a_merge_nothing_is_taken_back_as_the_other_lead_may_have_refused_too(
    world: QuickWorld, lead: str, url: str
) -> None:
    token = undo_token(world.visit(url, "POST", "scope=all", **FORM))
    world.now += timedelta(minutes=1)
    merged = Activity(lead, "lead_merged", world.now, "a-merge", {"reason": "same person"})
    table.put(activity_item(merged))
    assert world.visit(url, "POST", f"undo={token}", **FORM)["statusCode"] == 400
    assert load_state(lead).blocked == "unsubscribed"


def test_a_topic_that_was_withdrawn_before_or_never_confirmed_stays_off(world: QuickWorld, lead: str, url: str) -> None:
    state = load_state(lead)
    after = state.__class__(**{**vars(state), "topics": {**state.topics, "old": "withdrawn", "asked": "pending"}})
    table.commit([state_change(state, after, ("old", "asked"))])
    token = undo_token(world.visit(url, "POST", "scope=all", **FORM))
    world.visit(url, "POST", f"undo={token}", **FORM)
    assert load_state(lead).topics == {"product-news": "confirmed", "old": "withdrawn", "asked": "withdrawn"}


def test_a_get_with_the_token_takes_nothing_back(world: QuickWorld, lead: str, url: str) -> None:
    token = undo_token(world.visit(url, "POST", "scope=all", **FORM))
    before = stored(world)
    world.visit(f"{url}?undo={token}", "GET")
    assert stored(world) == before
    assert keys.lead(lead) in before


@pytest.mark.parametrize("way", ["preference_page", "reply", "one_click", "complaint"])
def test_an_opt_out_made_elsewhere_is_not_offered_to_be_taken_back(
    world: QuickWorld, lead: str, url: str, way: Any
) -> None:
    unsubscribe(OptOut(lead, "elsewhere", None, way), world.now)
    assert find_undo(lead, world.now)[2] is None
    world.now += timedelta(minutes=1)
    assert "undo" not in world.visit(url, "POST", "scope=all", **FORM)["body"]
