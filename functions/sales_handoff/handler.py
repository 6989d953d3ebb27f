"""LeadBecameHot on the bus: assign an owner; notify by email, chats and signed webhook, or hold for the digest."""

from typing import Any

from sodate.errors import Invalid
from sodate.runtime import clock, container
from sodate.runtime.logs import logger
from sodate.runtime.settings import is_local
from sodate.sales.handoff import Handoff
from sodate.sales.notify import SalesNotifier


def handler(event: dict[str, Any], _: object) -> dict[str, str]:
    """After an error, Lambda retries the event and then sends it to the dead-letter queue."""
    container.bind_table()
    detail = event.get("detail") or {}
    if not detail.get("lead_id") or not detail.get("signal"):
        raise Invalid("LeadBecameHot without lead_id or signal", "event")
    done = Handoff(notifier()).hand_over(detail["lead_id"], detail["signal"], clock.now())
    logger().info("handed over", extra={"done": done})
    return {"done": done}


def notifier() -> SalesNotifier:
    links = container.feedback_links
    return SalesNotifier(container.definitions(), container.webhook_secret, links, allow_private=is_local())
