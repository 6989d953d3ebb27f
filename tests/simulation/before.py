"""The code as it was before cohorts, taken from git under other names, to run beside today's as during a deployment.

Its package imports itself as `sodate_v1`, its functions as `functions_v1`; nothing else of it is changed. Without the
commit (a shallow clone, an archive) `is_here` says no and the histories of a deployment are not played.
"""

import io
import re
import subprocess
import sys
import tarfile
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from tests.simulation.world import SimulatedWorld

COMMIT = "50d30b0"
_ROOT = Path(__file__).parents[2]
_PARTS = {"layers/sodate/python/sodate": "sodate_v1", "functions": "functions_v1"}
_IMPORT = re.compile(r"^(\s*(?:from|import) )(sodate|functions)\b", re.M)


@cache
def _archive() -> bytes | None:
    done = subprocess.run(["git", "archive", COMMIT, *_PARTS], cwd=_ROOT, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def is_here() -> bool:
    return _archive() is not None


@cache
def _unpacked() -> Path:
    archive = _archive()
    assert archive is not None
    place = Path(tempfile.mkdtemp(prefix="sodate-v1-"))
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for entry in files:
            target = next((part for part in _PARTS if entry.name.startswith(f"{part}/")), None)
            content = files.extractfile(entry) if entry.isfile() else None
            if target is None or content is None:
                continue
            path = place / _PARTS[target] / entry.name.removeprefix(f"{target}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            text = content.read().decode()
            path.write_text(_IMPORT.sub(r"\1\2_v1", text), encoding="utf-8")
    sys.path.append(str(place))
    return place


def module(name: str) -> ModuleType:
    """`module("runtime.clock")` of the old package."""
    _unpacked()
    return import_module(f"sodate_v1.{name}")


def handler(function: str) -> ModuleType:
    _unpacked()
    return import_module(f"functions_v1.{function}.handler")


def send(world: "SimulatedWorld", patch: "pytest.MonkeyPatch", bodies: list[str]) -> Any:
    """One invocation of the old sender in this world."""
    from tests.simulation.cloud import Aws

    container, aws = module("runtime.container"), Aws(world)
    container.definitions.cache_clear()
    container._secrets.clear()
    module("table.transaction")._shared.connection = None
    patch.setattr(module("runtime.clock"), "now", lambda: world.now)
    patch.setattr(container, "client", lambda service: aws)
    patch.setattr(container, "ses_client", lambda: world.ses)
    records = [{"messageId": f"old-{number}", "body": body} for number, body in enumerate(bodies)]
    return handler("mail_sender").handler({"Records": records}, None)
