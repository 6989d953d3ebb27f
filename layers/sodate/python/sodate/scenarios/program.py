"""Compiles a scenario, or a sequence, to a program: nodes with stable ids and the indexes of their successors. Pure.

The index of a node is stored with each enrollment, so compiling the same version again must give the same program.
The index after the last node means that the enrollment has ended.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sodate.errors import Invalid
from sodate.leads.contact_state import key_of
from sodate.messages import Message
from sodate.scenarios.crossings import as_activity
from sodate.scenarios.entries import Entry, OptInEntry, ReEntry
from sodate.scenarios.graph import Fault, can_skip, exits_of, faults_of
from sodate.scenarios.scenario import RUNNING, Exit, Goal, PausePolicy, Scenario, ScenarioStatus
from sodate.scenarios.sequence import Sequence as SequenceDefinition
from sodate.scenarios.sequence import Step as SequenceStep
from sodate.scenarios.steps import END, SendStep, Step, WaitForStep, WaitStep
from sodate.scenarios.waits import OnDate, Wait


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


#: Of a sequence.
_NO_RE_ENTRY, _TIME_PASSES = ReEntry(), PausePolicy()


@dataclass(frozen=True)
class Program:
    """A version of a scenario or sequence, ready to run.

    `is_sequence`: its times count from the enrollment, and its steps come once each, in order. `key`: name of the
    activity attribute with one enrollment per value. `aliases`: ids of wait steps that are part of the node of the
    following send, with its index.
    """

    id: str
    version: int
    status: ScenarioStatus
    topic: str
    priority: Literal["step", "broadcast"]
    strict: bool
    time_zone: str
    calendar: str
    entry: tuple[Entry, ...]
    nodes: tuple[Node, ...]
    is_sequence: bool = False
    re_entry: ReEntry = _NO_RE_ENTRY
    key: str | None = None
    pause: PausePolicy = _TIME_PASSES
    goals: tuple[Goal, ...] = ()
    exits: tuple[Exit, ...] = ()
    aliases: tuple[tuple[str, int], ...] = ()
    max_entries_per_hour: int | None = None
    removed_steps: Mapping[str, str] = field(default_factory=dict)

    @property
    def end(self) -> int:
        return len(self.nodes)

    @property
    def is_published(self) -> bool:
        return self.status is ScenarioStatus.PUBLISHED

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING

    def is_email(self, index: int) -> bool:
        return 0 <= index < self.end and isinstance(self.nodes[index].step, SendStep)

    def needs_engine(self, index: int) -> bool:
        """Whether the engine runs when this node is due; False: it is an email that nothing can prevent or replace."""
        return not self.is_sequence and bool(self.goals or self.exits or not self.is_email(index))

    def send_at(self, index: int) -> SendStep:
        """The send step of a node. Raises: `Invalid` when the program has no such node, or it is another step."""
        step = self.nodes[index].step if 0 <= index < self.end else None
        if not isinstance(step, SendStep):
            raise Invalid(
                Message(
                    "{id} version {version} has no email at step {index}", id=self.id, version=self.version, index=index
                ),
                "message",
            )
        return step

    def topic_of(self, step: SendStep) -> str:
        return step.topic or self.topic

    def step_at(self, index: int) -> str:
        """The id of the step at which a lead is: of the wait, when it is part of an email's node."""
        wait = next((step for step, node in self.aliases if node == index), None)
        return wait or self.nodes[index].id

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
        id=scenario.id,
        version=version,
        status=scenario.status,
        topic=scenario.topic,
        priority=scenario.priority,
        strict=scenario.strict,
        time_zone=scenario.time_zone,
        calendar=scenario.calendar,
        entry=tuple(as_activity(scenario.id, entry) for entry in scenario.entry),
        nodes=nodes,
        re_entry=scenario.re_entry,
        key=scenario.key,
        pause=scenario.pause,
        goals=scenario.goals,
        exits=scenario.exits,
        aliases=aliases,
        max_entries_per_hour=scenario.max_entries_per_hour,
        removed_steps=scenario.removed_steps,
    )


def compile_sequence(sequence: SequenceDefinition, version: int) -> Program:
    """Node `n` is step `n` of the sequence, so stored indexes mean the same."""
    nodes = tuple(
        Node(step.id, _send_of(step), (index + 1,), Delay(step, sequence)) for index, step in enumerate(sequence.steps)
    )
    return Program(
        id=sequence.id,
        version=version,
        status=ScenarioStatus.PUBLISHED if sequence.status == "running" else ScenarioStatus.PAUSED,
        topic=sequence.topic,
        priority=sequence.priority,
        strict=sequence.strict,
        time_zone=sequence.time_zone,
        calendar=sequence.calendar,
        entry=(OptInEntry(opt_in_confirmed=sequence.start.forms),),
        nodes=nodes,
        is_sequence=True,
    )


def key_in(program: Program, name: str) -> tuple[str, str] | None:
    """Name and value of the key of the enrollment with this name."""
    value = key_of(name)
    return (program.key, value) if program.key and value else None


def _send_of(step: SequenceStep) -> SendStep:
    return SendStep(id=step.id, send=step.template, variables=step.variables, valid_hours=step.valid_hours)


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
    """A wait for a time and the send to which it alone leads are one node: the wait then needs no write of its own."""
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
    if (
        not isinstance(node.step, WaitStep)
        or isinstance(node.step.wait, OnDate)
        or target in (0, len(nodes))
        or (position == 0 and target != 1)
    ):
        return False  # the first node stays the first one
    return isinstance(nodes[target].step, SendStep) and list(_predecessors(nodes, target)) == [position]


def _predecessors(nodes: Sequence[Node], target: int) -> Iterator[int]:
    for position, node in enumerate(nodes):
        if target in node.next or target == node.skip:
            yield position
