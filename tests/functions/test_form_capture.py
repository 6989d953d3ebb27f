"""Every accepted post is stored exactly once: races, conflicts, doubts, CAPTCHAs and a person who releases a post."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from sodate.dynamodb import table
from sodate.forms.capture import Capture
from sodate.forms.definition import Form
from sodate.forms.release import release
from sodate.forms.store import quarantined
from sodate.forms.submission_plan import Outcome
from sodate.playbook.store import Definitions
from sodate.scenarios.enroll import on_opt_in

from tests.functions.quick import QuickWorld
from tests.support.world import World

TARO = {"email": "taro@example.jp", "name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}


def submission_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def conflicts(world: QuickWorld, share: float, seed: int) -> None:
    """DynamoDB refuses some transactions because another one is under way; a memory table never would."""
    rng = random.Random(seed)  # noqa: S311
    reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
    error = {"Error": {"Code": "TransactionCanceledException", "Message": "conflict"}, "CancellationReasons": reasons}

    def refuse(operation: str) -> ClientError | None:
        busy = operation == "TransactWriteItems" and rng.random() < share
        return ClientError(error, operation) if busy else None  # type: ignore[arg-type]

    world.table.refuse = refuse


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_two_hundred_posts_of_one_new_address_make_one_lead_and_one_opt_in_mail(
    world: QuickWorld, share: float
) -> None:
    token = world.fresh_token()
    conflicts(world, share, 1)

    def post(number: int) -> int:
        return int(world.post({**TARO, "_token": token, "_submission_id": submission_id(number)})["statusCode"])

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(post, range(200))) == {201}
    world.table.refuse = lambda operation: None
    assert [len(world.items(kind)) for kind in ("owner", "profile", "state", "submission")] == [1, 1, 1, 200]
    assert len([i for i in world.items("activity") if i["type"] == "form_submitted"]) == 200
    world.settle()
    assert len(world.mails_to("taro@example.jp")) == 1


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_two_hundred_posts_of_one_submission_id_are_one_submission(world: QuickWorld, share: float) -> None:
    conflicts(world, share, 2)

    def post(_: int) -> tuple[int, str]:
        answer = world.post({**TARO, "_submission_id": submission_id(1)})
        return answer["statusCode"], answer["body"]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(post, range(200)))
    world.table.refuse = lambda operation: None
    assert sorted(status for status, _ in answers) == [200] * 199 + [201]
    assert len({body for _, body in answers}) == 1
    assert [len(world.items(kind)) for kind in ("owner", "profile", "state", "submission")] == [1, 1, 1, 1]
    world.settle()
    assert len(world.mails_to("taro@example.jp")) == 1


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "InternalServerError", "ThrottlingException", "RequestLimitExceeded"],
)
@pytest.mark.parametrize("operation", ["GetItem", "TransactWriteItems"])
def test_a_table_that_is_down_is_503_with_retry_after_and_nothing_half_written(
    world: QuickWorld, code: str, operation: str
) -> None:
    world.post({**TARO, "email": "warm@example.jp"})
    person = {**TARO, "_token": world.fresh_token()}
    before = json.dumps(world.items(), default=str)
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
    world.table.refuse = lambda asked: error if asked == operation else None
    answer = world.post(person)
    world.table.refuse = lambda asked: None
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "5")
    assert json.loads(answer["body"])["error"]["code"] == "busy"
    assert json.dumps(world.items(), default=str) == before
    assert world.post(TARO)["statusCode"] == 201


# -- doubts ------------------------------------------------------------------------------------------------------------


def with_captcha(world: World, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]) -> list[Any]:
    """The form wants a CAPTCHA; `answers` says what Turnstile answers to which solution, an exception is an outage."""
    definitions = Definitions()
    body = definitions.live("form", "request-materials").body
    bots = {**body["bots"], "captcha": "turnstile", "captcha_hostname": "www.example.jp"}
    definitions.publish("form", "request-materials", {**body, "bots": bots}, world.now)
    asked: list[Any] = []

    def post_json(url: str, payload: dict[str, Any]) -> dict[str, Any]:
        asked.append((url, payload["response"]))
        answer = answers[payload["response"]]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    boto3.client("secretsmanager").put_secret_value(SecretId="captcha", SecretString=json.dumps({"secret": "s"}))
    world.new_process().post_json = post_json
    return asked


GOOD = {"success": True, "hostname": "www.example.jp"}


@pytest.mark.parametrize(
    ("solution", "answer", "code"),
    [
        ("reused", {"success": False, "error-codes": ["timeout-or-duplicate"]}, "captcha_timeout-or-duplicate"),
        ("wrong", {"success": False, "error-codes": ["invalid-input-response"]}, "captcha_invalid-input-response"),
        ("odd", {"success": "yes"}, "captcha_refused"),
        ("host", {"success": True, "hostname": "evil.example"}, "captcha_hostname"),
        ("down", OSError("no answer"), "captcha_unavailable"),
        ("html", json.JSONDecodeError("x", "y", 0), "captcha_unavailable"),
        ("x" * 2049, GOOD, "captcha_too_long"),
        ("", GOOD, "captcha_missing"),
    ],
)
def test_32_a_captcha_that_does_not_hold_is_403_and_the_post_waits_in_quarantine(
    world: World, monkeypatch: pytest.MonkeyPatch, solution: str, answer: Any, code: str
) -> None:
    asked = with_captcha(world, monkeypatch, {solution: answer})
    response = world.post({**TARO, "cf-turnstile-response": solution})
    assert (response["statusCode"], json.loads(response["body"])["error"]["code"]) == (403, code)
    assert world.items("profile") == []
    (doubtful,) = quarantined(world.now)
    assert doubtful.suspicion == code
    assert doubtful.read_answers()["email"] == "taro@example.jp"
    assert len(asked) == (0 if code in ("captcha_too_long", "captcha_missing") else 1)
    world.settle()
    assert world.ses.simulator.messages == []


@pytest.mark.parametrize("more", [{}, {"_submission_id": submission_id(7)}])
def test_who_solves_the_captcha_the_second_time_becomes_a_lead(
    world: World, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    bad = {"success": False, "error-codes": ["timeout-or-duplicate"]}
    with_captcha(world, monkeypatch, {"old": bad, "older": bad, "new": GOOD, "again": GOOD})
    for solution in ("old", "older"):
        assert world.post({**TARO, **more, "cf-turnstile-response": solution})["statusCode"] == 403
    assert world.post({**TARO, **more, "cf-turnstile-response": "new"})["statusCode"] == 201
    assert world.post({**TARO, **more, "cf-turnstile-response": "again"})["statusCode"] == 200
    assert len(world.items("profile")) == 1
    waiting = [item for item in quarantined(world.now) if item.released is None]
    assert waiting == []
    stored = [item for item in world.items("submission") if item["pk"].startswith("LEAD#")]
    assert len(stored) == 1


@pytest.mark.parametrize("doubt", [{"_website": "http://spam"}, {"_token": "forged"}])
def test_a_robots_post_looks_accepted_and_makes_no_lead_and_no_mail(world: World, doubt: dict[str, str]) -> None:
    for _ in range(2):
        answer = world.post({**TARO, **doubt})
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"])["status"] == "accepted"
    world.settle()
    assert (world.items("profile"), world.ses.simulator.messages) == ([], [])
    assert len(quarantined(world.now)) == 1


def test_a_released_post_is_captured_as_if_it_had_not_been_doubted_once(world: World) -> None:
    world.post({**TARO, "_website": "x", "phone": "03-1234-5678", "interest": ["在庫管理"], "_utm_source": "ad"})
    definitions = world.app.definitions
    form = Form.model_validate(definitions.live("form", "request-materials").body)
    capture = Capture(
        form, world.app.secrets.address_secret(), on_opt_in(definitions), world.app.new_id, world.app.clock.pause
    )
    world.now += timedelta(hours=3)
    assert release(capture, quarantined(world.now)[0], world.now).outcome is Outcome.STORED
    assert release(capture, quarantined(world.now)[0], world.now).reason == "repeat"
    (profile,) = world.items("profile")
    assert profile["primary"]["phone"] == "+81312345678"
    assert profile["secondary"]["interest"] == ["在庫管理"]
    assert profile["source"] == {"form": "request-materials", "utm_source": "ad"}
    assert quarantined(world.now)[0].released
    world.settle()
    assert len(world.mails_to("taro@example.jp")) == 1


def test_31_a_submission_id_used_with_other_words_is_refused(world: World) -> None:
    assert world.post({**TARO, "_submission_id": submission_id(1)})["statusCode"] == 201
    answer = world.post({**TARO, "name": "別人", "_submission_id": submission_id(1)})
    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["error"]["fields"] == {"_submission_id": ["used_with_other_answers"]}
    assert world.items("profile")[0]["primary"]["name"] == "山田太郎"


def test_an_opt_out_of_one_topic_is_not_undone_by_a_form_without_double_opt_in(world: World) -> None:
    lead = world.join()
    world.advance(timedelta(days=1))
    url = world.mails_to("taro@example.jp")[-1].unsubscribe_url
    world.visit(url, "POST", "scope=topic", **{"content-type": "application/x-www-form-urlencoded"})
    definitions = Definitions()
    body = definitions.live("form", "request-materials").body
    consent = {**body["consent"], "double_opt_in": False}
    definitions.publish("form", "request-materials", {**body, "consent": consent}, world.now)
    assert world.post({**TARO, "message": "m"})["statusCode"] == 201
    assert world.state(lead)["topics"] == {"product-news": "withdrawn"}


def test_the_state_of_a_busy_lead_stays_below_one_kilobyte(world: World) -> None:
    """Ten topics, five runs and the default caps: one write unit for every claim and every score."""
    from sodate.leads.contact_state import ContactState, Enrollment
    from sodate.leads.store import state_item

    runs = {
        name: Enrollment("0123456789abcdef", 12, 7, "2026-11-24T02:00:00.000Z", 9)
        for name in ("materials-follow-up", "demo-preparation", "trial-14-days", "webinar-2026-11", "renewal")
    }
    names = (
        "product-news",
        "events",
        "case-studies",
        "webinars",
        "pricing",
        "partners",
        "hiring",
        "security",
        "api",
        "ir",
    )
    table.put(
        state_item(
            ContactState(
                lead_id="01KAJ0000000000000000000AA",
                address_key="x" * 43,
                blocked="undeliverable:eai",
                topics=dict.fromkeys(names, "confirmed"),
                opt_in_mails=3,
                opt_in_mail_at="2026-11-24T02:00:00.000Z",
                enrollments=runs,
                zone="Asia/Tokyo",
                pause_until="2026-12-24T02:00:00.000Z",
                frequency="monthly",
                mailed=tuple(range(29_900_000, 29_899_995, -1)),
            )
        )
    )
    item = world.state("01KAJ0000000000000000000AA")
    size = dynamodb_size(item)
    print(f"STATE: {size} bytes")
    assert size <= 1024


def dynamodb_size(value: Any) -> int:
    """Bytes as DynamoDB counts them (developer guide, "Item sizes and formats")."""
    if isinstance(value, dict):
        inner = sum(len(name.encode()) + dynamodb_size(item) + 1 for name, item in value.items())
        return inner + 3 if "pk" not in value else inner - len(value)
    if isinstance(value, list):
        return 3 + sum(1 + dynamodb_size(item) for item in value)
    if isinstance(value, str):
        return len(value.encode())
    return 1 if isinstance(value, bool) or value is None else 1 + (len(str(value).lstrip("-")) + 1) // 2 + 1
