"""Every order of a sender and a stop: one batch of due mails, somebody who leaves at each point in the middle of it, a
crash at each later point, SES in each mood, and the batch delivered again.

Random histories find what nobody thought of; this finds what is rare. An order counts when the stop really fell into
the invocation.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from ses_simulator.errors import Fault

from tests.simulation.fault_profile import MOST_RECEIVES
from tests.simulation.history import History
from tests.simulation.invariants import look_while_running
from tests.simulation.world import Fate, SimulatedWorld

PEOPLE = ("taro", "hanako", "jiro")
MOODS = (
    None, None, Fault.TIMEOUT, Fault.ACCEPTED_THEN_TIMEOUT, Fault.ACCEPTED_THEN_SERVER_ERROR, Fault.TOO_MANY_REQUESTS,
)  # fmt: skip
_STOPS = ("one_click", "topic", "complaint", "hard_bounce")
#: A stop, a wish, SES's events of this very call, or the same message in a second sender.
ACTS = (*_STOPS, *_STOPS, *_STOPS, "pause=30", "frequency=weekly", "events", "second_sender")
#: So often the world is then played to its end: nothing may have got lost on the way.
_TO_THE_END = 0.05


#: (what somebody else does, to whom, at which point, at which point the sender dies or 0, SES's mood, whether the
#: message goes to the dead-letter queue if this fails)
Order = tuple[str, int, int, int, Fault | None, bool]


@dataclass
class Found:
    broken: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)


def explore(seed: int, count: int) -> Found:
    """`count` orders, drawn from all there are."""
    found = Found()
    with due_batch(seed) as (world, history):
        rng = random.Random(seed)  # noqa: S311  repeatable, not secret
        before, longest = world.snapshot(), _points_of_a_calm_run(world)
        for _ in range(count):
            act, victim = rng.choice(ACTS), rng.randrange(len(PEOPLE))
            at = rng.randint(1, longest)
            dies_at = rng.choice((0, rng.randint(at, longest)))
            mood = rng.choice(MOODS)
            world.restore(before)
            to_the_end = rng.random() < _TO_THE_END
            _one(found, world, history, (act, victim, at, dies_at, mood, rng.random() < 0.3), to_the_end)
    return found


def _one(found: Found, world: SimulatedWorld, history: History, order: Order, to_the_end: bool) -> None:
    act, victim, at, dies_at, mood, is_last = order
    if mood is not None:
        world.ses.simulator.inject(mood)
    happened: list[str] = []

    def meanwhile() -> None:
        happened.append(act)
        _act(world, history, act, victim)

    fates = iter([Fate(dies_at, at, meanwhile)])
    world.fate = lambda: next(fates, Fate())
    if is_last:
        for message in world.sends.waiting:
            message["receives"] = MOST_RECEIVES - 1
    world.sends.hand_over(list(world.sends.waiting))
    world.fate = Fate
    world.ses.simulator._faults.clear()
    world.now += timedelta(minutes=4)
    if world.sends.ready():
        world.sends.hand_over(world.sends.ready())
    found.figures["orders_tried"] += 1
    found.figures["orders"] += bool(happened) and act in _STOPS
    found.figures["orders_of_two_senders"] += bool(happened) and act == "second_sender"
    if to_the_end:
        found.figures["orders_to_the_end"] += 1
        history.unseen = []
        history.calm_down()
        found.broken += [f"{order}, in the end: {line}" for line in history.result().broken]
    judged = look_while_running(world)
    found.figures["mails_after_opt_out"] += judged.figures["mails_after_opt_out"]
    found.figures["double_marketing_mails"] += judged.figures["double_marketing_mails"]
    found.figures["in_flight_when_left"] += len(world.ses.in_flight)
    found.broken += [f"{order}: {line}" for line in judged.broken]


def _act(world: SimulatedWorld, history: History, act: str, victim: int) -> None:
    match act:
        case "one_click":
            history.leave_as(victim, "List-Unsubscribe=One-Click")
        case "topic":
            history.leave_as(victim, "scope=topic")
        case "pause=30" | "frequency=weekly":
            history.prefer_as(victim, act)
        case "events":
            world.fetch_events(all_of_them=True)
            world.events.hand_over(world.events.ready())
        case "second_sender":
            world.sends.hand_over(list(world.sends.waiting))
        case _:
            history.feedback_on(victim, "complain" if act == "complaint" else "bounce")
            world.fetch_events(all_of_them=True)
            world.events.hand_over(world.events.ready()[:10])


def _points_of_a_calm_run(world: SimulatedWorld) -> int:
    begin = world.points
    world.sends.hand_over(list(world.sends.waiting))
    return world.points - begin


@contextmanager
def due_batch(seed: int) -> Iterator[tuple[SimulatedWorld, History]]:
    """Three people have their first mail; the second one of all of them lies on the queue."""
    with pytest.MonkeyPatch.context() as patch:
        world = SimulatedWorld(seed, patch)
        world.ses.simulator.fault_for = lambda _: None
        history = History(seed, world)
        for person in PEOPLE:
            history.post_as(person, "single", agree=True)
        _until(world, lambda: len(world.ses.simulator.messages) == len(PEOPLE))
        world.fetch_events(all_of_them=True)
        _until(world, lambda: len(world.sends.waiting) > 0 and not world.events.waiting, send=False)
        yield world, history


def _until(world: SimulatedWorld, is_there: Callable[[], bool], *, send: bool = True) -> None:
    for _ in range(100):
        while any((world.stream(), send and world.sends.deliver(), world.ses_events())):
            pass
        if is_there():
            return
        minute = world.next_due()
        assert minute is not None
        world.now = max(minute, world.now + timedelta(minutes=1))
        world.skip_idle_minutes()
        world.tick()
    raise AssertionError("the batch never came")
