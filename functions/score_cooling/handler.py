"""Every minute: leads whose class changes by time alone, and evidence whose end follows an opt-out.

Only a lead that will change has an entry; no lead is searched.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sodate.consent.retention import WHAT, review
from sodate.due.dispatch import dispatch
from sodate.due.store import COOLING
from sodate.errors import Invalid, NotFound
from sodate.runtime import clock, container
from sodate.runtime.logs import logger
from sodate.scoring.rescore import cool, live_rules


def cool_down(entries: Sequence[Mapping[str, Any]]) -> int:
    for entry in entries:
        if entry.get("what") == WHAT:
            review(entry)
    cooling = [entry for entry in entries if entry.get("what") != WHAT]
    if not cooling:
        return len(entries)
    try:
        rules = live_rules(container.definitions())
    except NotFound:
        return len(entries)  # no rules, no score
    for entry in cooling:
        try:
            cool(str(entry["lead"]), rules, clock.now())
        except Invalid as error:  # one log that cannot be read must not keep all others warm
            logger().error("a lead cannot be cooled", extra={"lead": entry["lead"], "why": str(error)})
    return len(entries)


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    tick = dispatch(COOLING, cool_down, container.dispatch_memory().cursors, clock.now())
    return {"minutes": tick.minutes, "looked_at": tick.handed_over}
