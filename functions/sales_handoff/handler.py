"""LeadBecameHot on the bus: assign an owner; notify by email, chats and signed webhook, or hold for the digest."""

from typing import Any

from sodate.errors import Invalid
from sodate.runtime.app import App, on_lambda
from sodate.runtime.notifier import sales_notifier
from sodate.sales.handoff import Handoff


def handle(app: App, event: dict[str, Any]) -> dict[str, str]:
    """After an error, Lambda retries the event and then sends it to the dead-letter queue."""
    detail = event.get("detail") or {}
    if not detail.get("lead_id") or not detail.get("signal"):
        raise Invalid("LeadBecameHot without lead_id or signal", "event")
    done = Handoff(sales_notifier(app)).hand_over(detail["lead_id"], detail["signal"], app.clock.now())
    app.log.info("handed over", extra={"done": done})
    return {"done": done}


handler = on_lambda(handle)
