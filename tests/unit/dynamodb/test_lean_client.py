"""The lean client against a real HTTP server: signed, persistent connection, safe retries, errors as botocore's."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from sodate.dynamodb.lean_client import TRIES, LeanClient

pytestmark = pytest.mark.loopback


class DynamoDb(ThreadingHTTPServer):
    """Sends the responses of `answers` in order, the last one repeatedly; None closes the connection without one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, dict[str, Any]] | None] = [(200, {})]
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.connections = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: DynamoDb

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if answer is None:
            self.close_connection = True
            self.connection.close()
            return
        content = json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[DynamoDb]:
    with DynamoDb() as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()


@pytest.fixture
def wire(server: DynamoDb) -> LeanClient:
    credentials = Credentials("AKIDEXAMPLE", "secret", "a-session-token")
    return LeanClient(f"http://127.0.0.1:{server.server_port}", "ap-northeast-1", lambda: credentials, lambda _: None)


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "why", **more}


def test_calls_are_signed_and_share_a_connection(server: DynamoDb, wire: LeanClient) -> None:
    server.answers = [(200, {"Item": {"pk": {"S": "鈴木"}}})]
    for _ in range(3):
        assert wire.call("GetItem", {"TableName": "t", "Key": {"pk": {"S": "鈴木"}}}) == server.answers[0][1]  # type: ignore[index]
    headers, body = server.asked[-1]
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/ap-northeast-1/dynamodb/aws4_request" in headers["authorization"]
    assert (headers["x-amz-target"], headers["x-amz-security-token"]) == (
        "DynamoDB_20120810.GetItem",
        "a-session-token",
    )
    assert body["Key"] == {"pk": {"S": "鈴木"}}
    assert server.connections == 1


def test_a_failed_condition_is_raised_at_once_with_the_item(server: DynamoDb, wire: LeanClient) -> None:
    server.answers = [(400, error("ConditionalCheckFailedException", Item={"pk": {"S": "a"}}))]
    with pytest.raises(ClientError) as caught:
        wire.call("UpdateItem", {})
    assert caught.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert caught.value.response["Item"] == {"pk": {"S": "a"}}  # type: ignore[typeddict-item]
    assert len(server.asked) == 1


@pytest.mark.parametrize("trouble", [(400, error("ThrottlingException")), (500, error("InternalServerError")), None])
def test_a_transient_error_is_retried(server: DynamoDb, wire: LeanClient, trouble: Any) -> None:
    server.answers = [trouble, trouble, (200, {"ok": True})]
    assert wire.call("PutItem", {}) == {"ok": True}
    assert len(server.asked) == 3


@pytest.mark.parametrize("trouble", [(400, error("ThrottlingException")), (503, {}), None])
def test_a_lasting_error_is_raised_after_the_last_attempt(server: DynamoDb, wire: LeanClient, trouble: Any) -> None:
    server.answers = [trouble]
    with pytest.raises(ClientError):
        wire.call("PutItem", {})
    assert len(server.asked) == TRIES
    server.answers = [(200, {})]
    assert wire.call("PutItem", {}) == {}
