"""What a mapping names must be in the live playbook, before the first row."""

from sodate.errors import Invalid, NotFound
from sodate.imports.mapping import Mapping
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.segments.segment import SegmentSet


def check_references(mapping: Mapping, definitions: Definitions) -> None:
    """Raises: `Invalid` for a topic or segment that the playbook does not have, or a segment with a condition."""
    if mapping.consent is not None:
        known = [topic["id"] for topic in definitions.live("mailing").body["topics"]]
        if unknown := [topic for topic in mapping.consent.topics if topic not in known]:
            raise Invalid(
                Message(
                    "consent.topics: the playbook has no topic {unknown}; it has {known}",
                    unknown=unknown[0],
                    known=", ".join(sorted(known)),
                )
            )
    if mapping.segments:
        lists = _lists(definitions)
        if wrong := [segment for segment in mapping.segments if segment not in lists]:
            raise Invalid(
                Message(
                    "segments: {wrong} is no segment without `when`; the playbook has {lists}",
                    wrong=wrong[0],
                    lists=", ".join(lists) or "none",
                )
            )


def _lists(definitions: Definitions) -> list[str]:
    try:
        segments = parsed(definitions.live("segments"), SegmentSet).segments
    except NotFound:
        return []
    return [segment.id for segment in segments if segment.when is None]
