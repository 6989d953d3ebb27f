"""A company's website with a form, and the API with the production handler behind it, each on a port of this machine.

Unlike API Gateway, the API can be made to fail: `faults` says what happens to the next posts, one entry each.
"""

import http.server
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from sodate.dynamodb import keys

from tests.functions.quick import QuickWorld

Json = dict[str, Any]
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
Answer = tuple[int, Json, bytes]
#: The connection is cut before (`LOST`) or after (`UNANSWERED`) the post was handled.
LOST, UNANSWERED = "lost", "unanswered"
#: As API Gateway refuses by its throttle: without the headers that let a page read it.
THROTTLED: Answer = (429, {"content-type": "application/json"}, b'{"message":"Too Many Requests"}')


class FormSite:
    """`posts`: bodies as they arrived, also those that failed. `pages`: path → content of the website.

    `tokens`: those that the API gave out with the definition of the form, oldest first.
    """

    def __init__(self, world: QuickWorld, **changes: Any) -> None:
        self.world, self.lock, self.began = world, threading.Lock(), (time.monotonic(), world.now)
        self.faults: list[str | float | Answer] = []
        self.posts: list[Json] = []
        self.preflights: list[str] = []
        self.tokens: list[str] = []
        self.pages: dict[str, bytes] = {}
        self.is_down = False
        self.servers = [_serve(self._api), _serve(self._site)]
        self.api, self.url = (f"http://127.0.0.1:{server.server_port}" for server in self.servers)
        self.publish(**{"origins": [self.url], **changes})
        for name in ("form.html", "sodate-form.js"):
            self.pages[f"/{name}"] = (EXAMPLES / name).read_text().replace("API/", f"{self.api}/").encode()

    def publish(self, form: str = "request-materials", **changes: Any) -> None:
        definitions = self.world.app.definitions
        body = definitions.live("form", form).body
        definitions.publish("form", form, {**body, **changes}, self.world.now)
        self.world.new_process()

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()

    def stored(self) -> list[Json]:
        """Each accepted post with its id and its answers."""
        return [post for post in self._submissions() if post.get("suspicion") is None]

    def quarantined(self) -> list[Json]:
        """Each doubtful post: its sender read a success, and nobody became a lead."""
        return [post for post in self._submissions() if post.get("suspicion") is not None]

    def _submissions(self) -> list[Json]:
        with self.lock:
            items = self.world.items("submission")
        return [
            {**item, "id": item["sk"].removeprefix(keys.SUBMISSIONS), "answers": json.loads(item["answers"])}
            for item in items
        ]

    def busy(self, seconds: int) -> Answer:
        """503 as the function answers it."""
        headers = {"retry-after": str(seconds), "access-control-allow-origin": self.url}
        return 503, {**headers, "access-control-expose-headers": "retry-after"}, b'{"error":{"code":"busy"}}'

    def answers(self, status: int, body: bytes, kind: str = "application/json") -> Answer:
        """What somebody between the page and the API answers: a proxy, a content delivery network."""
        return status, {"content-type": kind, "access-control-allow-origin": self.url}, body

    def _api(self, method: str, path: str, headers: Json, body: str) -> Answer | None:
        fault: str | float | Answer | None = LOST if self.is_down else None
        if method == "POST" and not self.is_down:
            self.posts.append(json.loads(body) if body.startswith("{") else {"body": body})
            fault = self.faults.pop(0) if self.faults else None
        if method == "OPTIONS":
            self.preflights.append(path)
        if fault == LOST:
            return None
        if isinstance(fault, float):
            time.sleep(fault)
        if isinstance(fault, tuple):
            return fault
        post = path.endswith("/submissions")
        route = f"{method} /forms/{{form_id}}{'/submissions' if post else ''}"
        event = self.world.http_event(route, {"form_id": path.split("/")[2]}, headers, body or None, False)
        with self.lock:
            self.world.now = self.began[1] + timedelta(seconds=time.monotonic() - self.began[0])
            answer = self.world.call("form_capture", event)
        if method == "GET" and answer["statusCode"] == 200:
            self.tokens.append(json.loads(answer["body"])["_token"])
        return None if fault == UNANSWERED else (answer["statusCode"], answer["headers"], answer["body"].encode())

    def _site(self, _: str, path: str, __: Json, ___: str) -> Answer:
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        return 200, {"content-type": f"{kind}; charset=utf-8"}, self.pages.get(path, b"<h1>Thanks</h1>")


def _serve(answer: Callable[[str, str, Json, str], Answer | None]) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            given = answer(self.command, self.path.split("?")[0], headers, body)
            with suppress(OSError):  # the browser left the page
                if given is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(given[0])
                for name, value in given[1].items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(given[2])))
                self.end_headers()
                self.wfile.write(given[2])

        do_GET = do_POST = do_OPTIONS = _answer

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
