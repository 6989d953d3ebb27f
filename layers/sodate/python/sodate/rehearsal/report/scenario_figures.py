"""The figures of one scenario or sequence: its enrollments, by step and exit, and its goals. Pure."""

import math
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from sodate.rehearsal.figures import Figures
from sodate.rehearsal.report.exits import StepExit, exits_of_node, outcomes
from sodate.scenarios.program import Delay, Node, Program
from sodate.scenarios.steps import END, HoldoutStep, SendStep, SetStep, Step, WaitForStep
from sodate.scenarios.words import step_in_words, trigger_in_words

#: How an enrollment ended that no effect of the engine ended.
COMPLETED, REPLACED = "completed", "left_or_entered_again"


def scenario_figures(program: Program, figures: Figures, title: str) -> dict[str, Any]:
    """`ended`: also those who had their last email, which end without a word of the engine."""
    entered, steps = figures.entered[program.id], list(_steps(program, figures))
    inside = sum(step["inside"] for step in steps)
    ended = _by(figures.ended, program.id)
    last = sum(_through_last_email(program, step) for step in steps)
    if last:
        ended[COMPLETED] = ended.get(COMPLETED, 0) + last
    if (rest := entered - inside - sum(ended.values())) > 0:
        ended[REPLACED] = rest
    return {
        "title": title,
        "is_sequence": program.is_sequence,
        "entered": entered,
        "most_entered": _most_entered(program, figures),
        "inside": inside,
        "ended": dict(sorted(ended.items())),
        "goals": {
            goal.id: _goal(figures.hours_to_goal.get((program.id, goal.id), []), entered) for goal in program.goals
        },
        "steps": steps,
        "dead": [*_dead_exits(steps), *_dead_steps(steps)] if entered else [],
    }


def _steps(program: Program, figures: Figures) -> Iterator[dict[str, Any]]:
    left = outcomes(program, figures.edges)
    exits = {
        node.id: [_exit(program, one, left[node.id]) for one in exits_of_node(program, node)] for node in program.nodes
    }
    came = dict.fromkeys([*exits, END], 0)
    came[program.nodes[0].id] = figures.entered[program.id]
    for of_step in exits.values():
        for one in of_step:
            came[one["to"]] += one["enrollments"]
    for node in program.nodes:
        inside = figures.still[program.id, node.id]
        gone = sum(one["enrollments"] for one in exits[node.id])
        yield {
            "id": node.id,
            "kind": node.step.kind,
            "subject": _subject(node.step),
            "wait": _wait(node),
            "came": came[node.id],
            "inside": inside,
            "ended_here": max(0, came[node.id] - inside - gone),
            "exits": [one for one in exits[node.id] if one.pop("is_written") or one["enrollments"]],
        }


def _exit(program: Program, one: StepExit, left: Mapping[str, int]) -> dict[str, Any]:
    counted = {name: left[name] for name in one.counted if name in left}
    to = program.nodes[one.to].id if one.to < program.end else END
    return {
        "exit": one.name,
        "to": to,
        "condition": one.condition,
        "enrollments": sum(counted.values()),
        "outcomes": counted,
        "is_written": one.is_written,
    }


def _subject(step: Step) -> str:
    """What the step sends, waits for, sets …: its template, title or condition. Empty for a branch and a plain wait."""
    match step:
        case SetStep():
            return step_in_words(step)
        case WaitForStep():
            return trigger_in_words(step.wait_for)
        case HoldoutStep():
            return f"{step.holdout:g} %"
    written = getattr(step, step.kind)
    return written if isinstance(written, str) else ""


def _wait(node: Node) -> dict[str, Any] | None:
    """As it is written; `since` says that it counts from the enrollment."""
    if node.wait is None:
        return None
    if not isinstance(node.wait, Delay):
        return node.wait.model_dump(mode="json", exclude_defaults=True)
    written = node.wait.step
    at = {"at": written.at} if written.at is not None else {}
    return {**written.delay.model_dump(mode="json", exclude_none=True), **at, "since": "enrollment"}


def _through_last_email(program: Program, step: Mapping[str, Any]) -> int:
    index = program.index_of(step["id"])
    if index is None or not isinstance(program.nodes[index].step, SendStep):
        return 0
    return sum(one["enrollments"] for one in step["exits"] if one["exit"] == "then" and one["to"] == END)


def _goal(hours: list[float], entered: int) -> dict[str, Any]:
    """The percentile is the smallest number of hours within which so many have reached it."""
    ordered = sorted(hours)
    return {
        "reached": len(ordered),
        "percent": percent(len(ordered), entered),
        "median_hours": round(median(ordered), 1) if ordered else None,
        "p90_hours": round(ordered[math.ceil(len(ordered) * 0.9) - 1], 1) if ordered else None,
    }


def _most_entered(program: Program, figures: Figures) -> dict[str, Any] | None:
    days = {day: count for (day, source), count in figures.entered_on.items() if source == program.id}
    if not days:
        return None
    day = min(days, key=lambda one: (-days[one], one))
    return {"day": day.isoformat(), "entered": days[day]}


def _dead_exits(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Nobody took the exit, although somebody went on from the step or ended there."""
    for step in steps:
        if step["came"] > step["inside"]:
            for one in step["exits"]:
                if not one["enrollments"]:
                    yield {"step": step["id"], "exit": one["exit"], "to": one["to"], "came": step["came"]}


def _dead_steps(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from ({"step": step["id"], "exit": None, "to": None, "came": 0} for step in steps if not step["came"])


def _by(counter: Mapping[tuple[str, str], int], source: str) -> dict[str, int]:
    return {name: count for (one, name), count in sorted(counter.items()) if one == source and count}


def percent(part: int, whole: int) -> float | None:
    return round(part / whole * 100, 2) if whole else None
