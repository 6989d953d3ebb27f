"""The tick: nothing due is lost or handed over early, whatever died in between, and idle minutes cost very little."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sodate.scheduling import dispatch as dispatching
from sodate.scheduling import store as due
from sodate.scheduling.dispatch import Cursors, Tick, dispatch
from sodate.scheduling.message import RawMessage

from tests.functions.quick import QuickWorld
from tests.support.world import World

LANE = due.TRANSACTIONAL


class TimeIsUp(BaseException):
    """The process is gone; no `except Exception` of ours sees it."""


class Dispatcher:
    """Takes everything, unless told how much room there is."""

    def __init__(self, world: World) -> None:
        self.world, self.cursors = world, Cursors()
        self.got: list[str] = []
        self.room = 10**9

    def take(self, messages: Sequence[dict[str, Any]]) -> int:
        taken = min(len(messages), self.room - len(self.got))
        self.got += [message["ref"] for message in messages[:taken]]
        return taken

    def tick(self, lane: due.Lane = LANE, page: int = due.PAGE) -> Tick:
        return dispatch(lane, self.take, self.cursors, self.world.now, page)

    def plan(self, minutes: int, ref: str, lane: due.Lane = LANE) -> None:
        due.plan(self.world.now + timedelta(minutes=minutes), lane, ref, RawMessage({"ref": ref}), self.world.now)

    def begin(self) -> None:
        for lane in due.LANES:
            due.move_cursor(lane, self.world.now)


@pytest.fixture
def dispatcher(world: World) -> Dispatcher:
    found = Dispatcher(world)
    found.begin()
    return found


@pytest.mark.parametrize("lane", due.LANES, ids=lambda lane: lane.name)
def test_an_entry_is_handed_over_in_its_minute_not_before_and_once(dispatcher: Dispatcher, lane: due.Lane) -> None:
    dispatcher.plan(10, "a", lane)
    for _ in range(20):
        dispatcher.world.now += timedelta(minutes=1)
        before = len(dispatcher.got)
        dispatcher.tick(lane)
        if len(dispatcher.got) > before:
            assert dispatcher.world.now.minute == 10
    assert dispatcher.got == ["a"]


def test_an_entry_for_now_never_falls_into_a_minute_that_was_read(dispatcher: Dispatcher) -> None:
    dispatcher.tick()
    dispatcher.plan(-60, "late")
    dispatcher.plan(0, "now")
    dispatcher.world.now += timedelta(minutes=2)
    dispatcher.tick()
    assert sorted(dispatcher.got) == ["late", "now"]


def test_after_days_without_a_tick_everything_is_handed_over_even_if_a_tick_dies_every_hundred_reads(
    world: QuickWorld,
) -> None:
    dispatcher = Dispatcher(world)
    dispatcher.begin()
    for hours in (5, 30, 47):
        dispatcher.plan(hours * 60, f"h{hours}")
    world.now += timedelta(days=2)
    for _ in range(60):
        stop = world.table.reads + 100

        def watchdog(operation: str, stop: int = stop) -> None:
            if operation == "Query" and world.table.reads > stop:
                raise TimeIsUp

        world.table.refuse = watchdog
        try:
            dispatcher.tick()
        except TimeIsUp:
            dispatcher.cursors = Cursors()  # the next process knows nothing
            continue
        break
    world.table.refuse = lambda operation: None
    assert dispatcher.got == ["h5", "h30", "h47"]
    assert dispatcher.cursors.of(LANE, world.now).minute == world.now


def test_a_minute_with_more_than_a_tick_can_hand_over_is_finished_by_the_next_ones(world: QuickWorld) -> None:
    """The tick dies in the middle; what it handed over before is not handed over again, and nothing is missed."""
    dispatcher = Dispatcher(world)
    dispatcher.begin()
    names = [f"{number:05d}" for number in range(2 * due.PAGE + 50)]
    for name in names:
        dispatcher.plan(5, name, due.STEP)
    world.now += timedelta(minutes=6)
    tired: list[bool] = []

    def slow(messages: Sequence[dict[str, Any]]) -> int:
        if len(dispatcher.got) >= 200 and not tired:
            tired.append(True)
            raise TimeIsUp
        return dispatcher.take(messages)

    with pytest.raises(TimeIsUp):
        dispatch(due.STEP, slow, dispatcher.cursors, world.now, 50)
    handed_over = list(dispatcher.got)
    dispatcher.cursors = Cursors()
    dispatcher.plan(-5, "later", due.STEP)
    world.now += timedelta(minutes=3)
    dispatcher.tick(due.STEP)
    assert sorted(dispatcher.got) == [*names, "later"]
    assert dispatcher.got[: len(handed_over)] == handed_over


def test_what_does_not_fit_stays_and_goes_on_behind_the_last_one(world: QuickWorld) -> None:
    dispatcher = Dispatcher(world)
    dispatcher.begin()
    for number in range(30):
        dispatcher.plan(5, f"{number:02d}", due.STEP)
    world.now += timedelta(minutes=5)
    for expected in (7, 14, 21, 28, 30):
        dispatcher.room = expected if expected < 30 else 10**9
        dispatcher.cursors = Cursors()
        tick = dispatcher.tick(due.STEP, page=5)
        assert (len(dispatcher.got), tick.is_full) == (expected, expected < 30)
        world.now += timedelta(minutes=1)
    assert sorted(dispatcher.got) == [f"{number:02d}" for number in range(30)]


def test_a_queue_that_refuses_leaves_the_cursor_where_it_was(dispatcher: Dispatcher) -> None:
    dispatcher.plan(5, "a")
    dispatcher.world.now += timedelta(minutes=6)

    def full(messages: Sequence[dict[str, Any]]) -> int:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        dispatch(LANE, full, dispatcher.cursors, dispatcher.world.now)
    dispatcher.tick()
    assert dispatcher.got == ["a"]


def test_an_idle_tick_is_one_query_a_shard_and_nothing_else(world: QuickWorld) -> None:
    world.call("step_mail_dispatch", {})
    world.now += timedelta(minutes=1)
    reads, writes = world.table.reads, world.table.writes
    world.call("step_mail_dispatch", {})
    shards = sum(lane.shards for lane in due.SENDING)
    assert (world.table.reads - reads, world.table.writes - writes) == (shards, 0)


def test_a_late_tick_says_so(dispatcher: Dispatcher) -> None:
    dispatcher.plan(5, "a")
    dispatcher.world.now += timedelta(minutes=5 + dispatching.LATE_MINUTES + 1)
    assert dispatcher.tick().is_late


def test_an_entry_that_cannot_be_parsed_becomes_a_dead_letter_and_delays_no_other(world: QuickWorld) -> None:
    lead = world.join("taro@example.jp")
    for number, content in enumerate(({"v": 2, "what": "steps", "leads": 7}, {"v": 1, "what": "dance"})):
        due.plan(world.now, due.STEP, f"{number}", RawMessage(content), world.now)
    world.advance(timedelta(days=1, minutes=10))
    assert sorted(letter["reason"][:24] for letter in world.dead_letters()) == [
        "a send message must be s",
        "not a message of steps: ",
    ]
    assert [item["state"] for item in world.items("send") if item["name"] == "step"] == ["delivered"]
    assert world.state(lead)["enrollments"]
