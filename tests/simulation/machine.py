"""The same world, driven by Hypothesis: it picks what happens next, and shrinks a broken history to its few steps.

Nothing here is left to the world's own dice: crashes, interruptions and SES's faults are arguments of the steps.
"""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from ses_simulator.errors import Fault

from tests.fakes.queues import Queue
from tests.simulation.history import PREFERENCE_CHANGES, History
from tests.simulation.invariants import Found, look, look_while_running
from tests.simulation.world import Fate, SimulatedWorld

PEOPLE = ("taro", "hanako")
_POINTS = st.integers(1, 24)
_WHICH = st.integers(0, 20)
#: Member of the account: (bad, good).
_ACCOUNT: dict[str, tuple[object, object]] = {
    "sending_enabled": (False, True),
    "suspended": (True, False),
    "max_send_rate": (1.0, 1000.0),
    "max_24_hour_send": (0.0, 50_000.0),
}
_LEAVE = st.sampled_from(["List-Unsubscribe=One-Click", "scope=topic", "scope=all"])


class SendingMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.world = SimulatedWorld(1, self.patch)
        self.world.ses.simulator.fault_for = lambda _: None
        self.history = History(1, self.world)
        self.posts = 0
        self._next = Fate()
        self.world.fate = self._fate

    def _fate(self) -> Fate:
        fate, self._next = self._next, Fate()
        return fate

    # -- people ----------------------------------------------------------------------------------------------------

    @rule(person=st.sampled_from(PEOPLE), form=st.sampled_from(["single", "single", "double"]))
    def submit(self, person: str, form: str) -> None:
        self.posts += 1
        self.history.post_as(person, form)

    @rule(which=_WHICH)
    def confirm(self, which: int) -> None:
        self.history.confirm_by(which)

    @rule(which=_WHICH, body=_LEAVE)
    def opt_out(self, which: int, body: str) -> None:
        self.history.leave_as(which, body)

    @rule(which=_WHICH, body=st.sampled_from(PREFERENCE_CHANGES))
    def prefer(self, which: int, body: str) -> None:
        self.history.prefer_as(which, body)

    @rule(which=_WHICH, what=st.sampled_from(["complain", "praise", "bounce", "soft", "open", "click"]))
    def hear_from_the_reader(self, which: int, what: str) -> None:
        self.history.feedback_on(which, what)

    # -- time and queues -------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 3, 20, 125, 185, 1500, 3000]))
    def tick(self, minutes: int) -> None:
        self.history.pass_time(minutes * 60, outage=False)

    @rule(minutes=st.sampled_from([20, 125]))
    def miss_ticks(self, minutes: int) -> None:
        self.history.pass_time(minutes * 60, outage=True)

    @rule()
    def deliver(self) -> None:
        """Everything that waits, in order, without a mishap: without it few histories get anywhere."""
        while any((self.world.stream(), self._all(self.world.sends), self._events(), self.world.hand_over())):
            pass

    @precondition(lambda self: self.world.sends.waiting)
    @rule(which=_WHICH, count=st.integers(1, 4), dies_at=st.just(0) | _POINTS)
    def send(self, which: int, count: int, dies_at: int) -> None:
        self._next = Fate(dies_at)
        self._some(self.world.sends, which, count)

    @precondition(lambda self: self.world.sends.waiting)
    @rule(which=_WHICH, at=_POINTS, mail=_WHICH, body=_LEAVE, dies_at=st.just(0) | _POINTS)
    def opt_out_while_sending(self, which: int, at: int, mail: int, body: str, dies_at: int) -> None:
        self._while_sending(which, at, dies_at, lambda: self.history.leave_as(mail, body))

    @precondition(lambda self: self.world.sends.waiting)
    @rule(which=_WHICH, at=_POINTS, mail=_WHICH, what=st.sampled_from(["complain", "bounce"]))
    def receive_feedback_while_sending(self, which: int, at: int, mail: int, what: str) -> None:
        def act() -> None:
            self.history.feedback_on(mail, what)
            self._events()

        self._while_sending(which, at, 0, act)

    @precondition(lambda self: self.world.sends.waiting)
    @rule(which=_WHICH, at=_POINTS, dies_at=st.just(0) | _POINTS)
    def send_the_same_twice_at_once(self, which: int, at: int, dies_at: int) -> None:
        self._while_sending(which, at, dies_at, lambda: self._some(self.world.sends, which, 1))

    def _while_sending(self, which: int, at: int, dies_at: int, act: Callable[[], object]) -> None:
        self._next = Fate(dies_at, at, act)
        self._some(self.world.sends, which, 2)

    @rule(which=_WHICH, of=st.sampled_from(["sends", "events"]))
    def duplicate(self, which: int, of: str) -> None:
        queue = getattr(self.world, of)
        if queue.done:
            queue.send(queue.done[which % len(queue.done)])

    @precondition(lambda self: self.world.events.waiting)
    @rule(which=_WHICH)
    def lose_an_event(self, which: int) -> None:
        waiting = self.world.events.waiting
        waiting.remove(waiting[which % len(waiting)])

    @rule(of=st.sampled_from(["sends", "events"]))
    def redrive(self, of: str) -> None:
        getattr(self.world, of).redrive()

    # -- what can go wrong around us -------------------------------------------------------------------------------

    @rule(fault=st.sampled_from(list(Fault)), times=st.integers(1, 3))
    def ses_fails(self, fault: Fault, times: int) -> None:
        self.world.ses.simulator.inject(fault, times)

    @rule(what=st.sampled_from(list(_ACCOUNT)), is_good=st.booleans())
    def ses_changes_the_account(self, what: str, is_good: bool) -> None:
        setattr(self.world.ses.simulator.account, what, _ACCOUNT[what][is_good])

    @rule()
    def rotate_keys(self) -> None:
        self.world.rotate_keys()

    @rule(dies_at=_POINTS)
    def die_in_the_next_tick(self, dies_at: int) -> None:
        self._next = Fate(dies_at)
        self.world.tick()

    # -- what must hold --------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_wrong_so_far(self) -> None:
        found: Found = look_while_running(self.world)
        assert not found.broken

    def teardown(self) -> None:
        try:
            self._next = Fate()
            self.world.ses.simulator._faults.clear()
            self.history.calm_down()
            assert not self.history.result().broken
            assert not look(self.world, self.history.accepted).broken
        finally:
            self.patch.undo()

    def _some(self, queue: Queue, which: int, count: int) -> None:
        waiting = queue.waiting
        if waiting:
            begin = which % len(waiting)
            queue.hand_over(waiting[begin : begin + count])

    def _all(self, queue: Queue) -> bool:
        ready = queue.ready()[:10]
        if ready:
            queue.hand_over(ready)
        return bool(ready)

    def _events(self) -> bool:
        self.world.fetch_events(all_of_them=True)
        return self._all(self.world.events)
