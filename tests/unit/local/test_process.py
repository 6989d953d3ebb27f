"""Children: found again, ended with what they started, and never mistaken for somebody else's process."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sodate_cli.local import process
from sodate_cli.local.folder import LocalFolder
from sodate_cli.local.process import Child

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(p.pid, flush=True); time.sleep(60)",
]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
]


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    innocent = subprocess.Popen(SLEEPER)
    yield innocent
    innocent.kill()
    innocent.wait()


def until_log_says(folder: LocalFolder, name: str) -> str:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        text = folder.log_file(name).read_text().strip()
        if text:
            return text
        time.sleep(0.01)
    raise AssertionError("the child said nothing")


def test_a_child_is_found_again_by_its_pid_file_and_can_be_stopped(folder: LocalFolder) -> None:
    started = process.start(folder, "a", 1234, SLEEPER, os.environ)
    found = process.find(folder, "a")
    assert found == started
    assert found.alive
    assert found.stop()
    assert not found.alive
    assert not found.stop()


def test_a_child_lives_in_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(folder: LocalFolder) -> None:
    child = process.start(folder, "a", 1234, SLEEPER, os.environ)
    assert os.getsid(child.pid) == child.pid != os.getsid(0)
    child.stop()


def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(
    folder: LocalFolder, bystander: subprocess.Popen[bytes]
) -> None:
    document = {"pid": bystander.pid, "started": "another boot:12", "port": 4566}
    folder.pid_file("a").write_text(json.dumps(document))
    child = process.find(folder, "a")
    assert child is not None
    assert not child.alive
    assert not child.stop()
    assert bystander.poll() is None


@pytest.mark.parametrize("content", ["", "123", "{}", '{"pid": "x", "started": "y", "port": 1}', "[]"])
def test_a_damaged_pid_file_means_no_child(folder: LocalFolder, content: str) -> None:
    folder.pid_file("a").write_text(content)
    assert process.find(folder, "a") is None


def test_stopping_a_child_stops_what_it_started(folder: LocalFolder) -> None:
    child = process.start(folder, "a", 1234, PARENT, os.environ)
    grandchild = int(until_log_says(folder, "a"))
    assert process.birth_of(grandchild)
    child.stop()
    deadline = time.monotonic() + 5
    while process.birth_of(grandchild) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.birth_of(grandchild) is None


def test_a_child_that_ignores_the_polite_signal_is_ended_anyway(folder: LocalFolder) -> None:
    child = process.start(folder, "a", 1234, STUBBORN, os.environ)
    until_log_says(folder, "a")
    assert child.stop(patience=0.1)
    assert not child.alive


def test_an_ended_child_that_nobody_waited_for_is_not_alive(folder: LocalFolder) -> None:
    # It outlives `start`: the finalizer of Popen waits for a child that has ended by then.
    outlives_start = "import time; time.sleep(0.5)"
    child = process.start(folder, "a", 1234, [sys.executable, "-c", outlives_start], os.environ)
    deadline = time.monotonic() + 10
    while child.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert Path(f"/proc/{child.pid}").exists() or not Path("/proc").exists()
    assert not child.alive


def test_a_process_keeps_its_birth_and_a_missing_one_has_none(bystander: subprocess.Popen[bytes]) -> None:
    assert process.birth_of(bystander.pid) == process.birth_of(bystander.pid)
    assert process.birth_of(bystander.pid) != process.birth_of(os.getpid())
    assert process.birth_of(2**22 + 1) is None
    assert Child("a", bystander.pid, "", 1).alive is False


@pytest.mark.loopback
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - the port check must see it
def test_a_port_that_somebody_listens_on_is_not_taken(host: str) -> None:
    with socket.socket() as other:
        other.bind((host, 0))
        other.listen()
        busy = other.getsockname()[1]
        assert not process.is_free(busy)
        assert process.free_port(busy) not in (busy, 0)
    assert process.is_free(busy)
    assert process.free_port(busy) == busy
