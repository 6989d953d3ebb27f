"""Runs inside a copy of the tree: exit 0 when nothing was found wrong with it, 1 when something was, else it is broken.

`python -m tests.mutants.judge SEEDS TEST …`: the tests first, then seeds until one is broken.
"""

import contextlib
import io
import os
import sys
from pathlib import Path

import pytest
import sodate

CLEAN, CAUGHT, BROKEN = 0, 1, 3


def main() -> int:
    if not Path(sodate.__file__).is_relative_to(Path.cwd()):
        print(f"this would judge {sodate.__file__}, not the copy")
        return BROKEN
    seeds, tests = int(sys.argv[1]), sys.argv[2:]
    if tests:
        verdict = pytest.main([*tests, "-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=line"])
        if verdict != pytest.ExitCode.OK:
            return CAUGHT if verdict == pytest.ExitCode.TESTS_FAILED else BROKEN
    return _hunt(seeds)


def _hunt(seeds: int) -> int:
    if not seeds:
        return CLEAN
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }
    from tests.simulation.history import play

    for seed in range(1, seeds + 1):
        with contextlib.redirect_stdout(io.StringIO()):
            broken = play(seed).broken
        if broken:
            print(f"seed {seed}: {broken[0]}")
            return CAUGHT
    return CLEAN


if __name__ == "__main__":
    sys.exit(main())
