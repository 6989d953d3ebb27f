"""Up, down and status of the local cloud.

MiniStack keeps its state in memory, so a dead MiniStack means a fresh start; a dead server of ours is simply started
again on its port, because its mail is in a journal and the deployed functions know that port.
"""

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sodate_cli.local import deploy, process, services
from sodate_cli.local.clock import ShiftedClock
from sodate_cli.local.folder import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, STAGE, LocalFolder
from sodate_cli.local.process import Child
from sodate_cli.local.services import MINISTACK, SERVER

# Senders of the samples; on the local stage they count as verified.
IDENTITIES = ("example.jp", "example.co.jp", "example.com")
_HEALTHY_WITHIN = 60.0
_KEPT_BETWEEN_RUNS = ("up.lock",)

Step = Callable[[str], Any]


class NotRunning(RuntimeError):
    """The local cloud, or a part of it, is not there."""


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
            raise NotRunning("MiniStack is not installed: run `make venv`")
        with self._timed("start MiniStack"):
            ministack = services.start_ministack(self.folder, python)
        with self._timed("start mailbox and sink"):
            server = services.start_server(self.folder)
        aws = f"http://{process.LOOPBACK}:{ministack.port}"
        context = {
            "public_base": f"http://localhost:{ministack.port}",
            "ses_endpoint": f"http://{process.LOOPBACK}:{server.port}",
            "clock_file": str(self.folder.clock_file),
        }
        with self._timed("deploy the CDK app"):
            outputs = deploy.deploy(self.folder, self.repository, aws, context)
        endpoints = _endpoints(aws, server, outputs, self.folder)
        self._teach(server, endpoints)
        if playbook is not None:
            with self._timed(f"apply {playbook.name}"):
                self._apply(playbook, endpoints)
        with self._timed("wait until the API answers"):
            self._warm(endpoints)
            self._wait_for_api(endpoints["api"], ministack)
        self.folder.write_endpoints(endpoints)
        return endpoints

    def _teach(self, server: Child, endpoints: Mapping[str, Any]) -> None:
        """Tell our server about the stage: whom to publish to, whom to believe."""
        secrets = deploy.client("secretsmanager", endpoints["aws"])
        webhook = deploy.secret_of(secrets, f"sodate-{STAGE}/webhook")
        stage = {
            "aws": endpoints["aws"],
            "region": REGION,
            "credentials": {"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY},
            "topic": endpoints["topic"],
            "identities": IDENTITIES,
            "configuration_sets": [endpoints["configuration_set"]],
            "webhook_secret": webhook.get("key"),
        }
        status, body = services.call(server.port, "POST", "/control/stage", stage)
        if status != 200:
            raise NotRunning(f"the mailbox refused the stage: {body.decode()}")

    def _apply(self, playbook: Path, endpoints: dict[str, Any]) -> None:
        from sodate_cli.playbook.apply import apply_directory
        from sodate_cli.target import connect

        self.folder.write_endpoints(endpoints)
        try:
            connect(STAGE, endpoints_file=self.folder.endpoints_file)
        finally:
            self.folder.endpoints_file.unlink(missing_ok=True)
        overrides = {"sales.webhook.url": f"{endpoints['sink']}/sales"}
        apply_directory(playbook, now=datetime.now(UTC), overrides=overrides)

    def _warm(self, endpoints: Mapping[str, Any]) -> None:
        """Start one worker of each queue and stream function now, so that the first lead does not wait for them."""
        functions = deploy.client("lambda", endpoints["aws"])
        for name in ("EmailEvents", "Scoring", "EventPublisher", "MailSender"):
            functions.invoke(
                FunctionName=endpoints["functions"][name], InvocationType="Event", Payload=b'{"Records":[]}'
            )

    def _wait_for_api(self, api: str, ministack: Child) -> None:
        """Any answer of our own code will do; 502 is MiniStack saying that the function does not start."""
        path = "/" + api.split("/", 3)[3] + "/forms/none"
        deadline = time.monotonic() + _HEALTHY_WITHIN
        last: tuple[int, bytes] = (0, b"")
        while time.monotonic() < deadline and ministack.alive:
            with suppress(OSError):
                last = services.get(ministack.port, path, timeout=30)
                if 200 <= last[0] < 500:
                    return
            time.sleep(0.2)
        raise NotRunning(f"the API does not answer: {last[0]} {last[1].decode(errors='replace')[:400]}")

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
                raise Busy("another `sodate local up` is starting it right now") from None
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


def _endpoints(aws: str, server: Child, outputs: Mapping[str, str], folder: LocalFolder) -> dict[str, Any]:
    """What other programs read; DESIGN §8 names the first six."""
    base = f"http://localhost:{server.port}"
    return {
        "api": outputs["ApiUrl"],
        "mailbox": base,
        "aws": aws,
        "region": REGION,
        "table": outputs["TableName"],
        "bus": outputs["BusName"],
        "sink": f"{base}/sink",
        "control": f"{base}/control",
        "access_key_id": ACCESS_KEY_ID,
        "secret_access_key": SECRET_ACCESS_KEY,
        "clock_file": str(folder.clock_file),
        "send_queue": outputs["SendQueueUrl"],
        "topic": outputs["EventsTopicArn"],
        "configuration_set": outputs["ConfigurationSet"],
        "functions": _with_prefix(outputs, "Function"),
        "dead_letters": {name.removesuffix("Url"): url for name, url in _with_prefix(outputs, "Dlq").items()},
    }


def _with_prefix(outputs: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in outputs.items() if name.startswith(prefix)}
