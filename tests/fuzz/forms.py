"""`python -m tests.fuzz.forms --bodies 200000`: random posts at the real form handler; none may be an unhandled error.

The table is the one in memory. It is emptied of leads every so often, so that a run does not grow with its length.
"""

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.functions.quick import QuickWorld, quick_world
from tests.fuzz.bodies import Post, random_post

OUTPUT = Path(__file__).parents[2] / "build" / "fuzz.json"
_EMPTIED_EVERY = 500
_SHOWN = 20


@dataclass
class Found:
    statuses: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def answer(world: QuickWorld, post: Post) -> str:
    """The status, or `error` when the handler raised."""
    _, body, headers, is_base64 = post
    try:
        return str(world.raw_post(body, "request-materials", headers, is_base64)["statusCode"])
    except Exception as error:  # noqa: BLE001  whatever it is: it is what the run looks for
        return f"error {type(error).__name__}"


def is_broken(status: str) -> bool:
    return not status.isdigit() or int(status) >= 500


def play(world: QuickWorld, seeds: range) -> Found:
    found, clean = Found(), dict(world.table.items)
    for seed in seeds:
        if seed % _EMPTIED_EVERY == 0:
            world.table.items = dict(clean)
        post = random_post(random.Random(seed))  # noqa: S311
        status = answer(world, post)
        found.statuses[f"{post[0]}: {status}"] += 1
        if is_broken(status):
            found.errors.append(f"seed {seed}: {status}")
    return found


def _process(seeds: range) -> Found:
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="ap-northeast-1")
    os.environ.update(
        POWERTOOLS_SERVICE_NAME="fuzz", POWERTOOLS_LOG_LEVEL="CRITICAL", POWERTOOLS_METRICS_DISABLED="true"
    )
    with pytest.MonkeyPatch.context() as patch, quick_world(patch) as world:
        return play(world, seeds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.forms", description=__doc__)
    parser.add_argument("--bodies", type=int, default=200_000)
    parser.add_argument("--seed-base", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    began, size = time.monotonic(), -(-asked.bodies // asked.processes)
    end = asked.seed_base + asked.bodies
    spans = [range(start, min(start + size, end)) for start in range(asked.seed_base, end, size)]
    with ProcessPoolExecutor(asked.processes) as pool:
        parts = list(pool.map(_process, spans))
    statuses: Counter[str] = sum((part.statuses for part in parts), Counter())
    errors = [error for part in parts for error in part.errors]
    report = {
        "bodies": statuses.total(),
        "unhandled_or_5xx": len(errors),
        "by_status": dict(sorted(_by(statuses, 1).items())),
        "by_kind": dict(sorted(_by(statuses, 0).items())),
        "by_kind_and_status": dict(sorted(statuses.items())),
        "errors": errors[:_SHOWN],
        "seconds": round(time.monotonic() - began, 1),
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({name: value for name, value in report.items() if name != "by_kind_and_status"}, indent=2))
    return 1 if errors else 0


def _by(statuses: Counter[str], part: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, times in statuses.items():
        found[name.split(": ")[part]] += times
    return found


if __name__ == "__main__":
    sys.exit(main())
