"""Runs inside a copy of the tree: exit 0 when nothing was found wrong with it, 1 when something was, else it is broken.

`python -m tests.mutants.judge SEEDS ORDERS TEST …`: the tests first, then histories and orders until one is broken.
"""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sodate

CLEAN, CAUGHT, BROKEN = 0, 1, 3
_A_CHUNK = 50


def main() -> int:
    if not Path(sodate.__file__).is_relative_to(Path.cwd()):
        print(f"this would judge {sodate.__file__}, not the copy")
        return BROKEN
    seeds, orders, tests = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if tests:
        verdict = pytest.main([*tests, "-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=line"])
        if verdict != pytest.ExitCode.OK:
            return CAUGHT if verdict == pytest.ExitCode.TESTS_FAILED else BROKEN
    return _hunt(seeds, orders)


def _hunt(seeds: int, orders: int) -> int:
    if not seeds and not orders:
        return CLEAN
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }
    for where, broken in _broken(seeds, orders):
        if broken:
            print(f"{where}: {broken[0]}")
            return CAUGHT
    return CLEAN


def _broken(seeds: int, orders: int) -> Iterator[tuple[str, list[str]]]:
    from tests.simulation.history import play
    from tests.simulation.interleavings import explore

    for number in range(1, orders // _A_CHUNK + 1):
        with contextlib.redirect_stdout(io.StringIO()):
            found = explore(number, _A_CHUNK)
        yield f"seed {number} of orders", found.broken
    for seed in range(1, seeds + 1):
        with contextlib.redirect_stdout(io.StringIO()):
            found_in_history = play(seed).broken
        yield f"seed {seed}", found_in_history


if __name__ == "__main__":
    sys.exit(main())
