"""Consent: nothing but a POST of a good link changes anything, and an opt-out is only undone by a new request."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from sodate.consent import store as consents
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.signing import Signer

from tests.functions.quick import QuickWorld
from tests.support.meanwhile import before_each_transaction
from tests.support.world import PUBLIC_URL, World

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}
ANSWERS = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}


def ask(world: World, email: str = "taro@example.jp", **more: Any) -> str:
    """Post the form; the link of the opt-in mail."""
    assert world.post({"email": email, **ANSWERS, **more})["statusCode"] == 201
    world.settle()
    return world.link(world.mails_to(email)[-1], "/opt-in/")


def first_step_mail(world: World, email: str = "taro@example.jp") -> Any:
    world.advance(timedelta(days=1))
    return world.mails_to(email)[-1]


def everything(world: World) -> str:
    return json.dumps(world.items(), default=str, sort_keys=True)


def test_get_and_head_of_both_pages_change_nothing(world: World) -> None:
    opt_in = ask(world)
    before = everything(world)
    for method in ("GET", "HEAD", "GET"):
        answer = world.visit(opt_in, method)
        assert answer["statusCode"] in (200, 404)
    assert everything(world) == before
    world.visit(opt_in, "POST")
    email_message = first_step_mail(world)
    before = everything(world)
    for method in ("GET", "HEAD"):
        world.visit(email_message.unsubscribe_url, method)
    assert everything(world) == before


def test_an_opt_in_link_works_once(world: World) -> None:
    link = ask(world)
    assert "登録が完了しました" in world.visit(link, "POST")["body"]
    before = everything(world)
    answer = world.visit(link, "POST")
    assert answer["statusCode"] == 200
    assert "すでに登録済みです" in answer["body"]
    assert everything(world) == before


def test_an_opt_in_link_ends_after_seven_days(world: World) -> None:
    link = ask(world)
    world.now += timedelta(days=7, seconds=1)
    before = everything(world)
    assert world.visit(link, "POST")["statusCode"] == 400
    assert everything(world) == before
    world.now -= timedelta(seconds=2)
    assert world.visit(link, "POST")["statusCode"] == 200


def _flipped(token: str) -> str:
    return token.swapcase()


def _cut(token: str) -> str:
    return token[:-3]


def _double_encoded(token: str) -> str:
    return token.replace(".", "%252E").replace("_", "%255F")


@pytest.mark.parametrize(
    "broken", [_flipped, _cut, _double_encoded, lambda _: "x" * 1025, lambda _: "..", lambda _: "あ"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_63_a_damaged_link_is_a_400_page_and_changes_nothing(
    world: World, broken: Callable[[str], str], method: str
) -> None:
    kind, token = ask(world).removeprefix(f"{PUBLIC_URL}/").split("/")
    before = everything(world)
    answer = world.visit(f"{PUBLIC_URL}/{kind}/{broken(token)}", method)
    assert answer["statusCode"] == 400
    assert answer["headers"]["content-type"].startswith("text/html")
    assert everything(world) == before


def test_63_a_link_of_another_purpose_or_key_changes_nothing(world: World) -> None:
    link = ask(world)
    lead = world.lead_id("taro@example.jp")
    token = link.rsplit("/", 1)[1]
    payload = Signer(("a-signing-key-of-the-tests",)).verify("opt-in", token, world.now)
    other = Signer(("another key",)).sign("opt-in", payload, world.now, timedelta(days=1))
    stop = Signer(("a-signing-key-of-the-tests",)).sign(
        "opt-in", {"l": lead, "s": "x", "t": "y"}, world.now, timedelta(1)
    )
    before = everything(world)
    assert world.visit(f"{PUBLIC_URL}/opt-in/{other}", "POST")["statusCode"] == 400
    assert world.visit(f"{PUBLIC_URL}/unsubscribe/{token}", "POST", ONE_CLICK, **FORM)["statusCode"] == 400
    assert world.visit(f"{PUBLIC_URL}/unsubscribe/{stop}", "POST", ONE_CLICK, **FORM)["statusCode"] == 400
    assert everything(world) == before


def test_a_rotated_key_verifies_at_once_signs_a_day_later_and_the_old_one_still_verifies(world: World) -> None:
    link = ask(world)
    client = boto3.client("secretsmanager")
    stored = json.loads(client.get_secret_value(SecretId="signing-keys")["SecretString"])["keys"]
    new = {"id": "k2", "key": "new", "created": world.now.isoformat()}
    client.put_secret_value(SecretId="signing-keys", SecretString=json.dumps({"keys": [new, *stored]}))
    world.new_process()
    assert world.visit(link, "POST")["statusCode"] == 200
    assert world.app.secrets.signer().keys[-1] == "a-signing-key-of-the-tests"
    email_message = first_step_mail(world)  # it left within the day
    assert signed_by(email_message, "a-signing-key-of-the-tests", world)
    assert world.app.secrets.signer().keys[-1] == "new"
    assert world.visit(email_message.unsubscribe_url, "POST", ONE_CLICK, **FORM)["statusCode"] == 200


def signed_by(email_message: Any, key: str, world: World) -> bool:
    token = email_message.unsubscribe_url.rsplit("/", 1)[1]
    return bool(Signer((key,)).verify("unsubscribe", token, world.now)["l"] == world.lead_id("taro@example.jp"))


@pytest.mark.parametrize(
    ("headers", "body", "is_base64"),
    [
        (FORM, ONE_CLICK, False),
        (FORM, base64.b64encode(ONE_CLICK.encode()).decode(), True),
        (
            {"content-type": "multipart/form-data; boundary=XX"},
            '--XX\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--XX--\r\n',
            False,
        ),
    ],
)
def test_one_click_stops_everything_without_redirect_or_cookie(
    world: World, headers: dict[str, str], body: str, is_base64: bool
) -> None:
    lead = world.join()
    email_message = first_step_mail(world)
    token = email_message.unsubscribe_url.rsplit("/", 1)[1]
    event = world.http_event("POST /unsubscribe/{token}", {"token": token}, headers, body, is_base64)
    answer = world.call("consent_pages", event)
    assert answer["statusCode"] == 200
    assert not {"location", "set-cookie"} & {name.lower() for name in answer["headers"]}
    state = world.state(lead)
    assert (state["blocked"], state["topics"]) == ("unsubscribed", {"product-news": "withdrawn"})
    sent = len(world.ses.simulator.messages)
    world.advance(timedelta(days=14))
    assert len(world.ses.simulator.messages) == sent


def test_the_page_stops_one_topic_or_all(world: World) -> None:
    lead = world.join()
    url = first_step_mail(world).unsubscribe_url
    assert world.visit(url, "POST", "scope=topic", **FORM)["statusCode"] == 200
    assert "blocked" not in world.state(lead)
    assert world.state(lead)["topics"] == {"product-news": "withdrawn"}
    assert world.visit(url, "POST", "scope=all", **FORM)["statusCode"] == 200
    assert world.state(lead)["blocked"] == "unsubscribed"


@pytest.mark.parametrize("scope", ["topic", "all"])
def test_unsubscribing_twice_is_unsubscribing_once(world: World, scope: str) -> None:
    world.join()
    url = first_step_mail(world).unsubscribe_url
    world.visit(url, "POST", f"scope={scope}", **FORM)
    before = everything(world)
    assert world.visit(url, "POST", f"scope={scope}", **FORM)["statusCode"] == 200
    assert everything(world) == before


@pytest.mark.parametrize("body", [ONE_CLICK, "scope=topic"])
def test_an_opt_in_link_from_before_an_opt_out_does_not_resubscribe(world: World, body: str) -> None:
    lead = world.join()
    url = first_step_mail(world).unsubscribe_url
    world.visit(url, "POST", "scope=topic", **FORM)
    world.now += timedelta(minutes=20)
    old_link = ask(world, message="もう一度")
    world.now += timedelta(minutes=1)
    assert "登録が完了" in world.visit(old_link, "POST")["body"]
    world.settle()
    world.now += timedelta(hours=1)
    world.visit(url, "POST", "scope=topic", **FORM)
    world.now += timedelta(hours=1)
    pending = ask(world, message="三度目")
    world.now += timedelta(minutes=1)
    if body == ONE_CLICK:
        world.visit(url, "POST", body, **FORM)
    else:  # the topic again: it must be confirmed first, so that there is something to stop
        unsubscribe(OptOut(lead, "other", "product-news", "unsubscribe_page"), world.now)
        unsubscribe(OptOut(lead, "other", None, "unsubscribe_page"), world.now)
    answer = world.visit(pending, "POST")
    assert answer["statusCode"] == 400
    assert world.state(lead)["blocked"] == "unsubscribed"


@pytest.mark.parametrize("body", [ONE_CLICK, "scope=topic"])
def test_a_second_no_is_heard_while_a_request_waits(world: World, body: str) -> None:
    """Nothing is left to stop, but a link from before it must not lead back (found by the simulation)."""
    lead = world.join()
    url = first_step_mail(world).unsubscribe_url
    world.visit(url, "POST", ONE_CLICK, **FORM)
    world.now += timedelta(hours=1)
    pending = ask(world, message="また")
    world.now += timedelta(minutes=1)
    for _ in range(2):
        assert world.visit(url, "POST", body, **FORM)["statusCode"] == 200
    assert world.visit(pending, "POST")["statusCode"] == 400
    assert world.state(lead)["blocked"] == "unsubscribed"
    assert len([item for item in world.items("activity") if item["type"] == "unsubscribed"]) == 1
    assert len([item for item in world.items("consent") if item["action"] == "withdrawn"]) == 2


def test_a_new_request_after_an_opt_out_leads_back(world: World) -> None:
    lead = world.join()
    world.visit(first_step_mail(world).unsubscribe_url, "POST", ONE_CLICK, **FORM)
    world.now += timedelta(hours=1)
    assert world.visit(ask(world, message="また"), "POST")["statusCode"] == 200
    state = world.state(lead)
    assert "blocked" not in state
    assert state["topics"] == {"product-news": "confirmed"}
    assert world.items("suppression") == []
    world.advance(timedelta(days=14))
    steps = [s for s in world.items("send") if s["name"] == "step"]
    assert sorted((int(s["step"]), s["state"]) for s in steps) == [(0, "delivered"), (1, "delivered"), (2, "delivered")]


@pytest.mark.parametrize("what", ["complain", "bounce"])
def test_a_new_opt_in_never_lifts_a_complaint_or_a_hard_bounce(world: World, what: str) -> None:
    lead = world.join()
    email_message = first_step_mail(world)
    pending = world.mails_to("taro@example.jp")[0]
    getattr(world.ses.simulator, what)(email_message.message_id)
    world.settle()
    world.now += timedelta(hours=1)
    before = len(world.ses.simulator.messages)
    assert world.post({"email": "taro@example.jp", **ANSWERS, "message": "また"})["statusCode"] == 201
    world.settle()
    assert len(world.ses.simulator.messages) == before, "not even an opt-in mail"
    world.visit(world.link(pending, "/opt-in/"), "POST")
    assert world.state(lead)["blocked"] == {"complain": "complaint", "bounce": "hard_bounce"}[what]
    assert [item["reason"] for item in world.items("suppression")] == [world.state(lead)["blocked"]]


@pytest.mark.parametrize("scope", ["topic", "all"])
def test_an_opt_out_that_commits_while_a_confirmation_is_decided_wins(
    world: World, monkeypatch: pytest.MonkeyPatch, scope: Any
) -> None:
    lead = world.join()
    url = first_step_mail(world).unsubscribe_url
    world.now += timedelta(minutes=20)
    world.visit(url, "POST", "scope=topic", **FORM)
    world.now += timedelta(minutes=20)
    link = ask(world, message="また")
    done = []

    def meanwhile() -> None:
        if not done:
            done.append(True)
            real_now, world.now = world.now, world.now + timedelta(seconds=1)
            unsubscribe(OptOut(lead, "x", None, "one_click"), world.now)
            world.now = real_now

    before_each_transaction(monkeypatch, world, meanwhile)
    answer = world.visit(link, "POST")
    assert done
    assert answer["statusCode"] == 400
    assert world.state(lead)["blocked"] == "unsubscribed"
    assert len(world.items("suppression")) == 1


def test_somebody_whose_address_bounced_is_heard_when_they_leave(world: World) -> None:
    lead = world.join()
    email_message = first_step_mail(world)
    world.ses.simulator.bounce(email_message.message_id)
    world.settle()
    world.visit(email_message.unsubscribe_url, "POST", ONE_CLICK, **FORM)
    state = world.state(lead)
    assert (state["blocked"], state["topics"]) == ("hard_bounce", {"product-news": "withdrawn"})
    assert [c["action"] for c in world.items("consent")].count("withdrawn") == 1


def test_the_wait_between_opt_in_mails_to_one_address_doubles_up_to_the_ceiling_of_the_day(world: World) -> None:
    sent_at: list[int] = []
    begin = world.now
    for minute in range(0, 60 * 24, 5):
        world.now = begin + timedelta(minutes=minute)
        before = len(world.mails_to("victim@example.jp"))
        assert world.post({"email": "victim@example.jp", **ANSWERS, "message": str(minute)})["statusCode"] == 201
        world.settle()
        if len(world.mails_to("victim@example.jp")) > before:
            sent_at.append(minute)
        if minute > 240:
            break
    assert sent_at == [0, 15, 45]
    (waiting,) = [send for send in world.items("send") if send["state"] == "planned"]
    assert waiting["reason"] == "opt_in_ceiling:mailbox"


def test_the_evidence_of_a_consent_is_complete(world: World) -> None:
    lead = world.join(_page_url="https://www.example.jp/form?utm=1")
    world.visit(first_step_mail(world).unsubscribe_url, "POST", ONE_CLICK, **FORM)
    by_action = {evidence.action: evidence for evidence in consents.consents_of(lead)}
    asked, confirmed, withdrawn = by_action["requested"], by_action["confirmed"], by_action["withdrawn"]
    for evidence, action, method in (
        (asked, "requested", "form"),
        (confirmed, "confirmed", "double_opt_in"),
    ):
        assert (evidence.action, evidence.method) == (action, method)
        assert list(evidence.topics) == ["product-news"]
        assert (evidence.form_id, int(evidence.form_version or 0)) == ("request-materials", 1)
        assert len(str(evidence.wording_digest)) == 32
        assert evidence.page_url == "https://www.example.jp/form"
        assert evidence.at.endswith("Z")
    assert asked.wording_digest == confirmed.wording_digest
    assert asked.confirmed_at == confirmed.at
    assert confirmed.reference == asked.sk
    assert (withdrawn.action, withdrawn.method, list(withdrawn.topics)) == ("withdrawn", "one_click", ["product-news"])
    assert withdrawn.reference in {item["sk"].removeprefix("SEND#") for item in world.items("send")}


def test_known_and_unknown_addresses_get_the_same_answer(world: World) -> None:
    world.join("known@example.jp")
    erased = world.join("gone@example.jp")
    unsubscribe(OptOut(erased, "x", None, "one_click"), world.now)
    world.now += timedelta(hours=1)
    answers = []
    for email in ("known@example.jp", "gone@example.jp", "new@example.jp"):
        answer = world.post({"email": email, **ANSWERS, "message": "m"})
        body = json.loads(answer["body"])
        assert len(body.pop("submission_id")) == 26
        answers.append((answer["statusCode"], body, sorted(answer["headers"])))
    assert answers[0] == answers[1] == answers[2]


def test_an_opt_out_that_meets_another_write_is_not_answered_with_busy(world: QuickWorld) -> None:
    """Mail providers need not repeat a one-click request: three conflicts in a row are ours to bear."""
    lead = world.join()
    url = first_step_mail(world).unsubscribe_url
    error = {
        "Error": {"Code": "TransactionCanceledException", "Message": "conflict"},
        "CancellationReasons": [{"Code": "TransactionConflict"}],
    }
    left = [3]

    def refuse(operation: str) -> ClientError | None:
        if operation != "TransactWriteItems" or not left[0]:
            return None
        left[0] -= 1
        return ClientError(error, operation)  # type: ignore[arg-type]

    world.table.refuse = refuse
    assert world.visit(url, "POST", ONE_CLICK, **FORM)["statusCode"] == 200
    assert left == [0]
    assert world.state(lead)["blocked"] == "unsubscribed"
