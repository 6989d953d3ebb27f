"""The lean client signs as botocore does, and treats a broken connection as a lost response."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from sodate.dynamodb.lean_client import TRIES, LeanClient, authorization

MOMENT = "20261124T020000Z"


@pytest.mark.parametrize("token", [None, "a-session-token"])
def test_the_signature_is_the_one_that_botocore_makes(token: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    body, credentials = '{"TableName":"表"}'.encode(), Credentials("AKIDEXAMPLE", "a secret", token)
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": "dynamodb.ap-northeast-1.amazonaws.com",
        "x-amz-date": MOMENT,
        **({"x-amz-security-token": token} if token else {}),
        "x-amz-target": "DynamoDB_20120810.UpdateItem",
    }
    sent = {"Content-Type": headers["content-type"], "X-Amz-Target": headers["x-amz-target"]}
    request = AWSRequest("POST", f"https://{headers['host']}/", headers=sent, data=body)
    request.context["timestamp"] = MOMENT
    signer = SigV4Auth(credentials, "dynamodb", "ap-northeast-1")
    request.headers["X-Amz-Date"] = MOMENT
    if token:
        request.headers["X-Amz-Security-Token"] = token
    canonical = signer.canonical_request(request)
    theirs = signer.signature(signer.string_to_sign(request, canonical), request)
    ours = authorization(headers, body, "ap-northeast-1", credentials.access_key, credentials.secret_key)
    assert ours.rpartition("=")[2] == theirs


@contextmanager
def server(*answers: bytes) -> Iterator[str]:
    """One response per connection, in this order; then the connection is closed."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.close()
        thread.join(2)


def wire(url: str) -> LeanClient:
    return LeanClient(url, "us-east-1", lambda: Credentials("x", "y"), pause=lambda seconds: None)


def reply(content: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content


@pytest.mark.loopback
def test_a_lost_response_is_requested_again() -> None:
    with server(b"", b"HTTP/1.1 200 OK\r\nContent-Le", reply(b'{"Item":{}}')) as url:
        assert wire(url).call("GetItem", {}) == {"Item": {}}


@pytest.mark.loopback
def test_a_failed_condition_is_requested_once_and_returns_the_item() -> None:
    refusal = b'{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","Item":{"pk":{"S":"a"}}}'
    with server(reply(refusal, "400 Bad Request")) as url, pytest.raises(ClientError) as error:
        wire(url).call("UpdateItem", {})
    assert error.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert error.value.response["Item"] == {"pk": {"S": "a"}}  # type: ignore[typeddict-item]


@pytest.mark.loopback
def test_it_gives_up_after_a_few_tries() -> None:
    with server(*[b""] * TRIES) as url, pytest.raises(ClientError, match="ConnectionError"):
        wire(url).call("GetItem", {})
