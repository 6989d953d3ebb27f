"""A lean DynamoDB client with one persistent connection, for the few calls that every email needs.

botocore needs about 800 µs of CPU per call, most of it to build and parse JSON that the caller already has; this client
needs about 60 µs. It signs with the four headers it sends (Signature Version 4, the same signature as botocore's:
tested) and writes a request at once. Functions without a hot path use the SDK's client
(docs/decisions/0041).
"""

import hmac
import json
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

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


@dataclass
class LeanClient:
    """`credentials` is called for each request, so that rotated credentials are used.

    A call whose response was lost is repeated. A conditional write that had succeeded then fails its condition; callers
    treat that as a concurrent write, and the sweeper checks the send.
    """

    endpoint: str
    region: str
    credentials: Callable[[], Any]
    pause: Callable[[float], None] = time.sleep
    _socket: socket.socket | None = field(default=None, init=False, repr=False)
    _host: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        self._host = urlsplit(self.endpoint).netloc

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(request, separators=(",", ":"), ensure_ascii=False).encode()
        for left in reversed(range(TRIES)):
            try:
                status, answer = self._post(operation, body)
            except OSError as error:
                self._close()
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
        frozen = self.credentials().get_frozen_credentials()
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "host": self._host,
            "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
            **({"x-amz-security-token": frozen.token} if frozen.token else {}),
            "x-amz-target": f"DynamoDB_20120810.{operation}",
        }
        signature = authorization(headers, body, self.region, frozen.access_key, frozen.secret_key)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        lines = f"POST / HTTP/1.1\r\n{head}authorization: {signature}\r\ncontent-length: {len(body)}\r\n\r\n"
        connected = self._connected()
        connected.sendall(lines.encode("ascii") + body)
        status, content = self._answer(connected)
        return status, dict(json.loads(content)) if content else {}

    def _answer(self, connected: socket.socket) -> tuple[int, bytes]:
        """Status and body. DynamoDB always sends a content length; a response without one counts as lost.

        Raises: `ConnectionError`.
        """
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += _received(connected)
        status_line, *lines = received[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "content-length" not in headers or status_line.split(" ")[1:2] == ["100"]:
            raise ConnectionError("a response without a content length")
        content = received[end + 4 :]
        while len(content) < int(headers["content-length"]):
            content += _received(connected)
        if headers.get("connection", "").lower() == "close":
            self._close()
        return int(status_line.split(" ")[1]), content

    def _connected(self) -> socket.socket:
        if self._socket is None:
            url = urlsplit(self.endpoint)
            host, is_safe = url.hostname or "", url.scheme == "https"
            plain = socket.create_connection((host, url.port or (443 if is_safe else 80)), _TIMEOUT_SECONDS)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if is_safe else plain
        return self._socket

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _received(connected: socket.socket) -> bytes:
    some = connected.recv(65536)
    if not some:
        raise ConnectionError("the connection was closed")
    return some


def authorization(headers: Mapping[str, str], body: bytes, region: str, access_key: str, secret_key: str) -> str:
    """Signature Version 4 of a POST to `/` with exactly these headers, which are in lower case and sorted.

    docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    moment, names = headers["x-amz-date"], ";".join(headers)
    scope = f"{moment[:8]}/{region}/dynamodb/aws4_request"
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(_signing_key(secret_key, scope), to_sign.encode(), "sha256").hex()
    return f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"


@lru_cache(maxsize=4)
def _signing_key(secret_key: str, scope: str) -> bytes:
    """The signing key, which is valid for one day."""
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _error(operation: str, code: str, message: str, answer: Mapping[str, Any], status: int) -> ClientError:
    error: Any = {
        **{name: value for name, value in answer.items() if not name.startswith("_")},
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(error, operation)
