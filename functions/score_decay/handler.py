"""Every minute: re-evaluates leads whose rank or phase changes by time alone, and reviews evidence after an opt-out.

Only a lead that will change has a due entry; the function searches no leads.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sodate.consent.retention import WHAT, review
from sodate.errors import Invalid, NotFound
from sodate.runtime import clock, container
from sodate.runtime.batch import each_entry
from sodate.runtime.logs import logger
from sodate.scheduling.dispatch import dispatch
from sodate.scheduling.store import DECAY, plan_retry
from sodate.scoring.rescore import Rules, live_rules, reevaluate

#: An invocation that is older than this begins no further entry; the timeout is 55 s.
_LATEST_ENTRY = timedelta(seconds=40)


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    began = clock.now()

    def hand_over(entries: Sequence[Mapping[str, Any]]) -> int:
        rules = _rules() if any(entry.get("what") != WHAT for entry in entries) else None
        return each_entry(
            entries,
            lambda entry: _act(entry, rules),
            put_back=lambda entry: plan_retry(entry, DECAY, clock.now()),
            has_time=lambda: clock.now() - began <= _LATEST_ENTRY,
        )

    tick = dispatch(DECAY, hand_over, container.dispatcher_cache().cursors, began)
    return {"minutes": tick.minutes, "looked_at": tick.handed_over}


def _rules() -> Rules | None:
    try:
        return live_rules(container.definitions())
    except NotFound:
        return None  # no rules, no score


def _act(entry: Mapping[str, Any], rules: Rules | None) -> None:
    if entry.get("what") == WHAT:
        review(entry)
    elif rules is not None:
        try:
            reevaluate(str(entry["lead"]), rules, clock.now())
        except Invalid as error:  # permanent: a retry would fail too
            logger().error("score decay failed for a lead", extra={"lead": entry["lead"], "why": str(error)})
