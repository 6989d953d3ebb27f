"""`python -m tests.simulation --seeds N --seed-base K`: many histories, a line for each broken one, figures as JSON."""

import argparse
import io
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

OUTPUT = Path("build/simulation.json")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--seed-base", type=int, default=1)
    parser.add_argument("--trace", action="store_true", help="print what happened in the first seed")
    wanted = parser.parse_args()
    _quiet_environment()
    from tests.simulation.history import play

    seeds = range(wanted.seed_base, wanted.seed_base + wanted.seeds)
    if wanted.trace:
        print("\n".join(play(seeds[0]).trace))
    began, figures, broken = time.monotonic(), Counter[str](), {}
    with ProcessPoolExecutor(os.cpu_count(), initializer=_say_nothing) as pool:
        for result in pool.map(play, seeds, chunksize=10):
            figures += result.figures
            if result.broken:
                broken[result.seed] = result.broken
                print(f"seed {result.seed}: {'; '.join(result.broken[:3])}", file=sys.stderr)
    report = {
        "seeds": len(seeds),
        "seed_base": wanted.seed_base,
        "seconds": round(time.monotonic() - began, 1),
        "broken_seeds": broken,
        "double_marketing_mails": figures["double_marketing_mails"],
        "silent_losses": figures["silent_losses"],
        "mails_after_opt_out": figures["mails_after_opt_out"],
        "figures": dict(sorted(figures.items())),
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({name: value for name, value in report.items() if name not in ("figures", "broken_seeds")}))
    return 1 if broken else 0


def _quiet_environment() -> None:
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }


def _say_nothing() -> None:
    """The functions' own metric lines are of no interest here."""
    sys.stdout = io.StringIO()


if __name__ == "__main__":
    sys.exit(main())
