"""Lint rules of scenarios that bring leads into others: by a step `enroll`, or by what the segment of an entry asks."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sodate.authoring.lint.circles import circles, groups, shown
from sodate.authoring.lint.context import Context
from sodate.authoring.lint.references import tests_in, triggers_of
from sodate.authoring.loader import Doc
from sodate.conditions.language import AttributeTest, SegmentTest
from sodate.messages import Message
from sodate.playbook.problem import Problem
from sodate.playbook.yamlfile import Path
from sodate.scenarios.graph import faults_of, reached_at_once
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.steps import TAGS, Change, EnrollStep, SetStep
from sodate.scenarios.triggers import SegmentEntered, SegmentLeft

_HINT = Message(
    "put a wait that always takes time in between, such as `days: 1`, or let a lead into one of them only once"
)


def _enrolls(context: Context) -> Iterator[tuple[Doc[Scenario], Scenario, Path, Scenario]]:
    """Each step `enroll` with its scenario and the other one."""
    valid = {doc.id: doc.model for doc in context.book.scenarios if doc.model}
    for doc in context.book.scenarios:
        for index, step in enumerate(doc.model.steps if doc.model else ()):
            other = valid.get(step.enroll) if isinstance(step, EnrollStep) else None
            if doc.model is not None and other is not None:
                yield doc, doc.model, ("steps", index, "enroll"), other


def keys_are_passed_on(context: Context) -> Iterator[Problem]:
    """The other scenario gets the key of this enrollment, and has no enrollment without its own."""
    for doc, scenario, path, other in _enrolls(context):
        if other.key is not None and other.key != scenario.key:
            has = f"`{scenario.key}`" if scenario.key else "none"
            message = Message(
                "`{id}` has the key `{key}`, and this scenario has {has}", id=other.id, key=other.key, has=has
            )
            hint = Message(
                "write `key: {key}` at the top of the file, or enroll in a scenario without a key", key=other.key
            )
            yield doc.problem(path, message, hint, "enroll-key")


def others_take_leads_in(context: Context) -> Iterator[Problem]:
    for doc, scenario, path, other in _enrolls(context):
        if other.status in _CLOSED and scenario.status not in _CLOSED:
            message = Message(
                "`{id}` is {closed}, so nobody is enrolled in it", id=other.id, closed=_CLOSED[other.status]
            )
            yield doc.problem(
                path, message, Message("publish it, or leave the step out"), "enroll-closed", severity="warning"
            )


#: Status of a scenario that takes nobody in → in words. A pause ends.
_CLOSED = {"draft": Message("a draft"), "ended": "ended"}


@dataclass(frozen=True)
class _AtOnce:
    """What a scenario does with a lead in the moment in which it enters.

    `segments`: of its entries; `again`: a lead can enter in the moment in which it was there before.
    """

    doc: Doc[Scenario]
    enrolls: dict[str, Path]
    changes: tuple[Change, ...]
    segments: dict[str, Path]
    again: bool


def _at_once(context: Context) -> dict[str, _AtOnce]:
    """Without scenarios whose steps have problems of their own."""
    valid = [(doc, doc.model) for doc in context.book.scenarios if doc.model and not faults_of(doc.model)]
    return {doc.id: _of(doc, scenario) for doc, scenario in valid}


def _of(doc: Doc[Scenario], scenario: Scenario) -> _AtOnce:
    steps = [(index, scenario.steps[index]) for index in reached_at_once(scenario)]
    segments: dict[str, Path] = {}
    for path, trigger in triggers_of(scenario):
        if path[0] == "entry" and isinstance(trigger, SegmentEntered | SegmentLeft):
            segment = trigger.segment_entered if isinstance(trigger, SegmentEntered) else trigger.segment_left
            segments.setdefault(segment, path)
    return _AtOnce(
        doc,
        {step.enroll: ("steps", index, "enroll") for index, step in steps if isinstance(step, EnrollStep)},
        tuple(change for _, step in steps if isinstance(step, SetStep) for change in step.set),
        segments,
        scenario.re_entry.allow != "never" and not scenario.re_entry.interval_days,
    )


def scenarios_do_not_enroll_in_circles(context: Context) -> Iterator[Problem]:
    """One that enrolls in itself has a rule of its own (`enroll-itself`)."""
    scenarios = _at_once(context)
    edges = {
        name: [other for other in one.enrolls if other != name and other in scenarios and scenarios[other].again]
        for name, one in scenarios.items()
    }
    for circle in circles(edges):
        first = scenarios[circle[0]]
        message = Message("a cycle without a wait: {shown}", shown=shown(circle))
        yield first.doc.problem(first.enrolls[circle[1]], message, _HINT, "cycle")


def segments_do_not_lead_in_circles(context: Context) -> Iterator[Problem]:
    """A warning: whether a lead goes round depends on the values that the segments ask for.

    Changes of which none undoes another end by themselves: a lead that has a tag does not get it again.
    """
    scenarios, asked = _at_once(context), _fields_asked_for(context)
    for group in groups(_edges(scenarios, asked)):
        fields = {field for name in group for segment in scenarios[name].segments for field in asked.get(segment, ())}
        values: dict[tuple[str, str], set[str]] = defaultdict(set)
        for change in (change for name in group for change in scenarios[name].changes):
            field, item, value = _written(change)
            values[field, item].add(value)
        undone = sorted({field for (field, _), several in values.items() if field in fields and len(several) > 1})
        if undone:
            first = scenarios[next(name for name in scenarios if name in group and scenarios[name].segments)]
            names = ", ".join(f"`{name}`" for name in sorted(group))
            what = Message("entries ask for `{undone}`, and steps change it", undone=undone[0])
            message = Message("without a wait, a lead may go round in {names}: {what}", names=names, what=what)
            path = next(iter(first.segments.values()))
            yield first.doc.problem(path, message, _HINT, "segment-loop", severity="warning")


def _edges(scenarios: dict[str, _AtOnce], asked: dict[str, set[str]]) -> dict[str, list[str]]:
    """Scenario → those into which it can bring a lead in the same moment."""
    needs = {
        name: {field for segment in one.segments for field in asked.get(segment, ())}
        for name, one in scenarios.items()
        if one.again
    }
    return {
        name: [
            other
            for other, fields in needs.items()
            if other in one.enrolls or not fields.isdisjoint(_written(change)[0] for change in one.changes)
        ]
        for name, one in scenarios.items()
    }


def _written(change: Change) -> tuple[str, str, str]:
    """The field; the item of a list; what becomes of it."""
    if change.add_tag or change.remove_tag:
        return TAGS, change.add_tag or change.remove_tag or "", "added" if change.add_tag else "removed"
    return change.field or "", "", change.to or ""


def _fields_asked_for(context: Context) -> dict[str, set[str]]:
    """Segment → attributes on which it depends, through other segments too."""
    doc = context.book.segments
    segments = {segment.id: segment for segment in (doc.model.segments if doc and doc.model else ())}
    found: dict[str, set[str]] = {}

    def asked(name: str) -> set[str]:
        segment = segments.get(name)
        if name not in found and segment is not None:
            found[name] = set()  # segments may ask for each other
            for _, test in tests_in((), segment.when) if segment.when else ():
                if isinstance(test, AttributeTest):
                    found[name].add(test.attribute)
                elif isinstance(test, SegmentTest):
                    found[name] |= asked(test.segment)
        return found.get(name, set())

    for name in segments:
        asked(name)
    return found


RULES = (
    keys_are_passed_on,
    others_take_leads_in,
    scenarios_do_not_enroll_in_circles,
    segments_do_not_lead_in_circles,
)
