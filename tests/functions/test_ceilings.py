"""Ceilings by the clock: exact under concurrency, with a queue behind them that has an end."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sodate.forms.ceilings import Ceiling, Slot, has_room, take_slot

from tests.functions.quick import QuickWorld

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def ceiling(at_most: int, span: timedelta = HOUR) -> Ceiling:
    return Ceiling("opt_in_form", "demo", at_most, span)


def take_slots(world: QuickWorld, wanted: Ceiling, count: int, within: timedelta = 100 * DAY) -> list[Slot]:
    slots = [take_slot(wanted, world.now, world.now + within) for _ in range(count)]
    return [slot for slot in slots if slot is not None]


@pytest.mark.parametrize(("at_most", "span"), [(1, HOUR), (3, DAY), (7, HOUR), (300, HOUR), (100_000, HOUR)])
def test_no_window_of_the_clock_holds_a_turn_too_many_and_the_current_one_holds_all(
    world: QuickWorld, at_most: int, span: timedelta
) -> None:
    count = min(3 * at_most, 1000)
    slots = take_slots(world, ceiling(at_most, span), count)
    in_window = Counter(slot.window for slot in slots)
    assert max(in_window.values()) <= at_most
    assert [slot.at for slot in slots[:at_most]] == [world.now] * min(at_most, count)
    for slot in slots[at_most:]:
        assert ceiling(at_most, span).window(slot.at) == slot.window
        assert slot.at > world.now
        assert ceiling(at_most, span).window(slot.at + span * 0.09) == slot.window, "some minutes late is still in time"


def test_turns_of_many_callers_at_once_are_different_ones(world: QuickWorld) -> None:
    wanted = ceiling(10)
    with ThreadPoolExecutor(16, initializer=world.gateway.use) as pool:
        slots = list(pool.map(lambda _: take_slot(wanted, world.now, world.now + DAY), range(100)))
    assert Counter(slot.window for slot in slots if slot) == Counter(
        {wanted.window(world.now + n * HOUR): 10 for n in range(10)}
    )


def test_the_queue_has_an_end_and_a_refused_caller_takes_nothing(world: QuickWorld) -> None:
    wanted = ceiling(2)
    assert len(take_slots(world, wanted, 50, within=3 * HOUR)) == 7
    (before,) = world.items("ceiling")
    assert take_slots(world, wanted, 5, within=3 * HOUR) == []
    assert world.items("ceiling") == [before]


def test_a_queue_that_was_worked_off_begins_anew(world: QuickWorld) -> None:
    take_slots(world, ceiling(2), 5)
    world.now += 5 * HOUR
    assert [slot.at for slot in take_slots(world, ceiling(2), 2)] == [world.now] * 2


def test_a_turn_not_before_a_time_lies_in_its_window_or_later(world: QuickWorld) -> None:
    wanted = ceiling(2)
    slots = [take_slot(wanted, world.now, world.now + DAY, earliest=world.now + HOUR) for _ in range(3)]
    assert [slot.window for slot in slots if slot] == [wanted.window(world.now + n * HOUR) for n in (1, 1, 2)]
    assert take_slot(wanted, world.now, world.now, earliest=world.now + HOUR) is None


def test_another_ceiling_in_the_playbook_counts_from_the_next_turn_on(world: QuickWorld) -> None:
    take_slots(world, ceiling(2), 2)
    (first,) = take_slots(world, ceiling(300), 1)
    assert first.at > world.now
    world.now += HOUR
    slots = [first, *take_slots(world, ceiling(300), 400)]
    assert Counter(slot.window for slot in slots)[ceiling(300).window(world.now)] == 300


def test_room_is_of_this_window_only(world: QuickWorld) -> None:
    assert [has_room(ceiling(3), world.now) for _ in range(5)] == [True, True, True, False, False]
    world.now += HOUR
    assert has_room(ceiling(3), world.now)


def test_an_item_ends_some_days_after_its_last_turn(world: QuickWorld) -> None:
    take_slots(world, ceiling(3), 1, within=7 * DAY)
    (item,) = world.items("ceiling")
    assert int(item["ttl"]) == int((world.now + 8 * DAY + HOUR).timestamp())
