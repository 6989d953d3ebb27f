"""Replay queue: run one task of a table segment, then send the message for the next task."""

from datetime import timedelta
from typing import Any

from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, each_message
from sodate.runtime.logs import logger
from sodate.runtime.settings import setting
from sodate.scoring.replay_job import REPLAY_TASKS, mark_requested, run_task

#: Leaves time for the last lead and for the message, within the timeout of 60 s.
_BUDGET = timedelta(seconds=45)
_NAMED = 20


def handler(event: dict[str, Any], _: object) -> Failures:
    container.bind_table()
    until = clock.now() + _BUDGET

    def act(body: str) -> str:
        task = REPLAY_TASKS.parse_body(body)
        result = run_task(task, container.definitions(), clock.now, until)
        if result.unreadable:
            names = result.unreadable[:_NAMED]
            logger().error("leads cannot be read", extra={"leads": names, "in_all": len(result.unreadable)})
        if result.following is not None:
            container.put_on_queue(setting("SODATE_REPLAY_QUEUE_URL"), [result.following.to_message()])
            mark_requested(result.following)
        return result.outcome

    return each_message(event, act)
