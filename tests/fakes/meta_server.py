"""A server on this machine that plays Meta's Conversions API: it refuses a whole request for one bad event."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

Answer = tuple[int, object]
#: As a status: nothing comes back until the test is over.
HANGS = -1


@dataclass
class MetaServer:
    """`bad`: event ids that it refuses. `answers`: what it says first, one per request, before it judges by itself."""

    bad: set[str] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    token: str = "secret-token"
    requests: list[tuple[str, list[str]]] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    endpoint: str = ""

    def answer(self, path: str, document: dict[str, Any]) -> Answer:
        events = [event["event_id"] for event in document["data"]]
        self.requests.append((path, events))
        if self.answers:
            return self.answers.pop(0)
        if document["access_token"] != self.token:
            return 400, error(190, 463)
        if self.bad.intersection(events):
            return 400, error(100, 2804003)
        self.accepted += events
        return 200, {"events_received": len(events), "messages": [], "fbtrace_id": "A1"}


def error(code: int, subcode: int = 0, *, is_transient: bool = False) -> dict[str, Any]:
    text = {"message": "taro@example.jp is wrong", "type": "OAuthException", "fbtrace_id": "A1"}
    return {"error": {**text, "code": code, "error_subcode": subcode, "is_transient": is_transient}}


@contextmanager
def meta_server(bad: Sequence[str] = (), answers: Sequence[Answer] = ()) -> Iterator[MetaServer]:
    fake = MetaServer(set(bad), list(answers))

    over = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            status, body = fake.answer(self.path, json.loads(self.rfile.read(length)))
            if status == HANGS:
                over.wait(30)
            if status <= 0:
                self.connection.close()  # nothing comes back
                return
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
