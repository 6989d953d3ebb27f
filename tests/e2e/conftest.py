"""One local cloud for the whole session, in a folder of its own: a developer's running one is not touched."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from sodate_cli.demo.play import Player

http = urllib3.PoolManager(retries=False, timeout=60)


@dataclass(frozen=True)
class Cloud:
    """The local stage as its users see it: the command line, HTTP, and boto3 for what ops would look at."""

    endpoints: dict[str, Any]

    @property
    def player(self) -> Player:
        return Player(self.endpoints["api"], self.endpoints["control"])

    def sodate(self, *words: str, ok: bool = True) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "sodate_cli.main", *words, "--json"], capture_output=True, text=True, check=False
        )
        assert (done.returncode == 0) == ok, f"sodate {' '.join(words)}: {done.returncode}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout else None

    def post(self, body: dict[str, Any], form: str = "request-materials", **headers: str) -> urllib3.BaseHTTPResponse:
        url = f"{self.endpoints['api']}/forms/{form}/submissions"
        return http.request(
            "POST", url, body=json.dumps(body).encode(), headers={"content-type": "application/json", **headers}
        )

    def advance(self, span: str) -> None:
        self.sodate("local", "advance", span)

    def advance_past_next_step(self, address: str) -> None:
        """To half an hour after the lead's next step: within its validity, whatever weekday or holiday it is today."""
        due = datetime.fromisoformat(self.sodate("lead", "explain", address)["next"][0]["due"]).replace(tzinfo=UTC)
        now = datetime.fromisoformat(self.sodate("local", "status")["clock"])
        self.advance(f"{int((due - now).total_seconds() // 60) + 30}m")

    def mails(self, address: str) -> list[dict[str, Any]]:
        """Oldest first."""
        return list(reversed(self.sodate("local", "mail", "list", "--to", address)["messages"]))

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoints["aws"],
            region_name=self.endpoints["region"],
            aws_access_key_id=self.endpoints["access_key_id"],
            aws_secret_access_key=self.endpoints["secret_access_key"],
        )

    def join(self, address: str, **answers: Any) -> None:
        standard = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}
        assert self.post({"email": address, **standard, **answers}).status == 201
        self.advance("1m")
        link = self.link(self.mails(address)[-1], "/opt-in/")
        assert http.request("POST", link).status == 200
        self.advance("1m")

    def link(self, mail: dict[str, Any], part: str) -> str:
        return next(link for link in self.player.mail(mail)["links"] if part in link)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the local cloud runs on one worker, in the order of the files; browser tests run beside it."""
    for item in items:
        if item.path.parent == Path(__file__).parent and "cloud" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("local cloud"))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("local-cloud")
    os.environ["SODATE_LOCAL"] = str(folder)
    started = Cloud({})
    try:
        endpoints = started.sodate("local", "up")["endpoints"]
        assert Path(endpoints["clock_file"]).parent == folder
        yield Cloud(endpoints)
    finally:
        started.sodate("local", "down")
        del os.environ["SODATE_LOCAL"]
