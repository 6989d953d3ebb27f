"""Titles of what a report is about."""

from collections.abc import Iterator

from sodate.errors import NotFound
from sodate.messages import Message
from sodate.playbook.store import Definitions, Kind, parsed
from sodate.segments.segment import SegmentSet


def titles_of(definitions: Definitions, kind: Kind) -> Iterator[tuple[str, str]]:
    """Id and title of each live definition; the id again for one without a title."""
    for stored in definitions.all_live(kind):
        yield stored.id, str(stored.body.get("title") or stored.id)


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
