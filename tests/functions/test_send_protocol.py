"""At most one email per step, none after an opt-out, none lost silently: a crash or interruption at every write."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.email.ledger.states import FINAL
from sodate.email.operator_lists.unknown import Finding, resolve, unknown_sends
from sodate.playbook.store import Definitions
from sodate.scheduling import store as due

from tests.functions.quick import QuickWorld
from tests.support.world import World

TARO = "taro@example.jp"


class Crash(BaseException):
    """The process ends; no `except Exception` of ours catches it."""


def due_step(world: World) -> list[dict[str, Any]]:
    """A lead whose first step mail is on the send queue. Returns the messages."""
    world.join()
    world.now += timedelta(days=1)
    for lane in due.LANES:
        due.move_cursor(lane, world.now - timedelta(days=2))
    world.call("step_mail_dispatch", {})
    records = world.receive()
    assert len(records) == 1
    return records


def steps(world: World) -> list[dict[str, Any]]:
    """Ledger items of the first attempts, in the order of their steps."""
    first_attempts = [item for item in world.items("send") if item["name"] == "step" and "attempt" not in item]
    return sorted(first_attempts, key=lambda send: int(send["step"]))


def second_attempts(world: World) -> list[dict[str, Any]]:
    return [item for item in world.items("send") if "attempt" in item]


def step_mails(world: World) -> list[str]:
    """Send ids of the marketing email that SES accepted, in order."""
    return [m.tags["send_id"] for m in world.ses.simulator.messages if m.tags["purpose"] == "marketing"]


def at_point(world: QuickWorld, number: int, act: Callable[[], None]) -> list[str]:
    """Calls `act` at the number-th point (from 1) before or after a write or an SES call, until `undisturbed`.

    Returns the labels of the points that were passed; the list grows while the code under test runs.
    """
    passed: list[str] = []

    def point(label: str) -> None:
        passed.append(label)
        if len(passed) == number:
            act()

    world.table.point = point
    for name in ("send_email", "send_bulk_email"):
        setattr(world.ses, name, _with_points(getattr(world.ses, name), point))
    return passed


def _with_points(send: Any, point: Callable[[str], None]) -> Any:
    def sending(**request: Any) -> Any:
        point("before SES")
        answer = send(**request)
        point("after SES")
        return answer

    return sending


def undisturbed(world: QuickWorld) -> None:
    """From here on no point does anything."""
    world.table.point = lambda label: None
    for name in ("send_email", "send_bulk_email"):
        world.ses.__dict__.pop(name, None)


def die() -> None:
    raise Crash


@pytest.mark.parametrize("events_arrive", [True, False])
@pytest.mark.parametrize("number", range(1, 13))
def test_a_crash_at_any_write_sends_at_most_once_and_loses_nothing(
    world: QuickWorld, number: int, events_arrive: bool
) -> None:
    records = due_step(world)
    if not events_arrive:
        world.ses.simulator.behaviour_for = lambda _: lambda message: []
    at_point(world, number, die)
    try:
        world.call("email_sender", {"Records": records})
    except Crash:
        undisturbed(world)
        assert world.call("email_sender", {"Records": records}) == {"batchItemFailures": []}
    undisturbed(world)
    world.call("email_sender", {"Records": records})
    world.advance(timedelta(days=14))
    sent = step_mails(world)
    assert len(sent) == len(set(sent))
    assert [int(send["step"]) for send in steps(world)] == [0, 1, 2]
    second_of = {s["sk"].removeprefix("SEND#"): s["next_attempt"] for s in steps(world) if "next_attempt" in s}
    if events_arrive:
        assert len(sent) == 3, "an email that never left is sent again"
    else:
        assert not second_of, "without reports of SES there is no evidence that it never left"
    assert not {first for first in second_of if first in sent}, "both attempts left"
    listed = {item["sk"].removeprefix("SEND#") for item in world.items("unknown")}
    for send in steps(world):
        send_id = send["sk"].removeprefix("SEND#")
        assert send["state"] in FINAL or (send["state"] == "unknown" and send_id in listed), send
        assert (send_id in sent) or (second_of.get(send_id) in sent) or send["state"] == "unknown"
    assert step_mails(world)[-2:] == [s["sk"].removeprefix("SEND#") for s in steps(world)][1:]


@pytest.mark.parametrize("what", ["one_click", "complain", "bounce"])
@pytest.mark.parametrize("number", range(1, 12))
def test_an_opt_out_at_any_point_stops_every_email_that_is_not_yet_claimed(
    world: QuickWorld, number: int, what: str
) -> None:
    records = due_step(world)
    lead = world.lead_id(TARO)
    opt_in = world.mails_to(TARO)[0]
    passed: list[str] = []

    def leave() -> None:
        original_point, world.table.point = world.table.point, lambda label: None
        if what == "one_click":
            assert unsubscribe(OptOut(lead, "x", None, "one_click"), world.now)
        else:
            getattr(world.ses.simulator, what)(opt_in.message_id)
            world._ses_events()
        world.table.point = original_point

    passed = at_point(world, number, leave)
    world.call("email_sender", {"Records": records})
    undisturbed(world)
    if len(passed) < number:
        pytest.skip("the protocol has fewer points")
    claimed = number > passed.index("before Update") + 1
    world.advance(timedelta(days=14))
    assert len(step_mails(world)) == int(claimed), (number, passed)
    reasons = {"one_click": "unsubscribed", "complain": "complaint", "bounce": "hard_bounce"}
    assert world.state(lead)["blocked"] == reasons[what]
    assert [send["state"] for send in steps(world)][1:] == ["skipped", "skipped"]
    assert steps(world)[1]["reason"].startswith("blocked:")


RETRIED = (
    Fault.TOO_MANY_REQUESTS, Fault.LIMIT_EXCEEDED, Fault.ACCOUNT_SUSPENDED, Fault.SENDING_PAUSED,
    Fault.MAIL_FROM_NOT_VERIFIED, Fault.IDENTITY_NOT_VERIFIED, Fault.CONFIGURATION_SET_MISSING,
)  # fmt: skip
REJECTED = (Fault.MESSAGE_REJECTED, Fault.BAD_REQUEST)
UNCLEAR = tuple(fault for fault in Fault if fault not in RETRIED + REJECTED)


@pytest.mark.parametrize("fault", RETRIED)
def test_a_deferred_send_is_tried_again_and_sent_once(world: World, fault: Fault) -> None:
    records = due_step(world)
    world.ses.simulator.inject(fault, 3)
    world.call("email_sender", {"Records": records})
    (send,) = steps(world)
    assert send["state"] == "planned"
    assert step_mails(world) == []
    world.advance(timedelta(days=14))
    assert [send["state"] for send in steps(world)] == ["delivered"] * 3
    assert len(step_mails(world)) == 3


@pytest.mark.parametrize("fault", REJECTED)
def test_a_rejection_is_final_with_its_reason_and_the_enrollment_continues(world: World, fault: Fault) -> None:
    records = due_step(world)
    world.ses.simulator.inject(fault)
    world.call("email_sender", {"Records": records})
    (send,) = steps(world)
    assert send["state"] == "failed"
    assert send["reason"]
    assert "@" not in send["reason"]
    world.advance(timedelta(days=14))
    assert [send["state"] for send in steps(world)] == ["failed", "delivered", "delivered"]


@pytest.mark.parametrize("fault", UNCLEAR)
def test_an_unclear_answer_is_repeated_only_when_ses_reports_on_its_neighbours(world: World, fault: Fault) -> None:
    records = due_step(world)
    calls = world.ses.simulator.calls
    world.ses.simulator.inject(fault)
    world.call("email_sender", {"Records": records})
    assert world.ses.simulator.calls == calls + 1
    assert steps(world)[0]["state"] == "sending"
    world.advance(timedelta(days=14))
    if fault.startswith("accepted"):
        assert [send["state"] for send in steps(world)] == ["delivered"] * 3
        assert (world.items("unknown"), second_attempts(world)) == ([], [])
    else:
        assert [send["state"] for send in steps(world)] == ["unknown", "delivered", "delivered"]
        (second,) = second_attempts(world)
        assert (second["state"], int(second["step"])) == ("delivered", 0)
        assert steps(world)[0]["next_attempt"] == second["sk"].removeprefix("SEND#")
        assert "SES reported on" in steps(world)[0]["evidence"]
        assert unknown_sends(world.now - timedelta(days=14)) == [], "it is not on the list"
    assert len(step_mails(world)) == 3


@pytest.mark.parametrize("fault", [None, Fault.ACCEPTED_THEN_TIMEOUT])
def test_a_report_that_overtakes_the_answer_is_not_overwritten_by_the_sender(
    world: World, fault: Fault | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger item exists already: the email was deferred once."""
    records = due_step(world)
    world.ses.simulator.inject(Fault.TOO_MANY_REQUESTS, 3)
    world.call("email_sender", {"Records": records})
    assert steps(world)[0]["state"] == "planned"
    send = world.ses.send_bulk_email

    def send_and_report_at_once(**request: Any) -> Any:
        try:
            return send(**request)
        finally:
            world._ses_events()

    monkeypatch.setattr(world.ses, "send_bulk_email", send_and_report_at_once)
    if fault is not None:
        world.ses.simulator.inject(fault)
    world.advance(timedelta(days=14))
    assert [send["state"] for send in steps(world)] == ["delivered"] * 3
    assert second_attempts(world) == []
    assert len(step_mails(world)) == 3


@pytest.mark.parametrize("fault", [fault for fault in UNCLEAR if not fault.startswith("accepted")])
def test_without_reports_an_unclear_answer_stays_on_the_list(world: World, fault: Fault) -> None:
    records = due_step(world)
    month = world.now
    world.ses.simulator.inject(fault)
    world.ses.simulator.behaviour_for = lambda _: lambda message: []
    world.call("email_sender", {"Records": records})
    world.advance(timedelta(days=14))
    assert [send["state"] for send in steps(world)] == ["unknown", "sent", "sent"]
    assert second_attempts(world) == []
    (listed,) = unknown_sends(month)
    assert str(listed.reason).startswith("no_answer_and_no_event:")
    resolve(listed.lead_id, listed.send_id, Finding.LOST, world.now)
    assert unknown_sends(month) == []


def test_an_empty_quota_defers_until_there_is_room(world: World) -> None:
    records = due_step(world)
    account = world.ses.simulator.account
    account.max_24_hour_send = 0
    world.call("email_sender", {"Records": records})
    world.advance(timedelta(minutes=30))
    assert step_mails(world) == []
    account.max_24_hour_send = 50_000
    world.advance(timedelta(hours=1))
    assert len(step_mails(world)) == 1


def test_a_later_step_waits_for_one_that_was_deferred(world: World) -> None:
    until = world.now + timedelta(hours=3)

    def paused(request: Any) -> Fault | None:
        marketing = {"Name": "purpose", "Value": "marketing"} in request["EmailTags"]
        return Fault.SENDING_PAUSED if marketing and world.now < until else None

    world.ses.simulator.fault_for = paused
    publish_hourly(world)
    world.join("hanako@example.jp", form="demo", phone="03-1234-5678")
    world.advance(timedelta(hours=2, minutes=30))
    waiting = [s for s in steps(world) if s["sequence"] == "hourly"]
    assert {(s["state"], s["reason"]) for s in waiting[1:]} == {("planned", "waits_for_an_earlier_step")}
    world.advance(timedelta(days=2))
    mine = [s for s in steps(world) if s["sequence"] == "hourly"]
    assert [(int(s["step"]), s["state"]) for s in mine] == [(0, "delivered"), (1, "delivered"), (2, "delivered")]
    times = [m.at for m in world.mails_to("hanako@example.jp") if m.tags.get("sequence") == "hourly"]
    assert times == sorted(times)
    assert world.items("unknown") == []


def publish_hourly(world: World, **more: Any) -> None:
    """Three emails, an hour apart, for leads of the demo form."""
    template = "materials-1-first-steps"
    body = {
        "id": "hourly",
        "topic": "product-news",
        "start": {"forms": ["demo"]},
        "steps": [{"id": f"s{n}", "template": template, "delay": {"hours": n}, "valid_hours": 200} for n in range(3)],
        **more,
    }
    world.app.definitions.publish("sequence", "hourly", body, world.now)
    world.app.definitions.retire("sequence", "demo-preparation", world.now)


def test_an_email_with_a_missing_value_fails_with_its_reason_and_the_others_are_sent(world: World) -> None:
    emails = [f"p{n}@example.jp" for n in range(4)]
    for email in emails:
        world.join(email)
    publish_template(world, text="{{ lead.department }} {{ unsubscribe_url }}")
    lead = world.lead_id("p2@example.jp")
    for email in emails:
        if email != "p2@example.jp":
            world.post({"email": email, "name": "n", "company": "c", "title": "部長", "department": "営業"})
    world.settle()
    world.advance(timedelta(days=1))
    by_lead = {send["pk"]: send for send in steps(world)}
    failed = by_lead.pop(f"LEAD#{lead}")
    assert failed["state"] == "failed"
    assert "department" in failed["reason"]
    assert {send["state"] for send in by_lead.values()} == {"delivered"}
    assert len(step_mails(world)) == 3
    assert world.dead_letters() == []


def publish_template(world: World, **changes: str) -> None:
    name = "materials-1-first-steps"
    definitions = Definitions()
    definitions.publish("template", name, {**definitions.live("template", name).body, **changes}, world.now)
    world.new_process()


@pytest.mark.parametrize(
    "name",
    ["山田\r\nBcc: z@example.jp", "a\u2028b", "a\u0085b", "a\u000bb", "{{7*7}}${7*7}{% raw %}", "<svg onload=alert(1)>",
     "\u202eabc", "אבג", "𠮷野家 葛\U000e0100 👨‍👩‍👧", "x" * 80],
)  # fmt: skip
def test_no_name_breaks_a_header_a_template_or_the_page_around_it(world: World, name: str) -> None:
    publish_template(world, subject="{{ lead.name }}様", html="<p>{{ lead.name }}</p>", text="[{{ lead.name }}]")
    world.join(name=name)
    world.advance(timedelta(days=1))
    received = world.mails_to(TARO)[-1]
    assert received.tags["purpose"] == "marketing", steps(world)
    assert not set(received.subject) & set("\r\n\x0b\u2028\u2029\x85")
    assert "<svg" not in received.html
    if "{{" in name:
        assert received.text == f"[{name}]"
    if name == "<svg onload=alert(1)>":
        assert "&lt;svg onload=alert(1)&gt;" in received.html
    if name in ("\u202eabc", "אבג"):
        assert received.text == f"[\u2068{name}\u2069]"


def test_every_marketing_email_has_both_one_click_headers_and_valid_tags(world: World) -> None:
    for number in range(5):
        world.join(f"p{number}@example.jp")
    world.advance(timedelta(days=14))
    marketing = [m for m in world.ses.simulator.messages if m.tags["purpose"] == "marketing"]
    assert len(marketing) == 15
    for received in marketing:
        header = received.header("List-Unsubscribe") or ""
        assert header.startswith("<https://") and header.endswith(">") and len(header) <= 995 and header.isascii()
        assert received.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
        assert received.unsubscribe_url in received.links, "the visible link"
        assert len(received.recipients) == 1
        for part in (*received.tags, *received.tags.values()):
            assert 0 < len(part) <= 256 and set(part) <= set(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
            )
    assert all(m.header("List-Unsubscribe") is None for m in world.ses.simulator.messages if m not in marketing)


def test_a_paused_sequence_sends_nothing_until_it_runs_again(world: World) -> None:
    world.join()
    definitions = Definitions()
    body = definitions.live("sequence", "materials-follow-up").body
    definitions.publish("sequence", "materials-follow-up", {**body, "status": "paused"}, world.now)
    world.advance(timedelta(days=2))
    assert (step_mails(world), steps(world)) == ([], [])
    definitions.publish("sequence", "materials-follow-up", {**body, "status": "running"}, world.now)
    world.advance(timedelta(hours=2))
    assert len(step_mails(world)) == 1
    world.advance(timedelta(days=14))
    assert len(step_mails(world)) == 3


def test_a_step_that_is_too_late_is_skipped_with_its_reason_and_the_next_one_is_sent(world: World) -> None:
    records = due_step(world)
    world.now += timedelta(hours=73)
    world.call("email_sender", {"Records": records})
    (send,) = steps(world)
    assert (send["state"], send["reason"]) == ("skipped", "expired")
    world.advance(timedelta(days=14))
    assert [send["state"] for send in steps(world)] == ["skipped", "delivered", "delivered"]


def test_an_attempt_that_may_have_left_is_never_marked_skipped(world: World) -> None:
    """Claimed, answer lost; then the lead opts out and the message is redelivered: the outcome stays unknown."""
    records = due_step(world)
    world.ses.simulator.inject(Fault.ACCEPTED_THEN_TIMEOUT)
    world.ses.simulator.behaviour_for = lambda _: lambda message: []
    world.call("email_sender", {"Records": records})
    unsubscribe(OptOut(world.lead_id(TARO), "x", None, "one_click"), world.now)
    world.now += timedelta(hours=80)
    world.call("email_sender", {"Records": records})
    assert steps(world)[0]["state"] == "sending"
    for lane in due.LANES:
        due.move_cursor(lane, world.now - timedelta(hours=81))
    world.tick()
    assert steps(world)[0]["state"] == "unknown"
    assert len(step_mails(world)) == 1


def test_a_second_post_does_not_enroll_the_lead_twice(world: World) -> None:
    lead = world.join()
    world.advance(timedelta(days=1))
    before = len(world.ses.simulator.messages)
    again = {"email": TARO, "name": "n", "company": "c", "title": "部長", "agree": True, "message": "また"}
    assert world.post(again)["statusCode"] == 201
    world.settle()
    assert len(world.ses.simulator.messages) == before
    world.advance(timedelta(days=14))
    assert [int(send["step"]) for send in steps(world)] == [0, 1, 2]
    assert len(step_mails(world)) == 3
    assert list(world.state(lead)["enrollments"]) == ["materials-follow-up"]


def message(**changes: Any) -> str:
    """A valid message of the send queue, with changes."""
    ref = {"sequence": "materials-follow-up", "version": 1, "step": 0, "leads": [["x", "e"]]}
    return json.dumps({"v": 2, "what": "steps", **ref, **changes})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not JSON", "not JSON"),
        ("[]", "version 1"),
        ('{"v": 3}', "version 1 or 2"),
        (
            '{"v": 1, "what": "nonsense"}',
            "steps, a broadcast, entries by schedule, a review, a transactional email or a probe",
        ),
        ('{"v": 2, "what": "steps", "sequence": "s"}', "not a message of steps"),
        ('{"v": 2, "what": "steps", "sequence": "s", "version": 1, "step": 0, "leads": []}', "1 to 50"),
        (
            '{"v": 2, "what": "steps", "sequence": "s", "version": 1, "step": 0, "leads": [["a", "e"], ["a", "e"]]}',
            "once",
        ),
        ('{"v": 2, "what": "steps", "sequence": "s", "version": 1, "step": 0, "leads": [["a", "e", 1e99]]}', "steps"),
        (message(sequence="no"), "no version 1"),
        (message(step=99), "no email at step 99"),
        (message(step=-1), "no email at step -1"),
        (message(step="one"), "not a message of steps"),
    ],
)
def test_a_poison_message_becomes_a_dead_letter_with_its_reason_and_the_others_are_sent_once(
    world: World, body: str, reason: str
) -> None:
    (healthy,) = due_step(world)
    answer = world.call("email_sender", {"Records": [{"messageId": "p", "body": body}, healthy]})
    assert answer == {"batchItemFailures": []}
    (letter,) = world.dead_letters()
    assert letter["body"] == body
    assert reason in letter["reason"]
    assert len(step_mails(world)) == 1
    assert len(steps(world)) == 1


def test_a_redelivery_does_not_settle_a_send_whose_outcome_is_unknown(world: World) -> None:
    world.join("a@example.jp")
    world.join("b@example.jp")
    world.now += timedelta(days=1)
    for lane in due.LANES:
        due.move_cursor(lane, world.now - timedelta(days=2))
    world.call("step_mail_dispatch", {})
    records = world.receive()
    world.ses.simulator.inject(Fault.TIMEOUT, times=len(records))
    world.call("email_sender", {"Records": records})
    world.call("email_sender", {"Records": records})
    due.move_cursor(due.WATCH, world.now)
    world.advance(timedelta(minutes=30))
    assert [send["state"] for send in steps(world)] == ["unknown", "unknown"]
    assert step_mails(world) == []


def test_a_transactional_email_whose_template_was_retired_fails_with_its_reason(world: World) -> None:
    Definitions().retire("template", "confirm-materials", world.now)
    world.post({"email": TARO, "name": "n", "company": "c", "title": "部長", "agree": True})
    world.settle()
    (send,) = [item for item in world.items("send") if item["name"] == "opt_in"]
    assert send["state"] == "failed"
    assert "confirm-materials" in send["reason"]
    assert world.dead_letters() == []


@pytest.mark.parametrize("number", range(1, 10))
def test_a_transactional_email_survives_a_crash_at_any_write_of_sender_and_sweeper(
    world: QuickWorld, number: int
) -> None:
    world.ses.simulator.behaviour_for = lambda _: lambda message: []
    world.post({"email": TARO, "name": "n", "company": "c", "title": "部長", "agree": True})
    world._stream()
    records = world.receive()
    at_point(world, number, die)
    try:
        world.call("email_sender", {"Records": records})
    except Crash:
        undisturbed(world)
        world.call("email_sender", {"Records": records})
    undisturbed(world)
    world.now += timedelta(minutes=20)
    for point in range(1, 8):
        at_point(world, point, die)
        try:
            world.call("send_sweeper", {})
        except Crash:
            undisturbed(world)
    undisturbed(world)
    world.advance(timedelta(hours=2))
    (send,) = [item for item in world.items("send") if item["name"] == "opt_in"]
    assert send["state"] in ("sent", "unknown")
    assert 1 <= len(world.mails_to(TARO)) <= 2


def test_a_transactional_email_that_was_only_deferred_still_has_its_second_attempt(world: QuickWorld) -> None:
    """Two deferrals (429), then an attempt without an answer: the sweeper repeats it, because it was the first."""
    world.post({"email": TARO, "name": "n", "company": "c", "title": "部長", "agree": True})
    world.ses.simulator.inject(Fault.TOO_MANY_REQUESTS, times=2)
    world.ses.simulator.inject(Fault.TIMEOUT)
    world.settle()
    world.advance(timedelta(hours=2))
    (send,) = [item for item in world.items("send") if item["name"] == "opt_in"]
    assert send["state"] == "delivered"
    assert len(world.mails_to(TARO)) == 1
