"""Replay queue: run one task of a table segment, then send the message for the next task."""

from datetime import timedelta
from typing import Any

from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, each_message
from sodate.scoring.replay_job import REPLAY_TASKS, mark_requested, run_task

#: Leaves time for the last lead and for the message, within the timeout of 60 s.
_BUDGET = timedelta(seconds=45)
_NAMED = 20


def handle(app: App, event: dict[str, Any]) -> Failures:
    until = app.clock.now() + _BUDGET

    def act(body: str) -> str:
        task = REPLAY_TASKS.parse_body(body)
        result = run_task(task, app.definitions, app.clock.now, until)
        if result.unreadable:
            names = result.unreadable[:_NAMED]
            app.log.error("leads cannot be read", extra={"leads": names, "in_all": len(result.unreadable)})
        if result.following is not None:
            app.queues.put(app.settings.replay_queue, [result.following.to_message()])
            mark_requested(result.following)
        return result.outcome

    return each_message(app, event, act)


handler = on_lambda(handle)
