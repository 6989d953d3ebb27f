"""Lint rules of segments. What they may ask for is checked with every other condition (`references`, `scoring`)."""

from collections.abc import Iterator

from sodate.authoring.lint.circles import circles, shown
from sodate.authoring.lint.context import Context
from sodate.authoring.lint.references import tests_in
from sodate.conditions.language import SegmentTest
from sodate.messages import Message
from sodate.playbook.problem import Problem
from sodate.scenarios.crossings import segments_of
from sodate.segments.segment import references


def segments_need_rules(context: Context) -> Iterator[Problem]:
    """Segments are kept in the score's item, so a lead without a score has no segments."""
    if context.book.rules is not None:
        return
    hint = Message("add rules.yaml; one phase, a threshold and no rules are enough")
    if (doc := context.book.segments) is not None:
        yield doc.problem(
            ("segments",), Message("segments are kept with the score, and there is none"), hint, "segments-rules"
        )
    for scenario in context.book.scenarios:
        if scenario.model is not None and any(segments_of(scenario.model)):
            message = Message("entries by score, rank or phase need a score, and there is none")
            yield scenario.problem(("entry",), message, hint, "segments-rules")


def segments_differ(context: Context) -> Iterator[Problem]:
    doc = context.book.segments
    seen: set[str] = set()
    for index, segment in enumerate(doc.model.segments if doc and doc.model else ()):
        if doc and segment.id in seen:
            message = Message("two segments have the id `{id}`", id=segment.id)
            yield doc.problem(("segments", index, "id"), message, Message("give each its own id"), "duplicate-id")
        seen.add(segment.id)


def segments_do_not_ask_for_each_other(context: Context) -> Iterator[Problem]:
    """Reported where the first segment of a circle asks for the second."""
    doc = context.book.segments
    if doc is None or doc.model is None:
        return
    by_id = {segment.id: (index, segment) for index, segment in enumerate(doc.model.segments)}
    for circle in circles({segment_id: references(segment) for segment_id, (_, segment) in by_id.items()}):
        index, segment = by_id[circle[0]]
        asked = (*circle, circle[0])[1]
        for path, test in tests_in(("segments", index, "when"), segment.when) if segment.when else ():
            if isinstance(test, SegmentTest) and test.segment == asked:
                several = Message("segments ask for each other: {shown}", shown=shown(circle))
                message = several if len(circle) > 1 else Message("the segment asks for itself")
                yield doc.problem((*path, "segment"), message, Message("write out what it asks for"), "segment-cycle")
                break


RULES = (segments_need_rules, segments_differ, segments_do_not_ask_for_each_other)
