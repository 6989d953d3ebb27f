"""`make mutants`: every seeded bug must be noticed, and the tree without one must pass the same questions."""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.mutants.mutants import MUTANTS, Mutant
from tests.mutants.run import ROOT, Verdict, try_mutant, try_unchanged

OUTPUT = ROOT / "build" / "mutants.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("names", nargs="*", help="only these; without any: all, and the unchanged tree")
    wanted = parser.parse_args().names
    chosen = [mutant for mutant in MUTANTS if not wanted or mutant.name in wanted]
    began = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        unchanged = None if wanted else pool.submit(try_unchanged, *_all_questions(chosen))
        verdicts = dict(zip(chosen, pool.map(try_mutant, chosen), strict=True))
        clean = unchanged.result() if unchanged else None
    for mutant, verdict in verdicts.items():
        print(f"{verdict.outcome:13} {mutant.name:34} {verdict.seconds:5.1f} s  {verdict.evidence}")
    if clean is not None:
        said = "found nothing" if clean.outcome == "SURVIVED" else f"{clean.outcome}: {clean.evidence}"
        print(f"without a bug the same questions {said} ({clean.seconds:.0f} s)")
    return _report(verdicts, clean, time.monotonic() - began)


def _all_questions(mutants: list[Mutant]) -> tuple[int, int, list[str]]:
    tests = {test: None for mutant in mutants for test in mutant.tests}
    return max(mutant.seeds for mutant in mutants), max(mutant.orders for mutant in mutants), list(tests)


def _report(verdicts: dict[Mutant, Verdict], clean: Verdict | None, seconds: float) -> int:
    caught = sum(verdict.outcome == "caught" for verdict in verdicts.values())
    passes = clean is None or clean.outcome == "SURVIVED"
    report = {
        "mutants": len(verdicts),
        "caught": caught,
        "passes_without": passes,
        "seconds": round(seconds, 1),
        "verdicts": {
            mutant.name: {"breaks": mutant.breaks, "outcome": verdict.outcome, "evidence": verdict.evidence}
            for mutant, verdict in verdicts.items()
        },
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{caught} of {len(verdicts)} seeded bugs caught in {seconds:.0f} s")
    return 0 if caught == len(verdicts) and passes else 1


if __name__ == "__main__":
    sys.exit(main())
