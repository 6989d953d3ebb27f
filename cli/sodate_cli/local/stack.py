"""Up, down and status of the local cloud.

MiniStack keeps its state in memory, so a dead MiniStack means a fresh start; a dead server of ours is simply started
again on its port, because its mail is in a journal and the deployed functions know that port.
"""

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sodate.messages import Message

from sodate_cli.local import deploy, process, services, stage
from sodate_cli.local.clock import ShiftedClock
from sodate_cli.local.folder import LocalFolder
from sodate_cli.local.process import Child
from sodate_cli.local.services import MINISTACK, SERVER
from sodate_cli.local.stage import NotRunning

_KEPT_BETWEEN_RUNS = ("up.lock",)

Step = Callable[[str], Any]


class Busy(RuntimeError):
    """Another `sodate local up` is at work."""


@dataclass(slots=True)
class Local:
    """The local cloud of one checkout. `step(text)` is a context manager that shows progress."""

    repository: Path
    step: Step
    folder: LocalFolder = field(init=False)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = LocalFolder.of(self.repository)

    def status(self) -> dict[str, Any]:
        """What runs, what answers, and where; `state` is up, broken or down."""
        children = {name: process.find(self.folder, name) for name in (MINISTACK, SERVER)}
        parts = {name: _describe(child) for name, child in children.items()}
        endpoints = self.folder.endpoints()
        healthy = all(part["answers"] for part in parts.values())
        if not endpoints and not any(part["alive"] for part in parts.values()):
            state = "down"
        else:
            state = "up" if endpoints and healthy else "broken"
        clock = ShiftedClock(self.folder.clock_file)
        return {
            "state": state,
            "parts": parts,
            "clock": clock().isoformat(timespec="seconds"),
            "ahead_seconds": int(clock.offset().total_seconds()),
            "endpoints": endpoints,
        }

    def up(self, playbook: Path | None) -> tuple[dict[str, Any], str]:
        """The endpoints, and what was done: already running, repaired or started."""
        self.folder.root.mkdir(exist_ok=True)
        with self._alone():
            status = self.status()
            if status["state"] == "up":
                return status["endpoints"], "already running"
            if status["endpoints"] and status["parts"][MINISTACK]["answers"] and self._restart_server(status):
                return status["endpoints"], "repaired"
            return self._start_fresh(playbook), "started"

    def down(self) -> list[str]:
        """Stop what this folder's pid files prove to be ours; the names of what was stopped."""
        stopped = []
        for name in (SERVER, MINISTACK):
            child = process.find(self.folder, name)
            if child is not None and child.stop():
                stopped.append(name)
            process.forget(self.folder, name)
        self.folder.endpoints_file.unlink(missing_ok=True)
        return stopped

    def _restart_server(self, status: Mapping[str, Any]) -> bool:
        """Start our server again on the port that the functions know; False when somebody else has that port."""
        child = process.find(self.folder, SERVER)
        if child is not None:
            child.stop()
        port = int(status["endpoints"]["mailbox"].rpartition(":")[2])
        if not process.is_free(port):
            return False
        with self._timed("start the mailbox again"):
            return services.start_server(self.folder, port).port == port

    def _start_fresh(self, playbook: Path | None) -> dict[str, Any]:
        self.down()
        self._clean()
        try:
            return self._start_all(playbook)
        except BaseException:
            # Whatever ended this, Ctrl-C included: leave nothing behind that is half a cloud.
            self.down()
            raise

    def _start_all(self, playbook: Path | None) -> dict[str, Any]:
        python = self.repository / ".venv-ministack" / "bin" / "python"
        if not python.exists():
            raise NotRunning(Message("MiniStack is not installed: run `make venv`"))
        with self._timed("start MiniStack"):
            ministack = services.start_ministack(self.folder, python)
        with self._timed("start mailbox and sink"):
            server = services.start_server(self.folder)
        # Before the long part: a playbook with a mistake should be told at once.
        checked = stage.check_playbook(playbook, server) if playbook is not None else None
        aws = f"http://{process.LOOPBACK}:{ministack.port}"
        context = {
            "public_base": f"http://localhost:{ministack.port}",
            "ses_endpoint": f"http://{process.LOOPBACK}:{server.port}",
            "clock_file": str(self.folder.clock_file),
        }
        with self._timed("deploy the CDK app"):
            outputs = deploy.deploy(self.folder, self.repository, aws, context)
        endpoints = stage.endpoints_of(aws, server, outputs, self.folder)
        stage.teach(server, endpoints)
        if checked is not None:
            with self._timed("publish the playbook"):
                stage.publish_playbook(self.folder, checked, endpoints)
        with self._timed("wait until the API answers"):
            stage.warm(endpoints)
            stage.wait_for_api(endpoints["api"], ministack)
        self.folder.write_endpoints(endpoints)
        return endpoints

    @contextmanager
    def _timed(self, text: str) -> Iterator[None]:
        began = time.monotonic()
        with self.step(text):
            yield
        self.seconds[text] = round(time.monotonic() - began, 2)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up` at a time; the lock goes with the process, so a killed one leaves none."""
        with (self.folder.root / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(Message("another `sodate local up` is starting it right now; wait for it to end")) from None
            yield

    def _clean(self) -> None:
        for path in self.folder.root.iterdir():
            if path.name in _KEPT_BETWEEN_RUNS:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _describe(child: Child | None) -> dict[str, Any]:
    if child is None:
        return {"alive": False, "answers": False, "pid": None, "port": None}
    health = "/_ministack/health" if child.name == MINISTACK else "/control/health"
    alive = child.alive
    return {
        "alive": alive,
        "answers": alive and services.answers(child.port, health),
        "pid": child.pid,
        "port": child.port,
    }
