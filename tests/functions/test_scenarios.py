"""Scenarios in the whole system: entry, waits, branches, splits, goals and exits, with the real handlers."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import ActivityItem, activity_item
from sodate.dynamodb import table
from sodate.dynamodb.item import encode
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.leads.store import load_state, state_change
from sodate.scenarios.crossings import segments_of
from sodate.scenarios.scenario import Scenario
from sodate.segments.segment import SegmentSet

from tests.functions.quick import QuickWorld, quick_world
from tests.support.crashes import crash_points
from tests.support.world import Json

TOPIC = "product-news"
FIRST, SECOND, THIRD = "materials-1-first-steps", "materials-2-case-study", "materials-3-pricing"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Any:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        yield found


def only_scenarios(world: QuickWorld) -> None:
    """The scenarios of the test are the only ones that send."""
    for stored in world.app.definitions.all_live("sequence"):
        if stored.id != "dormant-revival":
            world.app.definitions.retire("sequence", stored.id, world.now)


def publish(world: QuickWorld, *steps: Json, **keys: Any) -> int:
    head = {"id": "nurture", "topic": TOPIC, "status": "published", "entry": [{"opt_in_confirmed": []}]}
    body = Scenario.model_validate({**head, **keys, "steps": steps}).model_dump(mode="json", by_alias=True)
    return world.app.definitions.publish("sequence", body["id"], body, world.now)


def does(world: QuickWorld, lead: str, type_: str, **about: Any) -> None:
    """An activity from outside, at this moment."""
    key = activity_key(type_, str(world.now), str(about))
    table.put(activity_item(Activity(lead, type_, world.now, key, about)))
    world.settle()


def templates(world: QuickWorld, email: str = "taro@example.jp") -> list[str]:
    """Templates of the lead's marketing emails, in order."""
    sends = [one for one in world.items("send") if one["purpose"] == "marketing" and one["state"] == "delivered"]
    mine = [one for one in sends if one["pk"] == f"LEAD#{world.lead_id(email)}"]
    return [one["template"] for one in sorted(mine, key=lambda one: one["sent_at"])]


def reasons(world: QuickWorld, type_: str) -> list[str]:
    return [one["about"]["reason"] for one in world.items("activity") if one["type"] == type_]


SEND = {"id": "first", "send": FIRST}


def test_a_wait_between_two_emails_is_kept(world: QuickWorld) -> None:
    publish(world, SEND, {"id": "wait", "wait": {"days_of_24_hours": 3}}, {"id": "second", "send": SECOND})
    lead = world.join()
    world.advance(timedelta(hours=1))
    assert templates(world) == [FIRST]
    world.advance(timedelta(days=2, hours=22))
    assert templates(world) == [FIRST]
    world.advance(timedelta(days=1))
    assert templates(world) == [FIRST, SECOND]
    assert load_state(lead).enrollments["nurture"].is_complete


def test_who_clicks_takes_the_other_branch(world: QuickWorld) -> None:
    publish(
        world,
        SEND,
        {"id": "clicks", "wait_for": {"activity": "mail_clicked"}, "timeout": {"days": 5}, "on_timeout": "third"},
        {"id": "second", "send": SECOND, "then": "end"},
        {"id": "third", "send": THIRD},
    )
    clicks, does_not = world.join(), world.join("jiro@example.jp")
    world.advance(timedelta(hours=1))
    does(world, clicks, "mail_clicked", link="https://example.jp/cases")
    world.advance(timedelta(days=1))
    assert (templates(world), templates(world, "jiro@example.jp")) == ([FIRST, SECOND], [FIRST])
    world.advance(timedelta(days=7))
    assert (templates(world), templates(world, "jiro@example.jp")) == ([FIRST, SECOND], [FIRST, THIRD])
    assert load_state(does_not).enrollments["nurture"].is_complete
    assert sorted(reasons(world, "scenario_advanced")) == ["clicks v1: event", "clicks v1: timeout"]


def test_a_goal_ends_the_scenario_before_its_next_email(world: QuickWorld) -> None:
    publish(
        world,
        SEND,
        {"id": "wait", "wait": {"days": 3}},
        {"id": "second", "send": SECOND},
        goals=[{"id": "meeting", "on": {"feedback": ["meeting_set"]}}],
    )
    lead = world.join()
    world.advance(timedelta(hours=1))
    does(world, lead, "meeting_set")
    assert load_state(lead).enrollments["nurture"].ended == "goal:meeting"
    world.advance(timedelta(days=10))
    assert templates(world) == [FIRST]
    assert load_state(lead).enrollments["nurture"].ended == "goal:meeting"
    assert reasons(world, "goal_reached") == ["meeting"]


def test_a_condition_is_asked_again_just_before_an_email(world: QuickWorld) -> None:
    """Nothing happens to this lead at the moment at which the condition becomes true."""
    publish(
        world,
        SEND,
        {"id": "wait", "wait": {"days": 40}},
        {"id": "second", "send": SECOND},
        exits=[{"id": "asleep", "when": {"inactive_for_days": 30}}],
    )
    lead = world.join()
    world.advance(timedelta(days=45))
    assert templates(world) == [FIRST]
    assert load_state(lead).enrollments["nurture"].ended == "exit:asleep"


def test_a_branch_by_profile_a_tag_and_a_signal(world: QuickWorld) -> None:
    publish(
        world,
        {
            "id": "who", "otherwise": "second",
            "branch": [{"when": {"attribute": "primary.title", "equals": "部長"}, "then": "tag"}],
        },
        {"id": "tag", "set": [{"add_tag": "manager"}, {"field": "secondary.grade", "to": "A"}]},
        {"id": "call", "call_task": "お礼の電話", "due": {"business_days": 1, "at": "17:00"}, "then": "end"},
        {"id": "second", "send": SECOND},
    )  # fmt: skip
    lead = world.join()
    world.join("jiro@example.jp", title="課長")
    world.advance(timedelta(days=1))
    assert (templates(world), templates(world, "jiro@example.jp")) == ([], [SECOND])
    profile = next(one for one in world.items("profile") if one["pk"] == f"LEAD#{lead}")
    assert (profile["secondary"]["tags"], profile["secondary"]["grade"]) == (["manager"], "A")
    first = [json.loads(one["reasons"])[0]["label"] for one in world.items("signal")]
    assert first == ["お礼の電話 (2026-11-25 17:00)"]


def test_a_paused_scenario_sends_nothing_and_what_happened_meanwhile_counts(world: QuickWorld) -> None:
    steps = (SEND, {"id": "wait", "wait": {"days": 3}}, {"id": "second", "send": SECOND})
    exits = [{"id": "clicked", "on": {"activity": "mail_clicked"}}]
    publish(world, *steps, exits=exits)
    lead = world.join()
    jiro = world.join("jiro@example.jp")
    world.advance(timedelta(hours=1))
    publish(world, *steps, exits=exits, status="paused")
    world.advance(timedelta(days=1))
    does(world, lead, "mail_clicked", link="https://example.jp/")
    assert (
        world.join("saburo@example.jp") and "nurture" not in load_state(world.lead_id("saburo@example.jp")).enrollments
    )
    world.advance(timedelta(days=3))
    assert (templates(world), templates(world, "jiro@example.jp")) == ([FIRST], [FIRST])
    publish(world, *steps, exits=exits)
    world.advance(timedelta(days=3))  # over a weekend
    assert (templates(world), templates(world, "jiro@example.jp")) == ([FIRST], [FIRST, SECOND])
    assert load_state(lead).enrollments["nurture"].ended == "exit:clicked"
    assert load_state(jiro).enrollments["nurture"].is_complete


def test_an_ended_scenario_lets_everybody_go(world: QuickWorld) -> None:
    steps = (SEND, {"id": "wait", "wait": {"days": 3}}, {"id": "second", "send": SECOND})
    publish(world, *steps)
    lead = world.join()
    world.advance(timedelta(hours=1))
    publish(world, *steps, status="ended")
    world.advance(timedelta(days=7))
    assert templates(world) == [FIRST]
    assert load_state(lead).enrollments["nurture"].ended == "exit:scenario_ended"


def test_each_value_of_the_key_has_an_enrollment_of_its_own(world: QuickWorld) -> None:
    """Two seminars: attending one ends the enrollment for that one."""
    publish(
        world,
        {"id": "wait", "wait": {"days": 2, "at": "10:00"}},
        {"id": "second", "send": SECOND},
        key="seminar",
        entry=[{"on": {"activity": "seminar_registered"}}],
        exits=[{"id": "attended", "on": {"activity": "seminar_attended", "same_key": "seminar"}}],
    )
    lead = world.join()
    does(world, lead, "seminar_registered", seminar="spring")
    does(world, lead, "seminar_registered", seminar="autumn")
    does(world, lead, "seminar_registered", seminar="autumn")
    world.advance(timedelta(minutes=1))
    assert sorted(load_state(lead).enrollments) == ["nurture#autumn", "nurture#spring"]
    does(world, lead, "seminar_attended", seminar="spring")
    world.advance(timedelta(days=5))
    ended = {name: one.ended for name, one in load_state(lead).enrollments.items()}
    assert ended == {"nurture#autumn": None, "nurture#spring": "exit:attended"}
    assert templates(world) == [SECOND]


def test_what_a_late_stream_delivers_together_counts_in_its_order(world: QuickWorld) -> None:
    publish(
        world,
        SEND,
        entry=[{"on": {"activity": "seminar_registered"}}],
        exits=[{"id": "attended", "on": {"activity": "seminar_attended"}}],
    )
    lead = world.join()
    for minutes, type_ in ((0, "seminar_registered"), (1, "seminar_attended")):
        at = world.now + timedelta(minutes=minutes)
        table.put(activity_item(Activity(lead, type_, at, activity_key(type_), {})))
    world.now += timedelta(hours=1)
    world.settle()
    world.advance(timedelta(days=2))
    assert templates(world) == []
    assert load_state(lead).enrollments["nurture"].ended == "exit:attended"


def test_a_segment_entered_begins_a_scenario_and_the_entry_s_condition_counts(world: QuickWorld) -> None:
    segments = [{"id": "readers", "when": {"activity": "mail_clicked"}}]
    body = SegmentSet.model_validate({"time_zone": "Asia/Tokyo", "calendar": "JP", "segments": segments})
    world.app.definitions.publish("segments", "default", body.model_dump(mode="json"), world.now)
    managers = {"attribute": "primary.title", "equals": "部長"}
    publish(world, SEND, entry=[{"on": {"segment_entered": "readers"}, "when": managers}])
    lead, other = world.join(), world.join("jiro@example.jp", title="課長")
    for one in (lead, other):
        does(world, one, "mail_clicked", link="https://example.jp/")
    world.advance(timedelta(hours=1))
    assert (templates(world), templates(world, "jiro@example.jp")) == ([FIRST], [])
    assert reasons(world, "scenario_entered") == ["segment_entered"]


def test_a_cycle_sends_the_same_email_again_each_time_once(world: QuickWorld) -> None:
    publish(
        world,
        SEND,
        {"id": "wait", "wait": {"days": 7}, "then": "again"},
        {"id": "again", "branch": [{"when": {"attribute": "secondary.bored", "equals": "yes"}, "then": "end"}],
         "otherwise": "first"},
    )  # fmt: skip
    world.join()
    world.advance(timedelta(days=23))
    assert templates(world) == [FIRST] * 4


def test_a_scenario_enrolls_in_another_and_takes_out_of_a_third(world: QuickWorld) -> None:
    publish(world, {"id": "wait", "wait": {"days": 30}}, {"id": "second", "send": SECOND}, id="third")
    publish(world, {"id": "second", "send": SECOND}, id="other", entry=[{"manual": True}])
    publish(world, {"id": "to", "enroll": "other"}, {"id": "out", "leave": "third"})
    lead = world.join()
    world.advance(timedelta(days=40))
    assert templates(world) == [SECOND]
    ended = {name: (one.is_complete, one.ended) for name, one in load_state(lead).enrollments.items()}
    assert ended == {"nurture": (True, None), "other": (True, None), "third": (True, "left")}


def test_a_scenario_that_does_not_take_the_lead_in_is_a_decision_in_the_log(world: QuickWorld) -> None:
    publish(world, {"id": "second", "send": SECOND}, id="other", entry=[{"manual": True}])
    publish(world, {"id": "second", "send": SECOND}, id="kept", status="draft", entry=[{"manual": True}])
    steps = [{"id": f"to-{number}", "enroll": name} for number, name in enumerate(("other", "kept", "gone"))]
    wait = {"id": "wait", "wait": {"days": 1}}
    publish(world, *steps, wait, {"id": "again", "enroll": "other"})
    world.join()
    world.advance(timedelta(days=2))
    assert templates(world) == [SECOND]
    assert reasons(world, "scenario_advanced") == [
        "to-1 v1: not_enrolled (kept: not_published); to-2 v1: not_enrolled (gone: not_published)",
        "again v1: not_enrolled (other: was_in_it)",
    ]


def test_a_lead_that_opted_out_gets_nothing_and_goes_on(world: QuickWorld) -> None:
    publish(world, SEND, {"id": "wait", "wait": {"days": 1}}, {"id": "tag", "set": [{"add_tag": "done"}]})
    lead = world.join()
    state = load_state(lead)
    table.commit([state_change(state, state.block("unsubscribed"))])
    world.advance(timedelta(days=2))
    assert templates(world) == []
    assert load_state(lead).enrollments["nurture"].is_complete
    assert [one["reason"] for one in world.items("send") if one["state"] == "skipped"] == ["blocked:unsubscribed"]


@pytest.mark.parametrize(
    ("entry", "points", "enters"),
    [
        ({"score": "total", "rises_to": 40}, (5, 10), [False, True]),
        ({"score": "total", "falls_below": 20}, (-5, -10), [False, True]),
        ({"phase": ["consideration"]}, (5, 10), [False, True]),
    ],
    ids=["rises", "falls", "phase"],
)
def test_a_crossing_of_the_score_begins_a_scenario(
    world: QuickWorld, entry: Json, points: tuple[int, int], enters: list[bool]
) -> None:
    scenario = Scenario.model_validate(
        {"id": "nurture", "topic": TOPIC, "status": "published", "entry": [entry], "steps": [SEND]}
    )
    body = SegmentSet(time_zone="Asia/Tokyo", calendar="JP", segments=tuple(segments_of(scenario)))
    world.app.definitions.publish("segments", "default", body.model_dump(mode="json"), world.now)
    publish(world, SEND, entry=[entry])
    lead = world.join()
    was_in = []
    for number, value in enumerate(points):
        does(world, lead, "score_adjusted", points=value, reason=f"r{number}")
        was_in.append("nurture" in load_state(lead).enrollments)
        world.advance(timedelta(minutes=5))
    assert was_in == enters


def test_who_comes_in_again_keeps_the_arm(world: QuickWorld) -> None:
    def split(first: int) -> Json:
        arms = [{"id": "x", "weight": first, "then": "first"}, {"id": "y", "weight": 1 - first, "then": "second"}]
        return {"id": "arm", "split": arms}

    steps = ({"id": "first", "send": FIRST, "then": "end"}, {"id": "second", "send": SECOND})
    again = {"re_entry": {"allow": "after_exit"}, "entry": [{"on": {"activity": "seminar_registered"}}]}
    publish(world, split(1), *steps, **again)
    lead = world.join()
    does(world, lead, "seminar_registered")
    world.advance(timedelta(days=1))
    publish(world, split(0), *steps, **again)
    does(world, lead, "seminar_registered")
    world.advance(timedelta(days=1))
    assert templates(world) == [FIRST, FIRST]
    assert load_state(lead).enrollments["nurture"].arms == {"arm": "x"}


def test_a_wait_begins_when_a_deferred_email_has_left(world: QuickWorld) -> None:
    """The due entry of the second email that was planned with the first attempt of the first one is too early."""
    publish(world, SEND, {"id": "wait", "wait": {"days_of_24_hours": 2}}, {"id": "second", "send": SECOND})
    lead = world.join()
    state = load_state(lead)
    table.commit([state_change(state, state.pause("2026-11-25T03:00:00.000Z"))])
    world.advance(timedelta(days=1, hours=12))
    assert templates(world) == [FIRST]
    world.advance(timedelta(days=1))
    assert templates(world) == [FIRST]
    world.advance(timedelta(days=1))
    assert templates(world) == [FIRST, SECOND]


def test_the_sample_wakes_a_dormant_lead_and_asks_for_a_call_when_it_clicks(world: QuickWorld) -> None:
    clicks, sleeps = world.join(employees="300-999"), world.join("jiro@example.jp")
    world.advance(timedelta(days=93))
    assert (templates(world), templates(world, "jiro@example.jp")) == ([SECOND], [SECOND])
    does(world, clicks, "mail_clicked", link="https://example.jp/cases")
    world.advance(timedelta(days=10))
    assert (templates(world), templates(world, "jiro@example.jp")) == ([SECOND], [SECOND, THIRD])
    calls = [one for one in world.items("signal") if "ヒアリング" in json.loads(one["reasons"])[0]["label"]]
    assert [one["pk"] for one in calls] == [f"LEAD#{clicks}"]
    assert load_state(sleeps).enrollments["dormant-revival"].is_complete


def batch_of(*leads: str) -> Json:
    """One message of the send queue with the enrollments of these leads, at the step at which the first one is."""
    states = [load_state(lead) for lead in leads]
    enrollments = [state.enrollments["nurture"] for state in states]
    since = datetime.fromisoformat(enrollments[0].since)
    refs = tuple(
        EnrollmentRef(state.lead_id, one.id, since, state.zone, one.visit)
        for state, one in zip(states, enrollments, strict=True)
    )
    message = EnrollmentBatch("nurture", enrollments[0].version, enrollments[0].step, refs).to_message()
    return {"Records": [{"messageId": "1", "body": json.dumps(message)}]}


BRANCH = {"id": "who", "otherwise": "wait", "branch": [{"when": {"activity": "mail_clicked"}, "then": "end"}]}


def test_a_lead_whose_log_cannot_be_read_holds_up_nobody_else(world: QuickWorld) -> None:
    """Its message becomes a dead letter with the reason; the other leads of the batch go on."""
    publish(world, BRANCH, {"id": "wait", "wait": {"days": 1}}, SEND)
    broken, sound = world.join(), world.join("jiro@example.jp")
    message = batch_of(broken, sound)
    world.dynamodb.put_item(
        TableName="", Item=encode(ActivityItem(f"LEAD#{broken}", "ACT#x", type="mail_clicked", at="never", key="x"))
    )
    assert world.call("email_sender", message) == {"batchItemFailures": []}
    assert [load_state(lead).enrollments["nurture"].step for lead in (broken, sound)] == [0, 1]
    (letter,) = world.dead_letters()
    assert broken in letter["reason"] and "cannot be read" in letter["reason"]


@pytest.mark.parametrize("follows", [SEND, {"id": "tag", "set": [{"add_tag": "x"}]}], ids=["email", "other"])
def test_a_crash_at_any_write_leaves_nobody_without_a_next_step(world: QuickWorld, follows: Json) -> None:
    publish(world, BRANCH, {"id": "wait", "wait": {"days": 1}}, follows)
    leads = [world.join(f"p{number}@example.jp") for number in range(3)]
    message, before = batch_of(*leads), dict(world.table.items)
    for crash in crash_points(world, at_least=4):
        world.table.items = dict(before)
        crash.call("email_sender", message)
        world.call("email_sender", message)
        planned = {
            tuple(entry[:2] + entry[4:])
            for item in world.items("due")
            for entry in json.loads(item["message"]).get("leads", ())
        }
        for lead in leads:
            enrollment = load_state(lead).enrollments["nurture"]
            assert enrollment.step == 1 and enrollment.visit is not None
            assert (lead, enrollment.id, enrollment.visit.number, enrollment.visit.at) in planned, crash.number


def test_a_lead_without_a_profile_holds_up_nobody_else(world: QuickWorld) -> None:
    publish(world, {"id": "wait", "wait": {"hours": 5}}, {"id": "tag", "set": [{"add_tag": "x"}]}, SEND)
    gone = world.join()
    world.join("jiro@example.jp")
    del world.table.items[f"LEAD#{gone}", "PROFILE"]
    world.advance(timedelta(days=2))
    assert templates(world, "jiro@example.jp") == [FIRST]
    assert any(gone in str(letter) for letter in world.dead_letters())


def test_a_call_and_a_signal_of_one_moment_are_one_signal(world: QuickWorld) -> None:
    publish(
        world,
        {"id": "call", "call_task": "電話", "due": {"hours": 1}},
        {"id": "tell", "signal": "資料を3回見た"},
        SEND,
    )
    world.join()
    world.advance(timedelta(hours=1))
    (signal,) = world.items("signal")
    labels = [one["label"] for one in json.loads(signal["reasons"])]
    assert labels[0].startswith("電話 (") and labels[1] == "資料を3回見た"
    assert templates(world) == [FIRST]


def test_the_bus_names_the_scenario_and_its_key_apart(world: QuickWorld) -> None:
    publish(world, SEND, key="seminar", entry=[{"on": {"activity": "seminar_registered"}}])
    lead = world.join()
    does(world, lead, "seminar_registered", seminar="spring")
    world.advance(timedelta(hours=1))
    details = [(event["DetailType"], json.loads(event["Detail"])) for event in world.bus]
    events = [(name, d["scenario"], d.get("key")) for name, d in details if name.startswith("Scenario")]
    assert events == [("ScenarioEntered", "nurture", "spring"), ("ScenarioLeft", "nurture", "spring")]
    about = next(one["about"] for one in world.items("activity") if one["type"] == "scenario_entered")
    assert (about["scenario"], about["key"]) == ("nurture", "spring")


def test_two_scenarios_that_tell_sales_at_one_moment_both_do(world: QuickWorld) -> None:
    steps = (
        {"id": "clicks", "wait_for": {"activity": "mail_clicked"}, "timeout": {"days": 5}, "on_timeout": "end"},
        {"id": "tell", "signal": "メールに反応"},
    )
    publish(world, *steps)
    publish(world, *steps, id="other")
    lead = world.join()
    world.advance(timedelta(minutes=5))
    does(world, lead, "mail_clicked")
    assert len(world.items("signal")) == 2
