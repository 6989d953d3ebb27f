"""The exits of a step, and where an enrollment goes that is counted as `tally.exit_of` says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sodate.conditions.words import in_words
from sodate.rehearsal.tally import exit_of
from sodate.scenarios.advance import Reason, ReasonCode
from sodate.scenarios.program import Node, Program
from sodate.scenarios.steps import BranchStep, EndStep, HoldoutStep, SendStep, SplitStep, Step, WaitForStep, WaitStep

#: A wait for a date that is past or missing: the next step is skipped, the enrollment ends, or it stays at the step.
SKIP, DATE = "skip", "date"
_STAYS = "continue"


@dataclass(frozen=True)
class StepExit:
    """`counted`: the outcomes that `Figures.edges` has for it. `to`: index of a node; the end is `Program.end`.

    `is_written`: the marketer wrote it; otherwise it is the policy of a wait for a date.
    """

    name: str
    to: int
    counted: tuple[str, ...]
    condition: str = ""
    is_written: bool = True


def exits_of_node(program: Program, node: Node) -> tuple[StepExit, ...]:
    written = zip(_written(node.step), node.next, strict=True)
    exits = [StepExit(name, to, counted, condition) for (name, counted, condition), to in written]
    past = [exit_of(_reason(code, "skip")) for code in (ReasonCode.DATE_PAST, ReasonCode.NO_DATE)]
    ends = [exit_of(_reason(code, f"date:{node.id}")) for code in (ReasonCode.DATE_PAST, ReasonCode.NO_DATE)]
    if node.skip is not None:
        exits.append(StepExit(SKIP, node.skip, tuple(past), is_written=False))
    return (*exits, StepExit(DATE, program.end, tuple(ends), is_written=False))


def outcomes(program: Program, edges: Mapping[tuple[str, str, str], int]) -> dict[str, dict[str, int]]:
    """Step → outcome → enrollments that left the step so."""
    found: dict[str, dict[str, int]] = {node.id: {} for node in program.nodes}
    for (scenario, step, outcome), count in sorted(edges.items()):
        if scenario == program.id and not outcome.endswith(f" {_STAYS}"):
            found[step][outcome] = count
    return found


def _written(step: Step) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Name, outcomes and condition of each exit, in the order of `Node.next`."""
    match step:
        case BranchStep():
            for index, case in enumerate(step.branch):
                name = exit_of(_reason(ReasonCode.CASE, str(index + 1)))
                yield name, (name,), in_words(case.when)
            yield "otherwise", (exit_of(_reason(ReasonCode.OTHERWISE)),), ""
        case SplitStep():
            for arm in step.split:
                name = exit_of(_reason(ReasonCode.ARM, arm.id))
                yield name, (name,), ""
        case WaitForStep():
            yield "event", (exit_of(_reason(ReasonCode.EVENT)),), ""
            yield "timeout", (exit_of(_reason(ReasonCode.TIMEOUT)),), ""
        case HoldoutStep():
            yield "continues", (exit_of(_reason(ReasonCode.ARM, "continues")),), ""
            yield "kept out", (exit_of(_reason(ReasonCode.KEPT_OUT, "kept_out")),), ""
        case _:
            yield "then", _linear(step), ""


def _linear(step: Step) -> tuple[str, ...]:
    match step:
        case SendStep():
            return ("sent", "skipped")
        case WaitStep():
            return (exit_of(_reason(ReasonCode.WAIT_OVER)),)
        case EndStep():
            return (exit_of(_reason(ReasonCode.DONE, step.end)),)
        case _:
            return (exit_of(_reason(ReasonCode.DONE)),)


def _reason(code: ReasonCode, detail: str = "") -> Reason:
    return Reason(code, "", 0, detail)
