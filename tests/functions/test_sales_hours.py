"""Digests outside working hours, and escalation of signals without feedback."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sodate.errors import Invalid, Transient
from sodate.sales.links import Ticket
from sodate.scheduling import store as due
from sodate.scheduling.message import RawMessage

from tests.functions.sales import (
    OFFICE,
    SATO,
    SLACK,
    TANAKA,
    TEAMS,
    answer,
    become_hot,
    feedback_link,
    sales,
    signals,
    tokyo,
)
from tests.support.crashes import crash_points
from tests.support.world import Json, World

DIGEST = {"at": "09:00"}
SLA = {"answer_within_minutes": 240, "escalate_to": "tanaka"}
CHATS = {"slack": SLACK, "teams": TEAMS}


def go_to(world: World, when: datetime) -> None:
    world.advance(when - world.now)


def test_signals_of_a_saturday_night_are_one_message_on_monday_morning(world: World) -> None:
    sales(world, working_hours=OFFICE, digest=DIGEST, channels=CHATS)
    go_to(world, tokyo(11, 28, 22))
    for number in range(3):
        become_hot(world, f"lead{number}", company=f"会社{number}")
    go_to(world, tokyo(11, 30, 8, 59))
    assert (world.webhooks, world.mails_to("sato@example.jp")) == ([], [])
    go_to(world, tokyo(11, 30, 9, 5))
    (mail,) = world.mails_to("sato@example.jp")
    assert mail.subject.startswith("ホットリード 3 件")
    assert all(f"会社{number}" in mail.text for number in range(3))
    assert len(set(word for word in mail.text.split() if "/sales/feedback/" in word)) == 3
    slack, teams = (json.loads(post.body) for post in world.webhooks)
    assert all(
        f"会社{number}" in json.dumps(chat, ensure_ascii=False) for number in range(3) for chat in (slack, teams)
    )
    go_to(world, tokyo(12, 1, 9, 5))
    assert (len(world.mails_to("sato@example.jp")), len(world.webhooks)) == (1, 2)


@pytest.mark.parametrize(
    ("comes", "goes"),
    [
        pytest.param(tokyo(11, 25, 8), tokyo(11, 25, 9), id="early: the same morning"),
        pytest.param(tokyo(11, 25, 18), tokyo(11, 26, 9), id="the end of work is outside"),
        pytest.param(tokyo(12, 28, 19), tokyo(1, 4, 9, year=2027), id="closing days of New Year"),
    ],
)
def test_a_digest_waits_for_the_next_working_day(world: World, comes: datetime, goes: datetime) -> None:
    sales(world, working_hours=OFFICE, digest=DIGEST)
    go_to(world, comes)
    lead_id = become_hot(world, "taro")
    assert signals(world, lead_id)[0]["digest_at"][:16] == goes.isoformat()[:16]


def test_a_public_holiday_is_no_working_day_and_an_owner_abroad_has_their_own(world: World) -> None:
    abroad = {**TANAKA, "zone": "Europe/London", "calendar": "GB", "working_hours": OFFICE}
    sales(world, SATO, abroad, working_hours=OFFICE, digest={})
    world.now = tokyo(11, 2, 20)  # a Monday; 3 November is 文化の日
    here, there = become_hot(world, "here", owner="sato"), become_hot(world, "there", owner="tanaka")
    assert signals(world, here)[0]["digest_at"][:16] == tokyo(11, 4, 9).isoformat()[:16]
    assert "digest_at" not in signals(world, there)[0], "11:00 in London"


def test_a_single_waiting_signal_is_sent_in_full(world: World) -> None:
    sales(world, working_hours=OFFICE, digest=DIGEST, channels=CHATS)
    go_to(world, tokyo(11, 25, 21))
    become_hot(world, "taro")
    go_to(world, tokyo(11, 26, 9, 5))
    (mail,) = world.mails_to("sato@example.jp")
    assert mail.subject.startswith("ホットリード: 例示株式会社")
    assert "直近の行動" in mail.text


def test_a_signal_with_feedback_is_in_no_digest(world: World) -> None:
    sales(world, SATO, TANAKA, working_hours=OFFICE, digest=DIGEST)
    go_to(world, tokyo(11, 25, 21))
    leads = [become_hot(world, f"lead{n}", company=f"会社{n}") for n in range(3)]
    ticket = Ticket(leads[0], signals(world, leads[0])[0]["sk"], "sato")
    answer(world, world.app.secrets.feedback_links().url(ticket, world.now, 1), {"answer": "accepted"})
    go_to(world, tokyo(11, 26, 9, 5))
    (mail,) = world.mails_to("sato@example.jp")
    assert ("会社0" in mail.text, "会社1" in mail.text, "会社2" in mail.text) == (False, True, True)


def a_digest_falls_due(world: World, number: int) -> None:
    """Two signals of a Thursday evening, each time a week later."""
    world.now = tokyo(2, 4, 21) + timedelta(days=7 * number)
    for lane in due.LANES:
        due.move_cursor(lane, world.now - timedelta(minutes=1))
    for lead in range(2):
        become_hot(world, f"n{number}x{lead}")
    world.now += timedelta(hours=12, minutes=1)
    for lane in (due.SALES, due.WEBHOOK):  # those of the function
        due.move_cursor(lane, world.now - timedelta(minutes=3))


def an_escalation_falls_due(world: World, number: int) -> None:
    become_hot(world, f"n{number}")
    world.now += timedelta(minutes=32)


@pytest.mark.parametrize(
    ("settings", "falls_due", "recipient"),
    [
        pytest.param({"working_hours": OFFICE, "digest": DIGEST}, a_digest_falls_due, SATO, id="digest"),
        pytest.param({"sla": {**SLA, "answer_within_minutes": 30}}, an_escalation_falls_due, TANAKA, id="escalation"),
    ],
)
def test_a_follow_up_that_crashes_at_any_write_is_finished_once(
    world: World, settings: Json, falls_due: Callable[[World, int], None], recipient: Json
) -> None:
    owners = (SATO, TANAKA) if recipient is TANAKA else (SATO,)
    sales(world, *owners, **settings, channels={"slack": SLACK})
    for crash in crash_points(world, at_least=4, at_most=30):
        falls_due(world, crash.number)
        mails = len(world.mails_to(recipient["email"]))
        posts = len(world.webhooks)
        crash.call("sales_followup", {})
        world.call("sales_followup", {})
        world.settle()
        assert len(world.mails_to(recipient["email"])) == mails + 1
        assert len({post.message_id for post in world.webhooks[posts:]}) == 1


def test_without_feedback_in_working_time_the_signal_is_escalated_once(world: World) -> None:
    sales(world, SATO, TANAKA, working_hours=OFFICE, digest=DIGEST, sla=SLA, channels={"slack": SLACK})
    go_to(world, tokyo(11, 25, 16))
    lead_id = become_hot(world, "taro")  # two hours today, two tomorrow
    go_to(world, tokyo(11, 26, 10, 59))
    assert world.mails_to("tanaka@example.jp") == []
    go_to(world, tokyo(11, 26, 11, 5))
    (mail,) = world.mails_to("tanaka@example.jp")
    assert mail.subject.startswith("要対応")
    assert len(world.webhooks) == 2
    go_to(world, tokyo(12, 4, 9))
    assert (len(world.mails_to("tanaka@example.jp")), len(world.mails_to("sato@example.jp"))) == (1, 1)
    (signal,) = signals(world, lead_id)
    assert (signal["assigned_to"], int(signal["escalation_level"])) == ("tanaka", 1)


def test_an_answer_in_time_stops_the_escalation(world: World) -> None:
    sales(world, SATO, TANAKA, sla=SLA)
    become_hot(world, "taro")
    answer(world, feedback_link(world.mails_to("sato@example.jp")[0].text), {"answer": "accepted"})
    world.advance(timedelta(days=2))
    assert world.mails_to("tanaka@example.jp") == []


def test_an_escalation_repeats_as_often_as_the_playbook_says(world: World) -> None:
    sales(world, SATO, TANAKA, sla={**SLA, "answer_within_minutes": 60, "at_most": 3})
    become_hot(world, "taro")
    world.advance(timedelta(days=1))
    assert [len(world.mails_to(f"{who}@example.jp")) for who in ("sato", "tanaka")] == [1, 3]


def posts_with_results(world: World, result_of: Callable[[str], int | Exception]) -> list[str]:
    """The URLs that a chat message is posted to; `result_of` says with which status or error."""
    posts: list[str] = []

    def deliver(post: Any) -> int:
        posts.append(post.url)
        result = result_of(post.url)
        if isinstance(result, Exception):
            raise result
        return result

    world.app.deliver_webhook = deliver
    return posts


def test_a_chat_that_is_down_in_the_morning_is_retried_and_blocks_no_other(world: World) -> None:
    broken = {**TANAKA, "channels": {"slack": "https://broken.example.jp/x"}}
    sales(world, SATO, broken, working_hours=OFFICE, digest=DIGEST, channels={"slack": SLACK})
    go_to(world, tokyo(11, 25, 21))
    become_hot(world, "a", owner="tanaka")
    become_hot(world, "b", owner="sato")
    results: list[int | Exception] = [Transient("the sales webhook answered 503"), Transient("again"), 200]
    posts = posts_with_results(world, lambda url: results.pop(0) if "broken" in url else 200)
    go_to(world, tokyo(11, 26, 10))
    assert (posts.count("https://broken.example.jp/x"), posts.count(SLACK)) == (3, 1)
    assert [len(world.mails_to(f"{who}@example.jp")) for who in ("sato", "tanaka")] == [1, 1]
    assert all(signal["notifications"]["slack"]["status"] == "200" for signal in world.items("signal"))


def test_a_permanent_chat_failure_is_recorded_and_not_retried(world: World) -> None:
    sales(world, working_hours=OFFICE, digest=DIGEST, channels={"slack": SLACK})
    go_to(world, tokyo(11, 25, 21))
    become_hot(world, "a")
    posts = posts_with_results(world, lambda url: Invalid("the sales webhook answered 404", "webhook"))
    go_to(world, tokyo(11, 27, 10))
    assert len(posts) == 1
    (signal,) = world.items("signal")
    assert "404" in signal["notifications"]["slack"]["status"]
    assert len(world.mails_to("sato@example.jp")) == 1


def test_an_entry_that_cannot_be_read_blocks_no_other(world: World) -> None:
    sales(world, SATO, TANAKA, sla={**SLA, "answer_within_minutes": 5})
    due.plan(world.now, due.SALES, "x", RawMessage({"v": 1, "what": "dance"}), world.now)
    become_hot(world, "taro")
    world.advance(timedelta(minutes=10))
    assert len(world.mails_to("tanaka@example.jp")) == 1
