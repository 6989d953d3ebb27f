"""Every five minutes: attempts without an outcome are settled by evidence, repeated (notices) or listed."""

from collections.abc import Mapping, Sequence
from typing import Any

from sodate.due.dispatch import dispatch
from sodate.due.store import WATCH
from sodate.mail.sweep import sweep
from sodate.runtime import clock, container


def look_again(watched: Sequence[Mapping[str, Any]]) -> int:
    for entry in watched:
        sweep(entry, clock.now())
    return len(watched)


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    tick = dispatch(WATCH, look_again, container.dispatch_memory().cursors, clock.now())
    return {"minutes": tick.minutes, "looked_at": tick.handed_over}
