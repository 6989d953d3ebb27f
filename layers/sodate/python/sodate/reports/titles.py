"""Titles of what a report is about."""

from sodate.errors import NotFound
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.segments.segment import SegmentSet


def segment_titles(definitions: Definitions) -> dict[str, str]:
    try:
        stored = parsed(definitions.live("segments"), SegmentSet)
    except NotFound:
        return {}
    return {one.id: one.title or one.id for one in stored.segments}


def known_segment(definitions: Definitions, segment: str) -> str:
    """Its title. Raises: `NotFound` for a segment that the playbook does not have."""
    titles = segment_titles(definitions)
    if segment not in titles:
        raise NotFound(
            Message(
                "there is no segment {segment!r}; known: {titles}",
                segment=segment[:60],
                titles=", ".join(titles) or "none",
            )
        )
    return titles[segment]
