"""Compiles a scenario, or a sequence, to a program: nodes with stable ids and the indexes of their successors. Pure.

The index of a node is stored with each enrollment, so compiling the same version again must give the same program.
The index after the last node means that the enrollment has ended.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sodate.errors import Invalid
from sodate.scenarios.graph import Fault, can_skip, exits_of, faults_of
from sodate.scenarios.scenario import Exit, Goal, PausePolicy, Scenario
from sodate.scenarios.sequence import Sequence as SequenceDefinition
from sodate.scenarios.sequence import Step as SequenceStep
from sodate.scenarios.steps import END, SendStep, Step, WaitForStep, WaitStep
from sodate.scenarios.waits import Wait


@dataclass(frozen=True)
class Delay:
    """Counted from the enrollment: the wait in front of a send of a sequence."""

    step: SequenceStep
    sequence: SequenceDefinition


@dataclass(frozen=True)
class Node:
    """A step, the wait in front of it (of a wait-for step: its timeout), and where it leads.

    `next` has one index per exit: the cases of a branch, then `otherwise`; the arms of a split; of a wait-for step,
    the event and the timeout; of a holdout, the leads that continue and those that are kept out. `skip`: where a wait
    leads whose policy for a date in the past is to skip the next step.
    """

    id: str
    step: Step
    next: tuple[int, ...]
    wait: Wait | Delay | None = None
    skip: int | None = None


@dataclass(frozen=True)
class Program:
    """`aliases`: ids of wait steps that are part of the node of the following send, with its index."""

    id: str
    version: int
    topic: str
    time_zone: str
    calendar: str
    nodes: tuple[Node, ...]
    pause: PausePolicy
    goals: tuple[Goal, ...] = ()
    exits: tuple[Exit, ...] = ()
    aliases: tuple[tuple[str, int], ...] = ()

    @property
    def end(self) -> int:
        return len(self.nodes)

    def index_of(self, step_id: str) -> int | None:
        """Index of the node with this step, also of a wait that is part of a send's node; None: there is none."""
        found = (index for index, node in enumerate(self.nodes) if node.id == step_id)
        return next(found, dict(self.aliases).get(step_id))


class ScenarioInvalid(Invalid):
    def __init__(self, scenario: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"scenario {scenario}: " + "; ".join(fault.message for fault in faults), "steps")


def compile_scenario(scenario: Scenario, version: int) -> Program:
    """Raises: `ScenarioInvalid`, with every fault (`graph.faults_of`)."""
    faults = faults_of(scenario)
    if faults:
        raise ScenarioInvalid(scenario.id, faults)
    nodes, aliases = _with_folded_waits(_nodes(scenario.steps))
    return Program(
        scenario.id,
        version,
        scenario.topic,
        scenario.time_zone,
        scenario.calendar,
        nodes,
        scenario.pause,
        scenario.goals,
        scenario.exits,
        aliases,
    )


def compile_sequence(sequence: SequenceDefinition, version: int) -> Program:
    """Node `n` is step `n` of the sequence, so stored indexes mean the same."""
    nodes = tuple(
        Node(step.id, _send_of(step), (index + 1,), Delay(step, sequence)) for index, step in enumerate(sequence.steps)
    )
    return Program(sequence.id, version, sequence.topic, sequence.time_zone, sequence.calendar, nodes, PausePolicy())


def _send_of(step: SequenceStep) -> SendStep:
    return SendStep(id=step.id, send=step.template, valid_hours=step.valid_hours)


def _nodes(steps: Sequence[Step]) -> list[Node]:
    index = {step.id: position for position, step in enumerate(steps)} | {END: len(steps)}
    nodes = []
    for position, step in enumerate(steps):
        targets = tuple(position + 1 if target is None else index[target] for _, target in exits_of(step))
        nodes.append(Node(step.id, step, targets, _wait_of(step)))
    return [replace(node, skip=_after(nodes, node.next[0])) if can_skip(node.step) else node for node in nodes]


def _wait_of(step: Step) -> Wait | None:
    match step:
        case WaitStep():
            return step.wait
        case WaitForStep():
            return step.timeout
    return None


def _after(nodes: Sequence[Node], index: int) -> int | None:
    """The successor of the node at `index`; None when it has several."""
    if index == len(nodes):
        return index
    following = nodes[index].next
    return following[0] if len(following) == 1 else None


def _with_folded_waits(nodes: list[Node]) -> tuple[tuple[Node, ...], tuple[tuple[str, int], ...]]:
    """A wait and the send to which it alone leads are one node, so that the wait needs no write of its own."""
    folded = {position: node.next[0] for position, node in enumerate(nodes) if _folds(nodes, position, node)}
    kept = [position for position in range(len(nodes)) if position not in folded]
    new_index = {old: new for new, old in enumerate([*kept, len(nodes)])}
    new_index |= {wait: new_index[send] for wait, send in folded.items()}
    wait_of = {send: nodes[wait] for wait, send in folded.items()}
    compiled = []
    for position in kept:
        node, wait = nodes[position], wait_of.get(position)
        node = replace(node, wait=wait.wait, skip=wait.skip) if wait else node
        skip = None if node.skip is None else new_index[node.skip]
        compiled.append(replace(node, next=tuple(new_index[target] for target in node.next), skip=skip))
    return tuple(compiled), tuple((nodes[wait].id, new_index[wait]) for wait in folded)


def _folds(nodes: Sequence[Node], position: int, node: Node) -> bool:
    target = node.next[0]
    if not isinstance(node.step, WaitStep) or target in (0, len(nodes)) or (position == 0 and target != 1):
        return False  # the first node stays the first one
    return isinstance(nodes[target].step, SendStep) and list(_predecessors(nodes, target)) == [position]


def _predecessors(nodes: Sequence[Node], target: int) -> Iterator[int]:
    for position, node in enumerate(nodes):
        if target in node.next or target == node.skip:
            yield position
