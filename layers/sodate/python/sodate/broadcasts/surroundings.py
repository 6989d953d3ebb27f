"""What an approval covers beside the broadcast and its templates: who gets it, and in whose name."""

from typing import Any

from sodate.broadcasts.broadcast import Broadcast
from sodate.errors import NotFound
from sodate.playbook.store import Definitions, digest, parsed
from sodate.segments.segment import SegmentSet, references


def surroundings_digest(broadcast: Broadcast) -> str:
    """Of the live definitions, read anew: the segments of the broadcast with those that they ask for, sender, topic."""
    definitions = Definitions()
    mailing = definitions.live("mailing").body
    topic = next((one for one in mailing["topics"] if one["id"] == broadcast.topic), None)
    return digest({"sender": mailing["sender"], "topic": topic, "segments": _segments(definitions, broadcast)})


def _segments(definitions: Definitions, broadcast: Broadcast) -> dict[str, Any]:
    """Id → condition, of those that exist."""
    try:
        known = {one.id: one for one in parsed(definitions.live("segments"), SegmentSet).segments}
    except NotFound:
        return {}
    found, waiting = dict[str, Any](), [broadcast.segment, *broadcast.exclude]
    while waiting:
        segment = known.get(waiting.pop())
        if segment is not None and segment.id not in found:
            found[segment.id] = segment.model_dump(mode="json")["when"]
            waiting += references(segment)
    return found
