"""The folder `.local/`: everything the local cloud keeps, and nothing that it needs elsewhere."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sodate.errors import NotFound
from sodate.messages import Message

STAGE = "local"
REGION = "ap-northeast-1"
# MiniStack's root identity. It opens nothing: the gateway listens on loopback and holds invented people.
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105


def repository() -> Path:
    """The checkout this command was installed from; it holds the CDK app that is deployed.

    Raises:
        NotFound: the command was installed from a wheel, which holds neither the CDK app nor the functions.
    """
    checkout = Path(__file__).resolve().parents[3]
    if not (checkout / "infra" / "app.py").is_file():
        raise NotFound(
            Message(
                "this command needs a checkout of the Sodate repository, and `sodate` was installed without one;"
                " run `make venv` in a checkout and use its .venv/bin/sodate"
            )
        )
    return checkout


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """Paths below `.local/`."""

    root: Path

    @classmethod
    def of(cls, repository_root: Path) -> "LocalFolder":
        """`SODATE_LOCAL` names another folder: a second local cloud beside the first, as the end-to-end tests want."""
        return cls(Path(os.environ.get("SODATE_LOCAL") or repository_root / ".local"))

    @property
    def clock_file(self) -> Path:
        return self.root / "clock.json"

    @property
    def endpoints_file(self) -> Path:
        return self.root / "endpoints.json"

    def pid_file(self, name: str) -> Path:
        return self.root / f"{name}.pid"

    def log_file(self, name: str) -> Path:
        return self.root / f"{name}.log"

    def endpoints(self) -> dict[str, Any] | None:
        """What the last `up` wrote, or None."""
        try:
            document: dict[str, Any] = json.loads(self.endpoints_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return document

    def write_endpoints(self, endpoints: dict[str, Any]) -> None:
        beside = self.endpoints_file.with_suffix(".new")
        beside.write_text(json.dumps(endpoints, indent=2) + "\n")
        beside.replace(self.endpoints_file)
