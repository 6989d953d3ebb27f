"""Replay of all scores by `score_replay`: killed anywhere, delivered twice, rules that change meanwhile."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from sodate.errors import Transient
from sodate.playbook.store import Definitions
from sodate.scoring import replay_job
from sodate.scoring.replay import is_recorded, read_table, replay
from sodate.scoring.replay_progress import ReplayOptions
from sodate.scoring.rescore import Rescorer, live_rules, rescore

from tests.functions.quick import QuickWorld
from tests.support.population import items_of

LEADS, SEGMENTS = 300, 4
SEEN: dict[str, Any] = {
    "id": "seen", "label": "seen", "when": {"activity": "page_viewed"}, "points": 30, "half_life_days": 400,
}  # fmt: skip
RULES: dict[str, Any] = {
    "hot": {"threshold": 50, "cool_below": 30},
    "rules": [SEEN],
    "phases": [{"id": "aware", "label": "認知"}],
}
#: The previous rules, under which no lead is hot.
COLD: dict[str, Any] = {**RULES, "hot": {"threshold": 100_000, "cool_below": 99_999}}


class Killed(BaseException):
    """The process is gone; nothing catches it."""


@pytest.fixture
def crowd(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    """Leads scored under other rules, two months after their last activity; new rules went live a minute ago."""
    chance = random.Random(7)  # noqa: S311  repeatable, not secret
    for number in range(LEADS):
        for item in items_of(number, 6, chance):
            world.dynamodb.put_item("", item)
    old = Definitions().publish("rules", "default", COLD, world.now)
    for case, _ in list(read_table()):
        rescore(case.profile.lead_id, live_rules(Definitions()), world.now)
    assert Definitions().publish("rules", "default", RULES, world.now) > old
    world.table.scan_page = 37
    world.now += timedelta(minutes=1)
    world.stream_records()
    # Every call of the clock takes a second, so that a task's budget is over after some twenty leads.
    world.app.clock = replace(world.app.clock, now=lambda: tick(world))
    return world


def tick(world: QuickWorld) -> Any:
    world.now += timedelta(seconds=1)
    return world.now


def begin(world: QuickWorld, *, notify: bool = False) -> str:
    tasks = replay_job.plan("JOB", SEGMENTS, live_rules(Definitions()).version, world.now, ReplayOptions(notify))
    world.app.queues.put(world.replay_queue, [task.to_message() for task in tasks])
    return "JOB"


def messages(world: QuickWorld) -> Iterator[str]:
    """Bodies until the queue is empty, including messages sent meanwhile."""
    client = boto3.client("sqs")
    while batch := client.receive_message(QueueUrl=world.replay_queue, MaxNumberOfMessages=1).get("Messages"):
        client.delete_message(QueueUrl=world.replay_queue, ReceiptHandle=batch[0]["ReceiptHandle"])
        yield batch[0]["Body"]


def deliver(world: QuickWorld, body: str) -> bool:
    """Whether the function is done with the message."""
    response = world.call("score_replay", {"Records": [{"messageId": "1", "body": body}]})
    return response == {"batchItemFailures": []}


def assert_all_as_a_replay_says(world: QuickWorld) -> None:
    rules, seen = live_rules(Definitions()), 0
    for case, _ in read_table():
        seen += 1
        assert is_recorded(case, replay(case, rules.engine, world.now), rules.engine, rules.version), (
            case.profile.lead_id
        )
    assert seen == LEADS


def figures(job: str) -> tuple[int, ...]:
    status = replay_job.status(job)
    return tuple(status[name] for name in ("done", "running", "leads", "changed", "unreadable"))


def hot(world: QuickWorld) -> int:
    return sum(bool(item["hot"]) for item in world.items("score"))


def test_everybody_moves_to_the_live_rules_in_many_tasks_without_signals(crowd: QuickWorld) -> None:
    job, tasks = begin(crowd), 0
    assert hot(crowd) == 0
    for body in messages(crowd):
        assert deliver(crowd, body)
        tasks += 1
    assert tasks > 2 * SEGMENTS
    assert figures(job) == (SEGMENTS, 0, LEADS, LEADS, 0)
    assert_all_as_a_replay_says(crowd)
    assert replay_job.status(job)["hot"] == hot(crowd) > 20
    assert not crowd.items("signal")


def test_a_second_replay_finds_nothing_to_write(crowd: QuickWorld) -> None:
    begin(crowd)
    assert all(deliver(crowd, body) for body in messages(crowd))
    before = {item["pk"]: item["version"] for item in crowd.items("score")}
    job = begin(crowd, notify=True)
    assert all(deliver(crowd, body) for body in messages(crowd))
    assert figures(job) == (SEGMENTS, 0, LEADS, 0, 0)
    assert {item["pk"]: item["version"] for item in crowd.items("score")} == before
    assert not crowd.items("signal")


def test_with_notify_each_lead_gets_one_signal_although_every_message_comes_twice(crowd: QuickWorld) -> None:
    job, tasks = begin(crowd, notify=True), 0
    for body in messages(crowd):
        assert deliver(crowd, body)
        assert deliver(crowd, body)
        tasks += 1
    assert tasks == replay_job.status(job)["tasks"], "a duplicate message adds no task"
    signals = [item["pk"] for item in crowd.items("signal")]
    assert len(signals) == len(set(signals)) == hot(crowd) > 20
    assert figures(job) == (SEGMENTS, 0, LEADS, LEADS, 0)
    assert_all_as_a_replay_says(crowd)


@pytest.mark.parametrize("at", [1, 2, 3, 7, 12])
def test_killed_at_any_write_and_delivered_again(crowd: QuickWorld, at: int) -> None:
    """Every delivery crashes at its n-th write, once before and once after it; the next delivery succeeds."""
    job, deaths = begin(crowd, notify=True), 0
    for body in messages(crowd):
        for which in ("before", "after"):
            left = [at]

            def point(label: str, which: str = which, left: list[int] = left) -> None:
                if label.startswith(which):
                    left[0] -= 1
                    if left[0] == 0:
                        raise Killed

            crowd.table.point = point
            try:
                deliver(crowd, body)
            except Killed:
                deaths += 1
        crowd.table.point = lambda label: None
        assert deliver(crowd, body)
    assert_all_as_a_replay_says(crowd)
    assert len(crowd.items("signal")) == hot(crowd) > 20
    assert deaths >= SEGMENTS
    done, running, leads, _, unreadable = figures(job)
    assert (done, running, leads, unreadable) == (SEGMENTS, 0, LEADS, 0)


def test_killed_between_its_progress_and_its_next_message(crowd: QuickWorld) -> None:
    job, real = begin(crowd), crowd.app.queues.put

    def killed(*_: Any) -> None:
        raise Killed

    for body in messages(crowd):
        crowd.app.queues.put = killed
        with suppress(Killed):
            deliver(crowd, body)
        crowd.app.queues.put = real
        assert deliver(crowd, body)
    assert figures(job) == (SEGMENTS, 0, LEADS, LEADS, 0)
    assert_all_as_a_replay_says(crowd)


def test_of_two_deliveries_at_the_same_time_one_goes_on(crowd: QuickWorld) -> None:
    job, inner = begin(crowd), list[bool]()
    first, *others = messages(crowd)

    def meanwhile(label: str) -> None:
        if not inner and label == "before Put":
            inner.append(True)
            assert deliver(crowd, first)

    crowd.table.point = meanwhile
    assert deliver(crowd, first)
    crowd.table.point = lambda label: None
    following = list(messages(crowd))
    assert [json.loads(body)["number"] for body in following] == [1]
    crowd.app.queues.put(crowd.replay_queue, [json.loads(body) for body in [*following, *others]])
    assert all(deliver(crowd, body) for body in messages(crowd))
    assert figures(job)[:3] == (SEGMENTS, 0, LEADS)
    assert_all_as_a_replay_says(crowd)


def test_a_rule_change_in_the_middle_ends_the_replay_and_overwrites_no_newer_score(crowd: QuickWorld) -> None:
    job = begin(crowd)
    queued = messages(crowd)
    assert deliver(crowd, next(queued))
    Definitions().publish("rules", "default", {**RULES, "hot": {"threshold": 60, "cool_below": 30}}, crowd.now)
    newest = live_rules(Definitions())
    for case, _ in list(read_table())[::3]:
        rescore(case.profile.lead_id, newest, crowd.now, notify=False)
    ahead = {item["pk"] for item in crowd.items("score") if item["rules_version"] == newest.version}
    assert all(deliver(crowd, body) for body in queued)
    assert replay_job.status(job)["rules_changed"] == SEGMENTS
    assert {item["pk"] for item in crowd.items("score") if item["rules_version"] == newest.version} == ahead


def test_a_process_that_caches_older_rules_overwrites_no_newer_score(crowd: QuickWorld) -> None:
    job, stale = begin(crowd), live_rules(Definitions())
    Definitions().publish("rules", "default", COLD, crowd.now)
    ahead = [case.profile.lead_id for case, _ in read_table()][::3]
    for lead in ahead:
        rescore(lead, live_rules(Definitions()), crowd.now, notify=False)
    replayed = Definitions()
    replayed.live = lambda *_: Definitions().version("rules", "default", stale.version)  # type: ignore[method-assign]
    before = {item["pk"]: item["version"] for item in crowd.items("score")}
    for segment in range(SEGMENTS):
        far = crowd.now + timedelta(days=1)
        task = replay_job.ReplayTask(job=job, segment=segment)
        result = replay_job.run_task(task, replayed, crowd.app.clock.now, far, lambda *_: None)
        assert result.outcome == "done"
    after = {item["pk"]: item for item in crowd.items("score")}
    for lead in ahead:
        assert after[f"LEAD#{lead}"]["version"] == before[f"LEAD#{lead}"]
    assert sum(item["rules_version"] == stale.version for item in after.values()) == LEADS - len(ahead)


def test_a_lead_that_cannot_be_read_is_counted_and_the_others_go_on(crowd: QuickWorld) -> None:
    lead = next(read_table())[0].profile.lead_id
    broken = {"pk": {"S": f"LEAD#{lead}"}, "sk": {"S": "ACT#x"}, "kind": {"S": "activity"}}
    crowd.dynamodb.put_item("", broken)
    job = begin(crowd)
    assert all(deliver(crowd, body) for body in messages(crowd))
    assert figures(job) == (SEGMENTS, 0, LEADS - 1, LEADS - 1, 1)


def test_a_busy_table_ends_the_task_with_what_was_done_and_without_progress_the_message_waits(
    crowd: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, done = begin(crowd), list[str]()
    real = Rescorer.rescore

    def busy(rescorer: Rescorer, lead_id: str, *rest: Any) -> Any:
        if len(done) >= 3:
            raise Transient("the table did not answer")
        done.append(lead_id)
        return real(rescorer, lead_id, *rest)

    monkeypatch.setattr(Rescorer, "rescore", busy)
    queued = list(messages(crowd))
    assert deliver(crowd, queued[0])
    assert figures(job) == (0, SEGMENTS, 3, 3, 0)
    (following,) = messages(crowd)
    assert not deliver(crowd, following)
    assert figures(job) == (0, SEGMENTS, 3, 3, 0)
    monkeypatch.setattr(Rescorer, "rescore", real)
    crowd.app.queues.put(crowd.replay_queue, [json.loads(body) for body in [following, *queued[1:]]])
    assert all(deliver(crowd, body) for body in messages(crowd))
    assert figures(job) == (SEGMENTS, 0, LEADS, LEADS, 0)
    assert_all_as_a_replay_says(crowd)


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        '{"v": 2, "what": "replay", "job": "JOB", "segment": 0}',
        '{"v": 1, "what": "replay", "job": "JOB", "segment": 999}',
        '{"v": 1, "what": "replay", "job": "OTHER", "segment": 0}',
        '{"v": 1, "what": "replay", "job": "JOB", "segment": 0, "number": 7}',
    ],
)
def test_a_message_that_is_invalid_is_a_dead_letter_with_its_reason(crowd: QuickWorld, body: str) -> None:
    begin(crowd)
    assert deliver(crowd, body)
    (letter,) = crowd.dead_letters()
    assert "replay" in letter["reason"]
