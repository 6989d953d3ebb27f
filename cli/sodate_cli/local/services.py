"""How the two long-running children are started and asked for their health: MiniStack and our own server."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from sodate.messages import Message

from sodate_cli.local import process
from sodate_cli.local.folder import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, LocalFolder
from sodate_cli.local.process import Child, NotStarted

MINISTACK = "ministack"
SERVER = "server"
MINISTACK_PORT = 4566
SERVER_PORT = 8025


def start_ministack(folder: LocalFolder, python: Path, port: int = MINISTACK_PORT) -> Child:
    """MiniStack, run by its own Python, with enforced IAM, on loopback, and nothing of this shell's settings but paths.

    Functions run as its children and inherit what it sees, so the operator's own credentials must not be there.
    """
    scratch = folder.root / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    env = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ},
        "AUTH": "true",
        "BIND_HOST": process.LOOPBACK,
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "INFO",
        "SODATE_CLOCK_FILE": str(folder.clock_file),
        "TMPDIR": str(scratch),
        "PYTHONUNBUFFERED": "1",
    }
    program = [str(python), str(Path(__file__).with_name("ministack_entry.py"))]
    return _started(
        folder, MINISTACK, port, lambda chosen: (program, env | {"GATEWAY_PORT": str(chosen)}), "/_ministack/health"
    )


def start_server(folder: LocalFolder, port: int = SERVER_PORT) -> Child:
    """Our own server: SES, mailbox, control API and sink."""
    # PYTHONPATH: the code of this command, in a checkout that is not the installed one.
    names = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH")
    env = {name: os.environ[name] for name in names if name in os.environ}

    def command(chosen: int) -> tuple[list[str], dict[str, str]]:
        program = [sys.executable, "-m", "sodate_cli.local.server", "--port", str(chosen), "--state", str(folder.root)]
        return program, env | {"AWS_EC2_METADATA_DISABLED": "true"}

    return _started(folder, SERVER, port, command, "/control/health")


Command = Callable[[int], tuple[list[str], dict[str, str]]]


def _started(folder: LocalFolder, name: str, port: int, command: Command, health: str) -> Child:
    """Start on `port` or, when somebody else takes it, on another; return once it answers."""
    for attempt in range(3):
        chosen = process.free_port(port) if attempt == 0 else process.free_port(0)
        program, env = command(chosen)
        child = process.start(folder, name, chosen, program, env)
        try:
            if wait_for(child, health):
                return child
        except BaseException:
            child.stop()
            raise
        child.stop()
        if not process.is_free(chosen):
            continue
        break
    raise NotStarted(
        Message(
            "{service} did not start; the end of {log}:\n{lines}",
            service=name,
            log=folder.log_file(name),
            lines=process.last_lines(folder.log_file(name)),
        )
    )


def wait_for(child: Child, path: str, patience: float = 60.0) -> bool:
    """True as soon as the child answers; False when it ends first or takes too long."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and child.alive:
        if answers(child.port, path):
            return child.alive
        time.sleep(0.05)
    return False


def answers(port: int, path: str) -> bool:
    with suppress(OSError, HTTPException):
        return get(port, path)[0] == 200
    return False


def get(port: int, path: str, timeout: float = 5.0) -> tuple[int, bytes]:
    return call(port, "GET", path, timeout=timeout)


def call(
    port: int, method: str, path: str, document: Mapping[str, Any] | None = None, timeout: float = 30.0
) -> tuple[int, bytes]:
    """One request to a loopback port; raises OSError when nobody answers."""
    connection = HTTPConnection(process.LOOPBACK, port, timeout=timeout)
    try:
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
