"""A receiver for the sales webhook: keeps what arrived and says whether its signature is right.

The scheme is Standard Webhooks: `webhook-signature` holds one or more `v1,<base64>` of HMAC-SHA256 over
`id.timestamp.body`, and a timestamp more than five minutes off is refused by a careful receiver.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sodate_cli.local.web import Request, Response, Route, json_response

TOLERANCE_SECONDS = 300


def signature_of(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    """The `v1,…` signature of one message."""
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def key_bytes(secret: str) -> bytes:
    """Standard Webhooks secrets are base64 after `whsec_`; any other text is taken as it is."""
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()


def verdict(secret: str | None, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """`valid`, or what a receiver would object to."""
    webhook_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()
    if not (webhook_id and timestamp and given):
        return "unsigned"
    if secret is None:
        return "no secret to check with"
    expected = signature_of(key_bytes(secret), webhook_id, timestamp, body)
    if not any(hmac.compare_digest(expected, one) for one in given):
        return "wrong signature"
    if not timestamp.isdigit() or abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return "timestamp out of tolerance"
    return "valid"


@dataclass(slots=True)
class Sink:
    """What was posted, oldest first. `answers` can be filled with status codes to give before 204 again."""

    clock: Callable[[], datetime]
    secret: str | None = None
    received: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/sink", self._receive),
            Route("POST", "/sink/{channel}", self._receive),
            Route("GET", "/sink", self._list),
            Route("DELETE", "/sink", self._forget),
            Route("PUT", "/sink/answers", self._order_answers),
        ]

    def _receive(self, request: Request, channel: str = "") -> Response:
        now = self.clock()
        status = self.answers.pop(0) if self.answers else 204
        self.received.append(
            {
                "at": now.isoformat(),
                "channel": channel,
                "answered": status,
                "signature": verdict(self.secret, request.headers, request.body, now),
                "headers": dict(request.headers),
                "body": _readable(request.body),
            }
        )
        return Response(status)

    def _list(self, request: Request) -> Response:
        return json_response({"received": self.received})

    def _forget(self, request: Request) -> Response:
        self.received.clear()
        return Response(204)

    def _order_answers(self, request: Request) -> Response:
        self.answers = [int(status) for status in request.json()["answers"]]
        return Response(204)


def _readable(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
