"""Replay queue: scores, segments and entries by date of the leads of one task, then the message for the next task."""

from datetime import datetime, timedelta
from typing import Any

from sodate.leads.lead import Profile
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, each_message
from sodate.scenarios.plan_dates import plan_all_dates
from sodate.scoring.replay_job import REPLAY_TASKS, mark_requested, run_task
from sodate.scoring.rescore import AdditionOf
from sodate.segments.membership_update import Occasion
from sodate.segments.refresh import Live, addition_of

#: Leaves time for the last lead and for the message, within the timeout of 60 s.
_BUDGET = timedelta(seconds=45)
_NAMED = 20


def handle(app: App, event: dict[str, Any]) -> Failures:
    until, live = app.clock.now() + _BUDGET, Live.of(app.definitions)

    def addition_for(lead_id: str, now: datetime, announce: bool) -> AdditionOf | None:
        return addition_of(lead_id, live, Occasion(is_backfill=True, announce=announce), now)

    def plan_dates(profile: Profile, began: datetime) -> None:
        plan_all_dates(profile, app.definitions, began, app.clock.now())

    def act(body: str) -> str:
        task = REPLAY_TASKS.parse_body(body)
        result = run_task(task, app.definitions, app.clock.now, until, addition_for, plan_dates)
        if result.unreadable:
            names = result.unreadable[:_NAMED]
            app.log.error("leads cannot be read", extra={"leads": names, "in_all": len(result.unreadable)})
        if result.following is not None:
            app.queues.put(app.settings.replay_queue, [result.following.to_message()])
            mark_requested(result.following)
        return result.outcome

    return each_message(app, event, act)


handler = on_lambda(handle)
