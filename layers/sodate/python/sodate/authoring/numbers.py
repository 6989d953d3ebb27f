"""How many leads a changed scenario concerns, where an index has the number: a plan reads no lead."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.due_now import due_now
from sodate.scenarios.programs import is_scenario
from sodate.segments.store import every_member

Body = dict[str, Any]


def numbers(before: Body, after: Body, definitions: Definitions, now: datetime) -> Iterator[str]:
    """`before`: the live scenario, empty if there is none.

    It reads the members of the segments that the entries name and, of a scenario that resumes, an hour of the due
    index.
    """
    if not is_scenario(after) or after["status"] != "published":
        return
    if before.get("status") == "paused":
        waiting = due_now(definitions, after["id"], now)
        yield Message(
            "{total} leads are due as soon as it resumes, {emails} of them at an email",
            total=waiting.leads.total(),
            emails=waiting.emails,
        )
    if before.get("status") != "published" or before["entry"] != after["entry"]:
        for entry in after["entry"]:
            yield from _concerned(entry)


def _concerned(entry: Body) -> Iterator[str]:
    if "schedule" in entry:
        segment = entry["segment"]
        yield Message(
            "{leads_count} leads are in {segment} now: who is in it at an occurrence enters",
            leads_count=_size(segment),
            segment=segment,
        )
    elif segment := (entry.get("on") or {}).get("segment_entered"):
        yield Message(
            "{leads_count} leads are in {segment} already: they do not enter, those who come into it do",
            leads_count=_size(segment),
            segment=segment,
        )


def _size(segment: str) -> int:
    return sum(1 for _ in every_member(segment))
