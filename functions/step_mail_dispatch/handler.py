"""Every minute: what is due goes to the send queue. An idle tick costs one query and the cursor."""

from typing import Any

from sodate.due.dispatch import dispatch
from sodate.due.store import SEND
from sodate.runtime import clock, container
from sodate.runtime.logs import logger
from sodate.runtime.metrics import count


def handler(_: dict[str, Any], __: object) -> dict[str, float]:
    container.bind_table()
    tick = dispatch(SEND, container.enqueue, clock.now())
    if tick.handed_over:
        logger().info("tick", extra=vars(tick))
    if tick.is_late:
        count("LateSteps", tick.handed_over)
    return {"minutes": tick.minutes, "handed_over": tick.handed_over}
