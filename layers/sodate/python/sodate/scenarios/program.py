"""A scenario as a program: nodes with stable ids and the indexes of their successors. Pure.

Scenarios and sequences compile to programs (`compile_scenario`, `compile_sequence`), so one engine runs both. A program
belongs to one version of its definition; an enrollment stays on its version and stores the index of its node.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sodate.conditions.language import Condition
from sodate.scenarios.sequence import Step
from sodate.scenarios.steps import Action, SendStep
from sodate.scenarios.waits import Wait


@dataclass(frozen=True)
class Node:
    """`then`: index of the next node; at the number of nodes, the enrollment ends."""

    id: str
    then: int

    @property
    def successors(self) -> tuple[int, ...]:
        return (self.then,)


@dataclass(frozen=True)
class Send(Node):
    step: SendStep


@dataclass(frozen=True)
class SinceEnrollment:
    """The wait of a sequence: its delay counts from the enrollment, not from the step before."""

    step: Step


@dataclass(frozen=True)
class WaitUntil(Node):
    wait: Wait | SinceEnrollment


@dataclass(frozen=True)
class WaitFor(Node):
    """`then` when the condition holds, `otherwise` when the wait is over first."""

    when: Condition
    wait: Wait
    otherwise: int

    @property
    def successors(self) -> tuple[int, ...]:
        return (self.then, self.otherwise)


@dataclass(frozen=True)
class Branch(Node):
    """The first arm whose condition holds; `then` when none does."""

    arms: tuple[tuple[Condition, int], ...]

    @property
    def successors(self) -> tuple[int, ...]:
        return (*(target for _, target in self.arms), self.then)


@dataclass(frozen=True)
class Split(Node):
    """`arms`: share in percent and node; `then` has the rest. A holdout is a split whose arm ends the enrollment."""

    arms: tuple[tuple[float, int], ...]

    @property
    def successors(self) -> tuple[int, ...]:
        return (*(target for _, target in self.arms), self.then)


@dataclass(frozen=True)
class Act(Node):
    action: Action


AnyNode = Send | WaitUntil | WaitFor | Branch | Split | Act
#: Nodes at which a run stops until an instant or an event.
_PAUSES = (WaitUntil, WaitFor)


@dataclass(frozen=True)
class Program:
    id: str
    version: int
    nodes: tuple[AnyNode, ...]
    exits: tuple[Condition, ...] = field(default=())

    @property
    def end(self) -> int:
        """The node at which an enrollment is complete."""
        return len(self.nodes)

    def index_of(self, node_id: str) -> int:
        """Raises: `KeyError`."""
        for index, node in enumerate(self.nodes):
            if node.id == node_id:
                return index
        raise KeyError(node_id)

    def conditions(self) -> Iterator[Condition]:
        """Every condition that an evaluation of this program may ask for."""
        yield from self.exits
        for node in self.nodes:
            if isinstance(node, WaitFor):
                yield node.when
            elif isinstance(node, Branch):
                yield from (condition for condition, _ in node.arms)


def unreachable(program: Program) -> list[str]:
    """Ids of the nodes that no run reaches, in order."""
    reached, waiting = set[int](), [0]
    while waiting:
        index = waiting.pop()
        if index < program.end and index not in reached:
            reached.add(index)
            waiting += program.nodes[index].successors
    return [node.id for index, node in enumerate(program.nodes) if index not in reached]


def cycle_without_wait(program: Program) -> list[str]:
    """Ids of a cycle that a run would walk for ever, because none of its nodes waits; empty: there is none."""
    done: set[int] = set()
    for start in range(program.end):
        path = _cycle_from(program, start, [], done)
        if path:
            return [program.nodes[index].id for index in path]
    return []


def _cycle_from(program: Program, index: int, path: list[int], done: set[int]) -> list[int]:
    if index in path:
        return path[path.index(index) :]
    if index >= program.end or index in done or isinstance(program.nodes[index], _PAUSES):
        return []
    for successor in program.nodes[index].successors:
        if found := _cycle_from(program, successor, [*path, index], done):
            return found
    done.add(index)
    return []
