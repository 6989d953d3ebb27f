"""Publishes to EventBridge at least once: a partial failure of a call raises an error, so no event is lost."""

import json
from collections.abc import Sequence
from typing import Any

from sodate.errors import Transient
from sodate.runtime import container
from sodate.runtime.settings import setting

_ENTRIES_PER_CALL = 10


def publish(events: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """`events`: (detail-type, detail).

    Raises: `Transient` when the bus did not accept all of them.
    """
    bus = setting("SODATE_BUS")
    for start in range(0, len(events), _ENTRIES_PER_CALL):
        entries = [
            {"Source": "sodate", "DetailType": name, "Detail": json.dumps(detail), "EventBusName": bus}
            for name, detail in events[start : start + _ENTRIES_PER_CALL]
        ]
        reply = container.client("events").put_events(Entries=entries)
        if reply.get("FailedEntryCount"):
            raise Transient(f"the bus rejected {reply['FailedEntryCount']} of {len(entries)} events")
