"""Child processes that outlive the command, and the certainty that a pid is still ours before we end it.

A pid file alone proves nothing: the process may be gone and its number given to somebody else. So the file also holds
when that process started, and nothing is signalled unless the running process started at that very moment.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sodate_cli.local.folder import LocalFolder

LOOPBACK = "127.0.0.1"


class NotStarted(RuntimeError):
    """A child ended before it answered; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process that this command line started, now or earlier."""

    name: str
    pid: int
    started: str
    port: int

    @property
    def alive(self) -> bool:
        return birth_of(self.pid) == self.started

    def stop(self, patience: float = 8.0) -> bool:
        """End the process and what it started; False when it was not ours (any more)."""
        if not self.alive:
            return False
        for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 2.0)):
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
            deadline = time.monotonic() + wait
            while self.alive and time.monotonic() < deadline:
                _reap(self.pid)
                time.sleep(0.05)
            if not self.alive:
                break
        # What it started may have outlived it; the group's number cannot be reused while one of them lives.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        return True


def birth_of(pid: int) -> str | None:
    """When a process started, as an opaque text; None when it is not running (a zombie is not)."""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] == "Z" else f"{_boot_id()}:{fields[19]}"
    if Path("/proc/self/stat").exists():
        return None
    asked = subprocess.run(["ps", "-o", "lstart=,stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    text = asked.stdout.strip()
    return None if not text or text.split()[-1].startswith("Z") else text.rpartition(" ")[0]


def _boot_id() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def start(folder: LocalFolder, name: str, port: int, command: Sequence[str], env: Mapping[str, str]) -> Child:
    """Start `command` in a session of its own, so that Ctrl-C in this terminal does not reach it."""
    with folder.log_file(name).open("ab") as log:
        process = subprocess.Popen(
            list(command),
            env=dict(env),
            cwd=folder.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    child = Child(name, process.pid, birth_of(process.pid) or "", port)
    document = {"pid": child.pid, "started": child.started, "port": port}
    folder.pid_file(name).write_text(json.dumps(document))
    return child


def find(folder: LocalFolder, name: str) -> Child | None:
    """The child of this name as its pid file describes it, dead or alive; None without a readable file."""
    try:
        document = json.loads(folder.pid_file(name).read_text())
        return Child(name, int(document["pid"]), str(document["started"]), int(document["port"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def forget(folder: LocalFolder, name: str) -> None:
    folder.pid_file(name).unlink(missing_ok=True)


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now, and nobody on another interface has it either."""
    for host in (LOOPBACK, "0.0.0.0"):  # noqa: S104 - asked, never served
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def free_port(preferred: int) -> int:
    """`preferred` if it is free, otherwise any."""
    if is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def last_lines(path: Path, count: int = 12) -> str:
    with suppress(OSError):
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    return ""
