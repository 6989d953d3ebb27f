"""Status, down and the lock of `up`, on pid files of real processes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from sodate.playbook.problem import PlaybookInvalid
from sodate_cli.local import process
from sodate_cli.local.stack import Busy, Local
from sodate_cli.local.stage import NotRunning

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    one = Local(tmp_path, lambda text: nullcontext())
    one.folder.root.mkdir()
    yield one
    one.down()


def test_with_nothing_there_it_is_down(local: Local) -> None:
    status = local.status()
    assert status["state"] == "down"
    assert status["endpoints"] is None
    assert local.down() == []


@pytest.mark.loopback
def test_a_child_that_lives_but_does_not_answer_is_broken(local: Local) -> None:
    process.start(local.folder, "ministack", process.free_port(0), SLEEPER, os.environ)
    status = local.status()
    assert status["state"] == "broken"
    assert status["parts"]["ministack"]["alive"]
    assert not status["parts"]["ministack"]["answers"]


def test_endpoints_without_processes_are_broken_not_up(local: Local) -> None:
    local.folder.write_endpoints({"api": "x"})
    assert local.status()["state"] == "broken"


def test_down_stops_its_own_children_and_forgets_them(local: Local) -> None:
    child = process.start(local.folder, "server", 1, SLEEPER, os.environ)
    local.folder.write_endpoints({"api": "x"})
    assert local.down() == ["server"]
    assert not child.alive
    assert not local.folder.pid_file("server").exists()
    assert not local.folder.endpoints_file.exists()


def test_down_does_not_end_a_stranger_who_got_the_number(local: Local) -> None:
    stranger = subprocess.Popen(SLEEPER)
    document = {"pid": stranger.pid, "started": "long ago", "port": 1}
    local.folder.pid_file("ministack").write_text(json.dumps(document))
    assert local.down() == []
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_two_ups_at_once_are_refused(local: Local) -> None:
    other = Local(local.repository, lambda text: nullcontext())
    with other._alone(), pytest.raises(Busy):
        local.up(None)
    with pytest.raises(NotRunning):
        local.up(None)


def test_without_ministack_up_says_how_to_install_it_and_leaves_nothing_running(local: Local) -> None:
    with pytest.raises(NotRunning, match="make venv"):
        local.up(None)
    assert local.status()["state"] == "down"


FAKE_MINISTACK = """#!{python}
import http.server, os
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["GATEWAY_PORT"])), Health).serve_forever()
"""


@pytest.mark.loopback
def test_an_up_that_fails_on_the_way_ends_what_it_had_started(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = local.repository / ".venv-ministack" / "bin" / "python"
    fake.parent.mkdir(parents=True)
    fake.write_text(FAKE_MINISTACK.format(python=sys.executable))
    fake.chmod(0o755)
    started = []
    start = process.start
    monkeypatch.setattr(process, "start", lambda *words: started.append(start(*words)) or started[-1])
    with pytest.raises(PlaybookInvalid):
        local.up(local.repository / "no-such-playbook")
    assert [child.name for child in started] == ["ministack", "server"]
    assert not any(child.alive for child in started)
    assert local.status()["state"] == "down"


def test_a_fresh_start_removes_what_the_last_one_left(local: Local) -> None:
    (local.folder.root / "mail.jsonl").write_text("old")
    (local.folder.root / "clock.json").write_text('{"offset_seconds": 99}')
    (local.folder.root / "tmp").mkdir()
    with pytest.raises(NotRunning):
        local.up(None)
    assert [path.name for path in local.folder.root.iterdir()] == ["up.lock"]


def test_damaged_endpoints_count_as_none(local: Local) -> None:
    local.folder.endpoints_file.write_text("{")
    assert local.status()["endpoints"] is None
