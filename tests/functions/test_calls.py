"""A call task from its step to its result: once, in the hands of its owner, and seen by the scenario that waits."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sodate.calls.call import CallState
from sodate.calls.store import Closing, calls_of, closing_writes
from sodate.dynamodb import keys, table
from sodate.leads.store import ProfileItem, load_state, profile_key
from sodate.scenarios.manual import enroll_by_hand
from sodate.scheduling import store as due
from sodate.scheduling.message import RawMessage
from sodate_cli import calls as commands
from sodate_cli import lead_log
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld, quick_world
from tests.functions.sales import OFFICE, SATO, TANAKA, answer, feedback_link, rise, sales, tokyo
from tests.functions.test_scenarios import FIRST, SECOND, does, only_scenarios, publish, templates
from tests.support.crashes import CrashPoint
from tests.support.world import Json

TARO = "taro@example.jp"
CALL = {"id": "call", "call_task": "お礼の電話", "due": {"business_days": 1, "at": "17:00"}}
DUE = "2026-11-25T08:00:00.000Z"
ANSWERED = {
    "id": "answered", "wait_for": {"activity": "call_made", "outcome": "reached", "same_key": "seminar"},
    "timeout": {"days": 10}, "on_timeout": "end",
}  # fmt: skip
SEMINAR = {"key": "seminar", "entry": [{"on": {"activity": "seminar_registered"}}]}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Any:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        sales(found, SATO, TANAKA)
        for room in (commands, lead_log):
            monkeypatch.setattr(room, "target", lambda stage: Target("test", "sodate-test", None))
            monkeypatch.setattr(room, "find_lead", lambda email, where: found.lead_id(email))
            monkeypatch.setattr(room, "now", lambda where: found.now)
        monkeypatch.setattr(commands, "person", lambda where: "sato")
        yield found


def run(world: QuickWorld, *arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [*arguments, *(["--json"] if code == 0 else [])])
    assert done.exit_code == code, done.output
    world.settle()
    return json.loads(done.stdout) if code == 0 else " ".join(done.output.split())


def called(world: QuickWorld) -> list[Json]:
    return [one["about"] for one in world.items("activity") if one["type"] == "call_made"]


def entries(world: QuickWorld) -> list[Json]:
    return [one for one in world.items("due") if json.loads(one["message"])["what"] == "call"]


def reminders(world: QuickWorld, owner: str = "sato") -> list[Any]:
    return [mail for mail in world.mails_to(f"{owner}@example.jp") if "架電の期限" in mail.subject]


def asked(world: QuickWorld, *steps: Json, **keys_: Any) -> str:
    """A lead whom sales is to call tomorrow at 17:00."""
    publish(world, CALL, *steps, **keys_)
    lead = world.join()
    world.advance(timedelta(hours=1))
    return lead


def test_a_call_task_has_an_item_an_owner_and_a_due_time(world: QuickWorld) -> None:
    lead = asked(world)
    (call,), (signal,) = world.items("call"), world.items("signal")
    assert (call["pk"], call["state"], call["due"], call["text"]) == (f"LEAD#{lead}", "open", DUE, "お礼の電話")
    assert (call["about"], call["signal"]) == ({"scenario": "nurture", "step": "call"}, signal["sk"])
    (listed,) = run(world, "call", "list")
    assert (listed["owner"], listed["lead"], listed["due"], listed["overdue"]) == ("sato", TARO, DUE, False)
    (mail,) = world.mails_to("sato@example.jp")
    assert "お礼の電話 (2026-11-25 17:00)" in mail.text


def test_sales_hears_of_a_call_also_of_a_lead_that_it_has_in_hand(world: QuickWorld) -> None:
    publish(world, {"id": "wait", "wait": {"hours": 2}}, CALL)
    lead = world.join()
    rise(world, lead)
    world.settle()
    world.advance(timedelta(hours=3))
    first, second = world.mails_to("sato@example.jp")
    assert "続報" in second.subject and "お礼の電話 (2026-11-25 17:00)" in second.text
    assert "お礼の電話" not in first.text


def test_a_webhook_has_the_calls_for_machines(world: QuickWorld) -> None:
    sales(world, SATO, webhook={"url": "https://sink.example.jp/hook", "format": "sodate"})
    asked(world)
    (call,), (post,) = world.items("call"), world.webhooks
    wanted = {"id": call["sk"].removeprefix(keys.CALLS), "text": "お礼の電話", "due": DUE}
    assert json.loads(post.body)["calls"] == [wanted]


def test_a_crash_and_a_second_delivery_make_no_second_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies before and after the transaction of the step, and the message comes again."""

    def play(number: int) -> CrashPoint:
        with quick_world(monkeypatch) as world:
            only_scenarios(world)
            publish(world, CALL, {"id": "wait", "wait": {"days": 3}}, {"id": "second", "send": SECOND})
            world.join()
            world.now += timedelta(minutes=3)
            world.call("step_mail_dispatch", {})
            records = world.receive()
            point = CrashPoint(world, number)
            point.call("email_sender", {"Records": records})
            for _ in range(2):
                world.call("email_sender", {"Records": records})
            assert len(world.items("call")) == len(world.items("opencall")) == len(world.items("signal")) == 1
            assert len(entries(world)) == 1
            return point

    assert [play(number).died for number in range(3)] == [True, True, False]


def test_an_overdue_call_is_reminded_of_once(world: QuickWorld) -> None:
    asked(world)
    world.now = tokyo(11, 25, 17, 2)
    assert run(world, "call", "list", "--overdue")
    world.advance(timedelta(minutes=10))
    (mail,) = reminders(world)
    assert "お礼の電話 (2026-11-25 17:00)" in mail.text and "/sales/feedback/" in mail.text
    (entry,) = entries(world)
    table.put(due.due_item(world.now, due.SALES, "again", RawMessage(json.loads(entry["message"])), world.now))
    world.advance(timedelta(days=2))
    assert len(reminders(world)) == 1


def test_who_is_called_in_time_is_not_reminded_of(world: QuickWorld) -> None:
    asked(world)
    run(world, "call", "done", TARO, "--outcome", "reached")
    world.advance(timedelta(days=3))
    assert [send["data"] for send in world.items("send") if "call" in (send.get("data") or {})] == []
    assert run(world, "call", "list") == []
    assert world.items("opencall") == []


def test_a_result_between_the_reminder_and_its_sending_withholds_it(world: QuickWorld) -> None:
    asked(world)
    world.now = tokyo(11, 25, 17, 3)
    world.call("sales_followup", {})
    run(world, "call", "done", TARO, "--outcome", "not_reached")
    world.settle()
    assert reminders(world) == []


def test_a_reminder_waits_for_the_owners_working_hours(world: QuickWorld) -> None:
    sales(world, SATO, working_hours=OFFICE, digest={"at": "09:30"})
    publish(world, {**CALL, "due": {"business_days": 1, "at": "21:00"}})
    world.join()
    world.advance(tokyo(11, 26, 9, 25) - world.now)
    assert reminders(world) == []
    world.advance(timedelta(minutes=10))
    assert len(reminders(world)) == 1


@pytest.mark.parametrize(("away", "owner"), [({}, "tanaka"), ({"away_until": "2026-12-01"}, "sato")])
def test_a_call_is_for_the_leads_owner_of_that_moment(world: QuickWorld, away: Json, owner: str) -> None:
    """An import gave the lead another owner meanwhile; while that one is away, it is for whom the signal went to."""
    sales(world, SATO, {**TANAKA, **away})
    lead = asked(world)
    table.update(profile_key(lead), [ProfileItem.owner.set("tanaka")])
    assert [one["owner"] for one in run(world, "call", "list")] == [owner]
    assert len(run(world, "call", "list", "--owner", owner)) == 1
    assert run(world, "call", "list", "--owner", "nobody") == []
    world.advance(timedelta(days=2))
    assert len(reminders(world, owner)) == 1


def test_a_result_is_one_activity_and_the_scenario_that_waits_goes_on(world: QuickWorld) -> None:
    publish(world, CALL, ANSWERED, {"id": "second", "send": SECOND}, **SEMINAR)
    lead = world.join()
    does(world, lead, "seminar_registered", seminar="spring")
    world.advance(timedelta(hours=1))
    done = run(world, "call", "done", TARO, "--outcome", "reached", "--note", "資料を送る")
    assert (done["recorded"], done["scenario"], done["outcome"]) == (True, "nurture", "reached")
    again = run(world, "call", "done", TARO, "--outcome", "reached")
    assert (again["recorded"], again["id"]) == (False, done["id"])
    (about,) = called(world)
    spring = {"scenario": "nurture", "key": "spring", "seminar": "spring", "step": "call", "outcome": "reached"}
    assert about == spring
    (call,) = world.items("call")
    assert (call["state"], call["result"], call["closed_by"], call["note"]) == ("done", "reached", "sato", "資料を送る")
    world.advance(timedelta(hours=1))
    assert templates(world) == [SECOND]


def test_another_result_afterwards_is_refused(world: QuickWorld) -> None:
    asked(world)
    run(world, "call", "done", TARO, "--outcome", "reached")
    assert "has ended already: reached" in run(world, "call", "done", TARO, "--outcome", "wrong_number", code=1)
    assert "has ended already: reached" in run(world, "call", "drop", TARO, code=1)
    assert [one["outcome"] for one in called(world)] == ["reached"]


def test_of_several_open_calls_one_is_named(world: QuickWorld) -> None:
    asked(world)
    publish(world, {**CALL, "id": "visit"}, id="other", entry=[{"manual": True}])
    lead = world.lead_id(TARO)
    enroll_by_hand(world.app.definitions, lead, "other", None, world.now)
    world.advance(timedelta(hours=1))
    refused = run(world, "call", "done", TARO, "--outcome", "reached", code=1)
    assert "2 calls are open" in refused and "--step visit" in refused
    assert run(world, "call", "done", TARO, "--outcome", "reached", "--step", "visit")["scenario"] == "other"
    (left,) = run(world, "call", "list")
    assert left["step"] == "call"
    assert run(world, "call", "done", TARO, "--outcome", "reached", "--call", left["id"])["recorded"]


def test_a_dropped_call_has_no_result(world: QuickWorld) -> None:
    asked(world)
    assert run(world, "call", "drop", TARO)["state"] == "dropped"
    assert run(world, "call", "drop", TARO)["recorded"] is False
    assert (called(world), run(world, "call", "list")) == ([], [])


def test_a_meeting_is_feedback_too(world: QuickWorld) -> None:
    """Sales is not asked again for what it has said."""
    lead = asked(world, {"id": "wait", "wait": {"days": 3}}, {"id": "second", "send": SECOND},
                 goals=[{"id": "meeting", "on": {"feedback": ["meeting_set"]}}])  # fmt: skip
    run(world, "call", "done", TARO, "--outcome", "meeting_set")
    run(world, "call", "done", TARO, "--outcome", "meeting_set")
    (signal,) = world.items("signal")
    assert (signal["feedback"], len(signal["feedback_entries"])) == ("meeting_set", 1)
    assert load_state(lead).enrollments["nurture"].ended == "goal:meeting"


def test_a_meeting_that_comes_late_does_not_undo_a_deal(world: QuickWorld) -> None:
    asked(world)
    (mail,) = world.mails_to("sato@example.jp")
    answer(world, feedback_link(mail.text), {"answer": "won", "amount": 1, "currency": "JPY"})
    run(world, "call", "done", TARO, "--outcome", "meeting_set")
    (signal,) = world.items("signal")
    assert (signal["feedback"], [one["outcome"] for one in called(world)]) == ("won", ["meeting_set"])


def test_of_two_results_at_once_one_is_recorded(world: QuickWorld) -> None:
    lead = asked(world)
    (call,) = calls_of(lead)
    other = Closing(CallState.DONE, "wrong_number", "tanaka", None, world.now)

    def meanwhile(label: str) -> None:
        world.table.point = lambda label: None
        table.commit(closing_writes(call, other))

    world.table.point = meanwhile
    assert "has ended already: wrong_number" in run(world, "call", "done", TARO, "--outcome", "reached", code=1)
    assert called(world) == []


def test_each_enrollment_has_a_call_of_its_own(world: QuickWorld) -> None:
    entry = {"entry": [{"on": {"activity": "page_viewed"}}], "re_entry": {"allow": "after_exit"}}
    publish(world, CALL, **entry)
    lead = world.join()
    for _ in range(2):
        does(world, lead, "page_viewed")
        world.advance(timedelta(hours=1))
    assert len(run(world, "call", "list")) == 2


def test_a_lead_without_a_call_is_no_success(world: QuickWorld) -> None:
    world.join()
    assert "no such call" in run(world, "call", "done", TARO, "--outcome", "reached", code=4)


# -- `sodate lead log` --------------------------------------------------------------------------------------------


def test_what_happened_outside_is_logged_once_and_scenarios_see_it(world: QuickWorld) -> None:
    attends = {**ANSWERED, "wait_for": {"activity": "seminar_attended", "same_key": "seminar"}}
    publish(world, attends, {"id": "second", "send": SECOND}, **SEMINAR)
    world.join()
    run(world, "lead", "log", TARO, "seminar_registered", "--about", "seminar=spring")
    world.now += timedelta(minutes=30)
    attended = ("lead", "log", TARO, "seminar_attended", "--about", "seminar=spring", "--at", "2026-11-24T11:29")
    assert run(world, *attended)["logged"] is True
    world.now += timedelta(minutes=1)
    assert run(world, *attended)["logged"] is False
    assert run(world, *attended[:-1], "2026-11-24T11:30")["logged"] is True
    assert len([one for one in world.items("activity") if one["type"] == "seminar_attended"]) == 2
    world.advance(timedelta(hours=1))
    assert templates(world) == [SECOND]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("deal_won",), 1, "only the system writes deal_won"),
        (("mail_clicked", "--about", "link=x"), 1, "only the system writes mail_clicked"),
        (("lunch_eaten",), 1, "there is no activity"),
        (("seminar_attended", "--about", "outcome=reached"), 1, "has no attribute outcome"),
        (("call_made", "--about", "outcome=perhaps"), 1, "must be one of reached, not_reached"),
        (("seminar_attended", "--about", "seminar=山田太郎"), 1, "an id has lower-case letters"),
        (("seminar_attended", "--about", "seminar"), 2, "write it as seminar=spring"),
        (("call_made", "--at", "tomorrow"), 1, "write it as 2026-12-04T15:00"),
        (("call_made", "--at", "2026-11-25T11:00"), 1, "only what has happened"),
    ],
)
def test_what_makes_no_sense_is_refused(world: QuickWorld, arguments: tuple[str, ...], code: int, message: str) -> None:
    world.join()
    before = len(world.items("activity"))
    assert message in run(world, "lead", "log", TARO, *arguments, code=code)
    assert len(world.items("activity")) == before


def test_a_call_that_nobody_answered_does_not_wake_a_dormant_lead(world: QuickWorld) -> None:
    steps = ({"id": "first", "send": FIRST}, {"id": "wait", "wait": {"days": 40}}, {"id": "second", "send": SECOND})
    publish(world, *steps,
            exits=[{"id": "asleep", "when": {"inactive_for_days": 30}}])  # fmt: skip
    lead = world.join()
    world.advance(timedelta(days=20))
    run(world, "lead", "log", TARO, "call_made", "--about", "outcome=not_reached")
    world.advance(timedelta(days=25))
    assert load_state(lead).enrollments["nurture"].ended == "exit:asleep"
