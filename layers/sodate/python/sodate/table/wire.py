"""DynamoDB over one kept connection, for the few calls that are made for every single mail.

botocore spends about 800 µs of CPU on a call, most of it on building and parsing what is here plain JSON already; this
spends about 200. Signing is botocore's own. Everything else goes on using PynamoDB (docs/decisions/0041).
"""

import http.client
import json
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

TRIES = 4
_TIMEOUT_SECONDS = 5
_AGAIN = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "TransactionInProgressException",
}


class Caller(Protocol):
    """A botocore client answers to this too; tests use that."""

    def _make_api_call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]: ...


class _OneWrite:
    """Head and body in one write to the socket: two cost twice, and on a busy network wait for each other."""

    _held: bytes = b""

    def send(self, data: Any) -> None:
        if data.endswith(b"\r\n\r\n") and not self._held:
            self._held = data
        else:
            held, self._held = self._held, b""
            super().send(held + data)  # type: ignore[misc]


class _Plain(_OneWrite, http.client.HTTPConnection):
    pass


class _Secure(_OneWrite, http.client.HTTPSConnection):
    pass


@dataclass
class Wire:
    """`credentials` is asked for each call, so that rotated ones are picked up.

    A call whose answer was lost is made again: a conditional write that had succeeded then fails its condition, which
    every caller here takes as "somebody did it", and the sweeper looks after it.
    """

    endpoint: str
    region: str
    credentials: Callable[[], Any]
    pause: Callable[[float], None] = time.sleep
    _connection: http.client.HTTPConnection | None = field(default=None, init=False, repr=False)

    def _make_api_call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(request, separators=(",", ":"), ensure_ascii=False).encode()
        for left in reversed(range(TRIES)):
            try:
                status, answer = self._post(operation, body)
            except (OSError, http.client.HTTPException) as error:
                self._connection = None
                if not left:
                    raise _error(operation, "ConnectionError", type(error).__name__, {}, 599) from error
                continue
            if status == 200:
                return answer
            code = str(answer.get("__type", status)).rpartition("#")[2]
            if not left or not (status >= 500 or code in _AGAIN):
                raise _error(operation, code, str(answer.get("message") or answer.get("Message")), answer, status)
            self.pause(secrets.randbelow(1000) / 1000 * 0.05 * 2 ** (TRIES - left))
        raise AssertionError("unreachable")

    def _post(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        request = AWSRequest("POST", self.endpoint, headers=headers, data=body)
        SigV4Auth(self.credentials(), "dynamodb", self.region).add_auth(request)
        connection = self._connected()
        connection.request("POST", "/", body, dict(request.headers.items()))
        reply = connection.getresponse()
        content = reply.read()
        return reply.status, dict(json.loads(content)) if content else {}

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            url = urlsplit(self.endpoint)
            host = url.hostname or ""
            if url.scheme == "https":
                context = ssl.create_default_context()
                self._connection = _Secure(host, url.port, timeout=_TIMEOUT_SECONDS, context=context)
            else:
                self._connection = _Plain(host, url.port, timeout=_TIMEOUT_SECONDS)
        return self._connection


def _error(operation: str, code: str, message: str, answer: Mapping[str, Any], status: int) -> ClientError:
    error: Any = {
        **{name: value for name, value in answer.items() if not name.startswith("_")},
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(error, operation)
