"""Segments as marketers write them, and the document in which all live segments are stored together.

One document, because membership of one lead is decided over all segments at once: its version says under which
definitions a membership was decided.
"""

from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sodate.conditions.language import (
    ActivityTest,
    Condition,
    HolidayTest,
    SegmentTest,
    Test,
    WeekdayTest,
    bounded,
    head_of,
    tests,
)
from sodate.messages import Message
from sodate.playbook.model import Definition, InvalidPart, Slug

MOST_SEGMENTS = 500


def _for_segments(condition: Condition) -> Condition:
    for test in tests(condition):
        _reject(test)
    return bounded(condition)


def _reject(test: Test) -> None:
    if isinstance(test, WeekdayTest | HolidayTest):
        message = Message(
            "a segment cannot ask for `{condition}`: its members would change every midnight", condition=head_of(test)
        )
        raise InvalidPart(message, Message("ask for it where the segment is used, in a branch or a goal of a scenario"))
    if isinstance(test, ActivityTest) and test.same_key is not None:
        raise InvalidPart(Message("a segment has no key: `same_key` is for scenarios"), Message("leave it out"))


class Segment(Definition):
    """`when` is empty for a static segment (リスト): its members are added by import, command or console."""

    id: Slug
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    when: Annotated[Condition, AfterValidator(_for_segments)] | None = None


class SegmentFile(Definition):
    """`segments.yaml`."""

    segments: tuple[Segment, ...] = Field(max_length=MOST_SEGMENTS)


class SegmentSet(SegmentFile):
    """All live segments, as they are stored. `time_zone`: of leads without one; `calendar`: of public holidays."""

    time_zone: str
    calendar: str

    @model_validator(mode="after")
    def _references_exist_and_end(self) -> Self:
        in_order(self.segments)
        return self


def in_order(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Every segment after those that its condition asks for, otherwise in the given order.

    Raises: `ValueError` for two segments of one id, an unknown segment, or segments that ask for each other.
    """
    by_id = {segment.id: segment for segment in segments}
    if len(by_id) != len(segments):
        raise ValueError(Message("two segments have the same `id`"))
    asked = {segment.id: references(segment) for segment in segments}
    for segment_id, others in asked.items():
        if unknown := [other for other in others if other not in by_id]:
            raise ValueError(
                Message(
                    "segment '{segment_id}' asks for the segment `{unknown}`, which does not exist",
                    segment_id=segment_id,
                    unknown=unknown[0],
                )
            )
    try:
        return tuple(by_id[segment_id] for segment_id in TopologicalSorter(asked).static_order())
    except CycleError as error:
        cycle = " → ".join(f"'{segment_id}'" for segment_id in error.args[1])
        raise ValueError(Message("segments ask for each other: {cycle}", cycle=cycle)) from error


def references(segment: Segment) -> list[str]:
    """Ids of the segments that the condition asks for."""
    found = [test.segment for test in tests(segment.when) if isinstance(test, SegmentTest)] if segment.when else []
    return list(dict.fromkeys(found))
