"""Tests outside `tests/e2e` run without sockets, without credentials and with nothing of this machine's set-up."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

from tests.support.personal_data_in_logs import leaks

REGION = "ap-northeast-1"


@pytest.fixture(autouse=True)
def no_sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """`e2e` needs the local cloud; `loopback` tests talk to a server they started themselves."""
    if request.node.get_closest_marker("e2e") or request.node.get_closest_marker("loopback"):
        enable_socket()
    else:
        disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(autouse=True)
def clean_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("e2e"):
        return
    for name in list(os.environ):
        if name.startswith(("AWS_", "SODATE_", "POWERTOOLS_", "LC_", "LANG")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "test")


@pytest.fixture
def root() -> Path:
    return Path(__file__).parent.parent


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test whose functions logged personal data fails, whatever it is about. `-s` switches the search off."""
    report = yield
    written = [text for name, text in report.sections if name == f"Captured stdout {report.when}"]
    found = leaks("\n".join(written)) if report.passed else []
    if found and not item.get_closest_marker("e2e"):
        report.outcome = "failed"
        report.longrepr = "personal data in the log: " + "\n".join(dict.fromkeys(found))
    return report
