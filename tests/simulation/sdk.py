"""How often the SDK really asks SES for one call, measured where botocore hands a request to the network."""

from collections.abc import Callable
from typing import Any
from unittest import mock

from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError

_URL = "https://email.ap-northeast-1.amazonaws.com"
_WHERE = {"region_name": "ap-northeast-1", "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


class _Raw:
    def stream(self, *_: object, **__: object) -> Any:
        yield b"{}"


def _answer(status: int) -> Callable[[], AWSResponse]:
    return lambda: AWSResponse(_URL, status, {"content-type": "application/json"}, _Raw())


def _raise(error: Exception) -> Callable[[], AWSResponse]:
    def act() -> AWSResponse:
        raise error

    return act


FAILURES: dict[str, Callable[[], AWSResponse]] = {
    "timeout": _raise(ReadTimeoutError(endpoint_url=_URL)),
    "reset": _raise(ConnectionClosedError(endpoint_url=_URL)),
    "500": _answer(500),
    "503": _answer(503),
    "429": _answer(429),
}


def default_client(mode: str | None = None) -> Any:
    """What everybody writes; `legacy` was the default mode of boto3 for ten years."""
    import boto3
    from botocore.config import Config

    return boto3.client("sesv2", config=Config(retries={"mode": mode} if mode else None), **_WHERE)  # type: ignore


def requests_per_call(client: Any, failure: str, operation: str = "send_email", **request: Any) -> int:
    """Requests that one SDK call puts on the wire while every one of them meets `failure`."""
    sent = 0

    def answer(request: object, **_: object) -> AWSResponse:
        """botocore takes what a `before-send` handler returns or raises for the outcome of the request."""
        nonlocal sent
        sent += 1
        return FAILURES[failure]()

    request = request or {
        "FromEmailAddress": "a@example.jp",
        "Destination": {"ToAddresses": ["b@example.jp"]},
        "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    }
    client.meta.events.register_first("before-send.sesv2.*", answer)
    with mock.patch("botocore.endpoint.time.sleep"):
        try:
            getattr(client, operation)(**request)
        except (BotoCoreError, ClientError):
            return sent
    raise AssertionError("the call did not fail")
