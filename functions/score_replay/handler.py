"""Replay queue: replays a part of one table segment, lead by lead, then sends itself a message for the rest."""

from datetime import timedelta
from typing import Any

from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, each_message
from sodate.runtime.logs import logger
from sodate.runtime.settings import setting
from sodate.scoring.replay_job import replay_task_of, sent, take

#: Leaves time for the last lead and for the message, within the timeout of 60 s.
_BUDGET = timedelta(seconds=45)
_NAMED = 20


def handler(event: dict[str, Any], _: object) -> Failures:
    container.bind_table()
    until = clock.now() + _BUDGET

    def act(body: str) -> str:
        task = replay_task_of(body)
        taken = take(task, container.definitions(), clock.now, until)
        if taken.unreadable:
            names = taken.unreadable[:_NAMED]
            logger().error("leads cannot be read", extra={"leads": names, "in_all": len(taken.unreadable)})
        if taken.following is not None:
            container.put_on_queue(setting("SODATE_REPLAY_QUEUE_URL"), [taken.following.model_dump()])
            sent(taken.following)
        return taken.outcome

    return each_message(event, act)
