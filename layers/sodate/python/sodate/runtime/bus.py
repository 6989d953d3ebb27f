"""Publishes to EventBridge at least once: a partial failure of a call raises an error, so no event is lost."""

import json
from collections.abc import Sequence
from typing import Any

from sodate.errors import Transient

_ENTRIES_PER_CALL = 10


def publish(client: Any, bus: str, events: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """`client`: of EventBridge. `bus`: its name. `events`: (detail-type, detail).

    Raises: `Transient` when the bus did not accept all of them.
    """
    for start in range(0, len(events), _ENTRIES_PER_CALL):
        entries = [
            {"Source": "sodate", "DetailType": name, "Detail": json.dumps(detail), "EventBusName": bus}
            for name, detail in events[start : start + _ENTRIES_PER_CALL]
        ]
        reply = client.put_events(Entries=entries)
        if reply.get("FailedEntryCount"):
            raise Transient(f"the bus rejected {reply['FailedEntryCount']} of {len(entries)} events")
