"""Puts one bug into a copy of the tree and asks `judge` whether anything notices. The working tree is never touched."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.mutants.judge import CAUGHT, CLEAN
from tests.mutants.mutants import Mutant

ROOT = Path(__file__).parents[2]
#: What the tests need of the repository; the rest is neither copied nor seen.
_COPIED = ("functions", "layers/sodate", "cli", "tests", "infra", "docs", "pyproject.toml")
_LINKED = (
    "playbooks", "schemas", "events", "benchmarks", "README.md", "cdk.json", "layers/dependencies",
    "requirements", "stages.toml",
)  # fmt: skip
#: Seconds for one bug, and for the tree without one, which has to pass what is asked of all of them.
_LONGEST, _LONGEST_OF_ALL = 240.0, 1800.0

Outcome = Literal["caught", "SURVIVED", "DOES NOT RUN"]


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    seconds: float
    evidence: str


class NotThere(Exception):
    """The text to replace is not in the file, or more than once: the mutant must follow the code."""


def mutated(mutant: Mutant) -> str:
    """The file's text with the bug in it. Raises `NotThere`, or `SyntaxError` when it is no Python."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    for old, new in mutant.replacements:
        if text.count(old) != 1:
            raise NotThere(f"{mutant.name}: found {text.count(old)} times in {mutant.file}: {old[:60]!r}")
        text = text.replace(old, new)
    if mutant.file.endswith(".py"):
        compile(text, mutant.file, "exec")
    return text


def try_mutant(mutant: Mutant) -> Verdict:
    try:
        text = mutated(mutant)
    except (NotThere, SyntaxError) as error:
        return Verdict("DOES NOT RUN", 0.0, str(error))
    verdict, seconds, said = _judge(text, mutant.file, mutant.seeds, mutant.orders, mutant.tests, _LONGEST)
    outcome: Outcome = {CAUGHT: "caught", CLEAN: "SURVIVED"}.get(verdict, "DOES NOT RUN")  # type: ignore[assignment]
    return Verdict(outcome, seconds, said)


def try_unchanged(seeds: int, orders: int, tests: Sequence[str]) -> Verdict:
    """The same selection on the tree as it is: it must find nothing, or the catches mean nothing."""
    verdict, seconds, said = _judge(None, "", seeds, orders, tests, _LONGEST_OF_ALL)
    return Verdict("SURVIVED" if verdict == CLEAN else "caught" if verdict == CAUGHT else "DOES NOT RUN", seconds, said)


def _judge(
    text: str | None, file: str, seeds: int, orders: int, tests: Sequence[str], longest: float
) -> tuple[int, float, str]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        copy = Path(name)
        _copy_to(copy)
        if text is not None:
            (copy / file).write_text(text, encoding="utf-8")
        path = os.pathsep.join(str(copy / part) for part in (".", "layers/sodate/python", "cli"))
        try:
            done = subprocess.run(
                [sys.executable, "-m", "tests.mutants.judge", str(seeds), str(orders), *tests],
                cwd=copy,
                env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                timeout=longest,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return CAUGHT, longest, f"came to no end within {longest:.0f} s"
    return done.returncode, time.monotonic() - began, _evidence(done.stdout + done.stderr)


def _copy_to(copy: Path) -> None:
    for name in _COPIED:
        source, target = ROOT / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy2(source, target)
    for name in _LINKED:
        if (ROOT / name).exists():
            (copy / name).symlink_to(ROOT / name)


def _evidence(output: str) -> str:
    """The line that says what was noticed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    reported = [line for line in lines if line.startswith(("FAILED", "seed ", "ERROR"))]
    return (reported or lines or [""])[0 if reported else -1][:160]
