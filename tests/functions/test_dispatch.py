"""The tick: nothing due is lost or handed over early, whatever died in between, and idle minutes cost very little."""

from datetime import timedelta
from typing import Any

import pytest
from sodate.due import dispatch as dispatching
from sodate.due import store as due
from sodate.due.dispatch import dispatch

from tests.functions.quick import QuickWorld
from tests.support.world import World


def plan(world: World, minutes: int, ref: str) -> None:
    due.plan(world.now + timedelta(minutes=minutes), due.SEND, "step", ref, {"ref": ref}, world.now)


def test_an_entry_is_handed_over_in_its_minute_not_before_and_once(world: World) -> None:
    got: list[Any] = []
    due.move_cursor(due.SEND, world.now)
    plan(world, 10, "a")
    for _ in range(20):
        world.now += timedelta(minutes=1)
        before = len(got)
        dispatch(due.SEND, got.extend, world.now)
        if len(got) > before:
            assert world.now.minute == 10
    assert got == [{"ref": "a"}]


def test_an_entry_for_now_never_falls_into_a_minute_that_was_read(world: World) -> None:
    got: list[Any] = []
    dispatch(due.SEND, got.extend, world.now)
    plan(world, -60, "late")
    plan(world, 0, "now")
    world.now += timedelta(minutes=2)
    dispatch(due.SEND, got.extend, world.now)
    assert sorted(entry["ref"] for entry in got) == ["late", "now"]


def test_after_days_without_a_tick_everything_is_handed_over_even_if_a_tick_dies_every_hundred_reads(
    world: QuickWorld,
) -> None:
    due.move_cursor(due.SEND, world.now)
    for hours in (5, 30, 47):
        plan(world, hours * 60, f"h{hours}")
    world.now += timedelta(days=2)
    got: list[Any] = []

    class TimeIsUp(BaseException):
        pass

    for _ in range(60):
        stop = world.table.reads + 100

        def watchdog(operation: str, stop: int = stop) -> None:
            if operation == "Query" and world.table.reads > stop:
                raise TimeIsUp

        world.table.refuse = watchdog
        try:
            dispatch(due.SEND, got.extend, world.now)
        except TimeIsUp:
            continue
        break
    world.table.refuse = lambda operation: None
    assert [entry["ref"] for entry in got] == ["h5", "h30", "h47"]
    assert due.read_until(due.SEND) == world.now


def test_a_minute_with_more_than_a_tick_can_hand_over_is_finished_by_the_next_ones(world: QuickWorld) -> None:
    due.move_cursor(due.SEND, world.now)
    total = 2 * due.PART + 500
    for number in range(total):
        plan(world, 5, f"{number:05d}")
    world.now += timedelta(minutes=6)
    got: list[Any] = []

    class TimeIsUp(BaseException):
        pass

    def slow(messages: Any) -> None:
        if len(got) % (2 * due.PART) == due.PART and not tired:
            tired.append(True)
            raise TimeIsUp
        got.extend(messages)

    tired: list[bool] = []
    with pytest.raises(TimeIsUp):
        dispatch(due.SEND, slow, world.now)
    assert len(got) == due.PART
    plan(world, -5, "later")
    world.now += timedelta(minutes=3)
    dispatch(due.SEND, slow, world.now)
    assert [entry["ref"] for entry in got] == [*(f"{number:05d}" for number in range(total)), "later"]


def test_a_queue_that_refuses_leaves_the_cursor_where_it_was(world: World) -> None:
    due.move_cursor(due.SEND, world.now)
    plan(world, 5, "a")
    world.now += timedelta(minutes=6)

    def full(messages: Any) -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        dispatch(due.SEND, full, world.now)
    got: list[Any] = []
    dispatch(due.SEND, got.extend, world.now)
    assert got == [{"ref": "a"}]


def test_an_idle_tick_is_two_reads_and_one_write(world: QuickWorld) -> None:
    dispatch(due.SEND, lambda messages: None, world.now)
    world.now += timedelta(minutes=1)
    reads, writes = world.table.reads, world.table.writes
    dispatch(due.SEND, lambda messages: None, world.now)
    assert (world.table.reads - reads, world.table.writes - writes) == (2, 1)


def test_a_late_tick_says_so(world: World) -> None:
    due.move_cursor(due.SEND, world.now)
    plan(world, 5, "a")
    world.now += timedelta(minutes=5 + dispatching.LATE_MINUTES + 1)
    assert dispatch(due.SEND, lambda messages: None, world.now).is_late
