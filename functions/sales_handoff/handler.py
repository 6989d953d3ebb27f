"""LeadBecameHot on the bus: assigns one owner, and notifies by email, chat and signed webhook, or in the digest."""

from typing import Any

from sodate.errors import Invalid
from sodate.runtime import clock, container
from sodate.runtime.logs import logger
from sodate.runtime.settings import is_local
from sodate.sales.handoff import Handoff
from sodate.sales.tell import Teller


def handler(event: dict[str, Any], _: object) -> dict[str, str]:
    """After an error, Lambda retries the event and then sends it to the dead-letter queue."""
    detail = event.get("detail") or {}
    if not detail.get("lead_id") or not detail.get("signal"):
        raise Invalid("LeadBecameHot without lead_id or signal", "event")
    done = Handoff(teller()).hand_over(detail["lead_id"], detail["signal"], clock.now())
    logger().info("handed over", extra={"done": done})
    return {"done": done}


def teller() -> Teller:
    links = container.feedback_links
    return Teller(container.definitions(), container.webhook_secret, links, allow_private=is_local())
