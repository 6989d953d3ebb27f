"""Who waits for a paused scenario to go on, from the due index: their batches are put back each hour."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sodate.leads.contact_state import id_of
from sodate.playbook.store import Definitions
from sodate.scenarios.lane import lane_of
from sodate.scenarios.programs import live_program, program
from sodate.scenarios.send_step import PAUSE_CHECK
from sodate.scheduling import store as due

#: A batch is put back a little later than its hour.
_SLACK = timedelta(minutes=5)


@dataclass(frozen=True)
class DueNow:
    """`leads`: by id of the step that is due. `emails`: how many of them are at an email."""

    leads: Counter[str]
    emails: int


def due_now(definitions: Definitions, scenario: str, now: datetime) -> DueNow:
    """Reads one hour of the due index, about 250 queries: for an operator. Raises: `NotFound`."""
    live, leads, at_email = live_program(definitions, scenario), Counter[str](), set[tuple[Any, ...]]()
    seen = set[tuple[Any, ...]]()
    for message in _messages(lane_of(live), now):
        if message["what"] != "steps" or id_of(str(message["sequence"])) != scenario:
            continue
        compiled = program(definitions, str(message["sequence"]), int(message["version"]))
        for entry in message["leads"]:
            one = (message["sequence"], *entry[:2], message["step"])
            if one not in seen:
                seen.add(one)
                leads[compiled.nodes[int(message["step"])].id] += 1
                if compiled.is_email(int(message["step"])):
                    at_email.add(one)
    return DueNow(leads, len(at_email))


def _messages(lane: due.Lane, now: datetime) -> Iterator[Mapping[str, Any]]:
    """Of the minutes that no dispatcher has read."""
    minute, end = (due.read_until(lane) or now) + due.MINUTE, now + PAUSE_CHECK + _SLACK
    while minute <= end:
        for shard in range(lane.shards):
            after: str | None = None
            while True:
                entries, after = due.page(minute, lane, shard, after, due.PAGE)
                yield from (entry.message for entry in entries)
                if after is None:
                    break
        minute += due.MINUTE
