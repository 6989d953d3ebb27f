"""EventBridge: at least once, and a partly refused call is an error, not a loss."""

import json
from collections.abc import Sequence
from typing import Any

from sodate.errors import Transient
from sodate.runtime import container
from sodate.runtime.settings import setting

_ENTRIES_PER_CALL = 10


def publish(events: Sequence[tuple[str, dict[str, Any]]]) -> None:
    bus = setting("SODATE_BUS")
    for start in range(0, len(events), _ENTRIES_PER_CALL):
        entries = [
            {"Source": "sodate", "DetailType": name, "Detail": json.dumps(detail), "EventBusName": bus}
            for name, detail in events[start : start + _ENTRIES_PER_CALL]
        ]
        reply = container.client("events").put_events(Entries=entries)
        if reply.get("FailedEntryCount"):
            raise Transient(f"the bus refused {reply['FailedEntryCount']} of {len(entries)} events")
