"""A few lines of HTTP for the local cloud's own servers: values in, values out, standard library only.

Only programs and browsers of this machine are served: the socket is bound to loopback, the Host header must say so
(a page of some site could otherwise reach us by pointing its own name here), and a browser's POST must come from our
own pages.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
_MAX_BODY = 11 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is undecoded and without the query; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object. Raises ValueError for anything else."""
        document = json.loads(self.body or b"{}")
        if not isinstance(document, dict):
            raise ValueError("a JSON object is required")
        return document

    def form(self) -> dict[str, str]:
        """The body of a urlencoded form; the last of repeated fields wins."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class NoAnswer(Exception):
    """The connection is to be closed without a response, after `pause` seconds."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(f"no answer after {pause} s")
        self.pause = pause


def json_response(document: Any, status: int = 200) -> Response:
    body = json.dumps(document, ensure_ascii=False, default=str).encode()
    return Response(status, body, {"Content-Type": "application/json; charset=utf-8"})


Handler = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern` is a path with `{name}` parts, which the handler receives as keyword arguments, decoded."""

    method: str
    pattern: str
    handler: Handler

    def match(self, request: Request) -> dict[str, str] | None:
        if request.method != self.method:
            return None
        expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.pattern))
        found = re.fullmatch(expression, request.path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


@dataclass(frozen=True, slots=True)
class Router:
    """First match wins."""

    routes: Sequence[Route]

    def answer(self, request: Request) -> Response:
        if not is_local(request):
            return json_response({"error": "only pages and programs of this machine are served"}, 403)
        for route in self.routes:
            arguments = route.match(request)
            if arguments is not None:
                return route.handler(request, **arguments)
        return json_response({"error": f"no such address: {request.method} {request.path}"}, 404)


def is_local(request: Request) -> bool:
    """Whether the request was addressed to this machine by one of its own pages or programs."""
    host = re.sub(r":\d+$", "", request.headers.get("host", ""))
    origin = request.headers.get("origin")
    from_us = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    return host in _LOCAL_NAMES and (request.method in ("GET", "HEAD") or from_us)


def serve(router: Router, port: int) -> ThreadingHTTPServer:
    """A bound, not yet running server; port 0 takes a free one."""

    class _Handler(_RouterHandler):
        routes = router

    return _Server((LOOPBACK, port), _Handler)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Many functions send at once; the default of 5 makes them wait for a retry of TCP.
    request_queue_size = 128


class _RouterHandler(BaseHTTPRequestHandler):
    routes: Router
    protocol_version = "HTTP/1.1"
    server_version = "SodateLocal"
    timeout = 120

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY:
            return self._send(Response(413))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qs(parts.query, keep_blank_values=True)
        request = Request(self.command, parts.path, query, headers, self.rfile.read(length))
        try:
            return self._send(self.routes.answer(request))
        except NoAnswer as silence:
            self._stay_silent(silence.pause)
        except (ValueError, KeyError) as error:
            return self._send(json_response({"error": str(error)}, 400))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _stay_silent(self, pause: float) -> None:
        """Wait for the caller to give up, or `pause` seconds, then close: no byte of an answer leaves this socket."""
        self.connection.settimeout(pause or 0.001)
        with suppress(OSError):
            self.connection.recv(1)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        _log.info(format, *args)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve
