"""Every minute: re-evaluates leads whose rank or phase changes by time alone, and reviews evidence after an opt-out.

Only a lead that will change has a due entry; the function searches no leads.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sodate.consent.retention import WHAT, review
from sodate.errors import Invalid, NotFound
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import each_entry
from sodate.scheduling.dispatch import dispatch
from sodate.scheduling.store import DECAY, plan_retry
from sodate.scoring.rescore import Rules, live_rules, reevaluate

#: An invocation that is older than this begins no further entry; the timeout is 55 s.
_LATEST_ENTRY = timedelta(seconds=40)


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    began = app.clock.now()

    def hand_over(entries: Sequence[Mapping[str, Any]]) -> int:
        rules = _rules(app) if any(entry.get("what") != WHAT for entry in entries) else None
        return each_entry(
            app,
            entries,
            lambda entry: _act(app, entry, rules),
            put_back=lambda entry: plan_retry(entry, DECAY, app.clock.now()),
            has_time=lambda: app.clock.now() - began <= _LATEST_ENTRY,
        )

    tick = dispatch(DECAY, hand_over, app.dispatcher_cache.cursors, began)
    return {"minutes": tick.minutes, "looked_at": tick.handed_over}


def _rules(app: App) -> Rules | None:
    try:
        return live_rules(app.definitions)
    except NotFound:
        return None  # no rules, no score


def _act(app: App, entry: Mapping[str, Any], rules: Rules | None) -> None:
    if entry.get("what") == WHAT:
        review(entry)
    elif rules is not None:
        try:
            reevaluate(str(entry["lead"]), rules, app.clock.now())
        except Invalid as error:  # permanent: a retry would fail too
            app.log.error("score decay failed for a lead", extra={"lead": entry["lead"], "why": str(error)})


handler = on_lambda(handle)
