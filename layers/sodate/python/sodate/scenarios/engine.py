"""The scenario engine: what one enrollment does next. Pure; production and rehearsal call the same functions.

`run` walks from node to node until one waits or sends, or the enrollment ends. A cycle contains a wait
(`program.cycle_without_wait`), so a run visits each node at most once.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sodate.conditions.language import Condition
from sodate.scenarios.program import Act, Branch, Program, Send, SinceEnrollment, Split, WaitFor, WaitUntil
from sodate.scenarios.steps import Action, SendStep
from sodate.scenarios.waits import Due, Missing, Past, Wait


class Lead(Protocol):
    """What the engine asks of a lead. `since`: only activities from this instant on count."""

    @property
    def lead_id(self) -> str: ...

    def holds(self, condition: Condition, since: datetime | None = None) -> bool: ...


class Ended(StrEnum):
    """Why an enrollment ended."""

    COMPLETED = "completed"
    EXIT = "exit"
    TOO_LATE = "too_late"
    NO_DATE = "no_date"


@dataclass(frozen=True)
class Trace:
    """One decision, stored with its reason: the node, and which way the enrollment took."""

    node: str
    reason: str


@dataclass(frozen=True)
class Advance:
    """`node`: where the enrollment is afterwards. `due`: when to look again; None: it ended, or `send` is set.

    `send`: the email to send at `node`, which is a `Send`. `actions`: what to do on the way, in order.
    """

    node: int
    due: datetime | None = None
    send: SendStep | None = None
    actions: tuple[tuple[str, Action], ...] = ()
    ended: Ended | None = None
    trace: tuple[Trace, ...] = ()


#: When a wait that begins at an instant is over (`waits.end_of_wait`, with the lead's calendar and profile).
Timing = Callable[[Wait | SinceEnrollment, datetime], Due | Past | Missing]


def run(program: Program, node: int, lead: Lead, now: datetime, timing: Timing) -> Advance:
    """Enter `node` at `now` and go on. An exit condition ends the enrollment before anything else happens."""
    walk = _Walk(program, lead, now, timing)
    if (exited := _exit(program, lead)) is not None:
        return walk.end(node, Ended.EXIT, exited)
    return walk.from_(node)


def resume(program: Program, node: int, entered: datetime, lead: Lead, now: datetime, timing: Timing) -> Advance | None:
    """An event about the lead: leave by an exit, or leave a `WaitFor` whose condition holds. None: nothing happens.

    `entered`: when the enrollment entered the node; only activities since then satisfy a `WaitFor`.
    """
    walk = _Walk(program, lead, now, timing)
    if node >= program.end:
        return None
    if (exited := _exit(program, lead)) is not None:
        return walk.end(node, Ended.EXIT, exited)
    current = program.nodes[node]
    if isinstance(current, WaitFor) and lead.holds(current.when, entered):
        walk.note(current.id, "happened")
        return walk.from_(current.then)
    return None


def after_wait(program: Program, node: int, lead: Lead, now: datetime, timing: Timing) -> Advance:
    """The due entry of a wait has come."""
    current = program.nodes[node]
    if isinstance(current, WaitFor):
        target = current.otherwise
    elif isinstance(current, WaitUntil):
        target = current.then
    else:
        target = node
    return run(program, target, lead, now, timing)


def after_send(program: Program, node: int, lead: Lead, now: datetime, timing: Timing) -> Advance:
    """The email of the node was claimed; the enrollment goes on."""
    return run(program, program.nodes[node].then, lead, now, timing)


def assigned_share(scenario: str, node: str, lead_id: str) -> float:
    """0 to 99.99: the lead's place among the arms of a split, the same in every version of the scenario.

    When weights change, only leads whose place lies between the old and the new bounds would come to another arm; those
    who passed the split keep theirs, because they do not pass it again.
    """
    digest = hashlib.sha256(f"{scenario}\x1f{node}\x1f{lead_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 10_000 / 100


def _exit(program: Program, lead: Lead) -> str | None:
    """The number of the first exit condition that holds, as a reason."""
    for number, condition in enumerate(program.exits):
        if lead.holds(condition):
            return f"exit {number + 1}"
    return None


class _Walk:
    def __init__(self, program: Program, lead: Lead, now: datetime, timing: Timing) -> None:
        self._program = program
        self._lead = lead
        self._now = now
        self._timing = timing
        self._actions: list[tuple[str, Action]] = []
        self._trace: list[Trace] = []

    def note(self, node: str, reason: str) -> None:
        self._trace.append(Trace(node, reason))

    def end(self, node: int, why: Ended, reason: str | None = None) -> Advance:
        name = self._program.nodes[node].id if node < self._program.end else "end"
        self.note(name, reason or why.value)
        return Advance(self._program.end, actions=tuple(self._actions), ended=why, trace=tuple(self._trace))

    def from_(self, node: int) -> Advance:
        while node < self._program.end:
            current = self._program.nodes[node]
            if isinstance(current, Send):
                return self._stop(node, send=current.step)
            if isinstance(current, WaitUntil | WaitFor):
                waiting = self._wait(node, current)
                if isinstance(waiting, Advance):
                    return waiting
                node = waiting
            else:
                node = self._pass(current)
        return self.end(node, Ended.COMPLETED)

    def _wait(self, node: int, current: WaitUntil | WaitFor) -> Advance | int:
        """The stop at this wait; or the node to go on at, when the wait is past or has no date."""
        result = self._timing(current.wait, self._now)
        if isinstance(result, Due):
            return self._stop(node, due=result.at)
        why = Ended.TOO_LATE if isinstance(result, Past) else Ended.NO_DATE
        if result.policy == "end":
            return self.end(node, why)
        self.note(current.id, f"{why.value}:{result.policy}")
        following = current.otherwise if isinstance(current, WaitFor) else current.then
        if result.policy == "continue" or following >= self._program.end:
            return following
        return self._program.nodes[following].then

    def _stop(self, node: int, *, due: datetime | None = None, send: SendStep | None = None) -> Advance:
        return Advance(node, due, send, tuple(self._actions), trace=tuple(self._trace))

    def _pass(self, current: Branch | Split | Act) -> int:
        if isinstance(current, Act):
            self._actions.append((current.id, current.action))
            return current.then
        target, reason = self._branched(current) if isinstance(current, Branch) else self._split(current)
        self.note(current.id, reason)
        return target

    def _branched(self, branch: Branch) -> tuple[int, str]:
        for number, (condition, target) in enumerate(branch.arms):
            if self._lead.holds(condition):
                return target, f"arm {number + 1}"
        return branch.then, "otherwise"

    def _split(self, split: Split) -> tuple[int, str]:
        place, bound = assigned_share(self._program.id, split.id, self._lead.lead_id), 0.0
        for number, (share, target) in enumerate(split.arms):
            bound += share
            if place < bound:
                return target, f"arm {number + 1}"
        return split.then, "otherwise"
