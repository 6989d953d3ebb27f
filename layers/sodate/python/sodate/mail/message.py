"""What lies on the send queue: `step` or `notice`, ids only. A body that is neither goes to the dead-letter queue."""

import json
from collections.abc import Iterable
from typing import Any

from sodate.errors import Invalid
from sodate.mail.ledger import StepRef


def parse_message(body: str) -> dict[str, Any]:
    """Raises `Invalid` with the reason a person reads in the dead-letter queue."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("the send message is not JSON", "message") from error
    if not isinstance(message, dict) or message.get("v") != 1:
        raise Invalid("not a send message of version 1", "message")
    if message.get("what") == "step":
        step_of(message)
    elif message.get("what") != "notice" or not _all_text(message, "lead_id", "send_id"):
        raise Invalid(f"a send message must be a step or a notice, not {str(message.get('what'))[:40]!r}", "message")
    return message


def step_of(message: dict[str, Any]) -> StepRef:
    try:
        return StepRef(
            lead_id=str(message["lead_id"]),
            sequence=str(message["sequence"]),
            version=int(message["version"]),
            step=int(message["step"]),
            enrolment=str(message["enrolment"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"not a step message: {error!r}", "message") from error


def attempts(bodies: Iterable[str]) -> list[tuple[str, str]]:
    """(lead id, send id) of every readable message of a batch, for the sweeper's watch entry."""
    found = []
    for body in bodies:
        try:
            message = parse_message(body)
        except Invalid:
            continue
        send_id = message["send_id"] if message["what"] == "notice" else step_of(message).send_id
        found.append((message["lead_id"], send_id))
    return found


def _all_text(message: dict[str, Any], *names: str) -> bool:
    return all(isinstance(message.get(name), str) for name in names)
