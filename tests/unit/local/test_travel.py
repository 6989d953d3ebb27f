"""Time travel: everything due on the way happens at its own moment, and idle minutes cost nothing."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate_cli.local.clock import ShiftedClock
from sodate_cli.local.travel import StillBusy, Traveller, parse_span, what_is_left

MINUTE = timedelta(minutes=1)


def floor(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


@dataclass
class World:
    """A due index with two lanes, a dispatcher that reads every minute after its cursor, and one queue."""

    clock: ShiftedClock
    entries: dict[int, set[datetime]] = field(default_factory=lambda: {0: set(), 1: set()})
    cursors: dict[int, datetime] = field(default_factory=dict)
    hidden: list[timedelta] = field(default_factory=list)
    happened: list[tuple[int, datetime, datetime]] = field(default_factory=list)
    shown: list[datetime] = field(default_factory=list)
    minutes_read: int = 0
    follow_up: timedelta | None = None
    busy: int = 0
    LANES: tuple[int, ...] = (0, 1)

    def next_due_minute(self, after: datetime) -> datetime | None:
        return min((minute for lane in self.entries.values() for minute in lane if minute > after), default=None)

    def skip_idle(self, until: datetime) -> None:
        for lane, minutes in self.entries.items():
            reached = self.cursors.get(lane)
            unread = [minute for minute in minutes if reached is None or minute > reached]
            end = min([until + MINUTE, *unread]) - MINUTE
            self.cursors[lane] = end if reached is None else max(reached, end)

    def run_schedules(self) -> None:
        now = self.clock()
        for lane in self.LANES:
            minute = self.cursors.get(lane, floor(now) - MINUTE) + MINUTE
            while minute <= now:
                self.minutes_read += 1
                if minute in self.entries[lane]:
                    self.happened.append((lane, minute, now))
                    if self.follow_up and lane == 0:
                        self.entries[0].add(floor(now + self.follow_up))
                self.cursors[lane] = minute
                minute += MINUTE
        self.busy = 2

    def work(self) -> Mapping[str, Any]:
        self.busy = max(0, self.busy - 1)
        now = self.clock()
        self.shown += [now for wait in self.hidden if wait <= timedelta(0)]
        self.hidden = [wait for wait in self.hidden if wait > timedelta(0)]
        seconds = [wait.total_seconds() for wait in self.hidden]
        queue = {"visible": 0, "hidden": len(seconds), "next_in": min(seconds, default=None)}
        dead = {"visible": 7, "hidden": 1, "next_in": 3.0}
        return {"executing": self.busy, "batches": 0, "stream_records": 0, "queues": {"send": queue, "send-dlq": dead}}

    def let_queues_wait(self, passed: timedelta) -> None:
        self.hidden = [wait - passed for wait in self.hidden]


@contextmanager
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        yield World(ShiftedClock(Path(folder) / "clock.json"))


def travel(one: World, span: timedelta) -> Traveller:
    traveller = Traveller(one.clock, one, one, pause=lambda: None)
    traveller.travel(one.clock() + span)
    return traveller


minutes = st.sets(st.integers(min_value=2, max_value=40 * 24 * 60), max_size=12)


@given(minutes, minutes)
def test_every_entry_happens_once_in_order_and_at_its_own_minute(sends: set[int], watches: set[int]) -> None:
    with world() as one:
        begin = floor(one.clock())
        one.entries = {0: {begin + n * MINUTE for n in sends}, 1: {begin + n * MINUTE for n in watches}}
        travel(one, timedelta(days=41))
        assert len(one.happened) == len(sends) + len(watches)
        assert [minute for _, minute, _ in one.happened] == sorted(minute for _, minute, _ in one.happened)
        assert all(minute <= at < minute + MINUTE for _, minute, at in one.happened)
        assert one.minutes_read <= 6 * (len(sends | watches) + 3)


def test_what_an_entry_plans_on_the_way_happens_on_the_way_too() -> None:
    with world() as one:
        one.entries[0] = {floor(one.clock()) + timedelta(hours=1)}
        one.follow_up = timedelta(days=1)
        travel(one, timedelta(days=4))
        assert len(one.happened) == 4
        assert one.clock() - one.happened[-1][2] < timedelta(days=1)


def test_nothing_beyond_the_target_happens() -> None:
    with world() as one:
        one.entries[0] = {floor(one.clock()) + timedelta(days=4)}
        target = one.clock() + timedelta(days=3)
        travel(one, timedelta(days=3))
        assert one.happened == []
        assert target <= one.clock() < target + timedelta(seconds=30)


def test_what_lies_in_the_past_is_caught_up_before_the_journey() -> None:
    with world() as one:
        late = floor(one.clock()) - timedelta(minutes=3)
        one.entries[0], one.cursors[0] = {late}, late - MINUTE
        travel(one, timedelta(hours=1))
        assert [minute for _, minute, _ in one.happened] == [late]


def test_a_hidden_queue_message_shows_itself_at_its_time_and_not_at_the_end() -> None:
    with world() as one:
        start = one.clock()
        one.hidden = [timedelta(minutes=10)]
        travel(one, timedelta(days=2))
        assert len(one.shown) == 1
        assert timedelta(minutes=10) <= one.shown[0] - start < timedelta(minutes=11)


def test_a_hidden_message_and_a_due_entry_happen_in_the_order_of_their_times() -> None:
    with world() as one:
        start = one.clock()
        one.entries[0] = {floor(start) + timedelta(hours=1)}
        one.hidden = [timedelta(minutes=10), timedelta(hours=2)]
        travel(one, timedelta(days=1))
        assert [round((at - start) / timedelta(hours=1), 1) for at in one.shown] == [0.2, 2.0]
        assert one.shown[0] < one.happened[0][2] < one.shown[1]


def test_a_stage_that_does_not_come_to_rest_is_reported_with_what_is_left() -> None:
    with world() as one:
        traveller = Traveller(one.clock, one, one, pause=lambda: setattr(one, "busy", 5), patience=20)
        with pytest.raises(StillBusy, match="running functions"):
            traveller.travel(one.clock() + timedelta(hours=1))


def test_a_long_queue_that_gets_shorter_is_waited_for() -> None:
    with world() as one:
        one.busy = 500
        Traveller(one.clock, one, one, pause=lambda: None, patience=3).wait_until_quiet()
        assert one.busy == 0


def test_dead_letters_do_not_keep_the_stage_busy_but_visible_messages_do() -> None:
    rest = {"executing": 0, "batches": 0, "stream_records": 0}
    waiting = {"visible": 3, "hidden": 0, "next_in": None}
    assert what_is_left({**rest, "queues": {"send-dlq": waiting}}) == []
    assert what_is_left({**rest, "queues": {"send": waiting}}) == ["3 queue messages"]
    assert what_is_left({**rest, "queues": {}, "mail_events": 2}) == ["2 mail events"]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("3d", timedelta(days=3)),
        ("12h", timedelta(hours=12)),
        ("30m", timedelta(minutes=30)),
        ("1d12h", timedelta(days=1, hours=12)),
        (" 1D5M", timedelta(days=1, minutes=5)),
    ],
)
def test_spans_are_read_as_people_write_them(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "3", "d", "3x", "-3d", "0m", "3d4d", "1.5h", "367d", "٣d", "9" * 30 + "d"])
def test_other_spans_are_refused_with_an_example(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        parse_span(text)


def test_the_due_index_of_the_product_is_what_the_traveller_expects() -> None:
    from sodate.scheduling import store

    assert [callable(getattr(store, name)) for name in ("next_due_minute", "skip_idle")] == [True] * 2
