"""Prints the figures and writes build/bench.json."""

import json
from dataclasses import asdict
from pathlib import Path

from benchmarks import import_time, requests

BUILD = Path(__file__).parents[1] / "build"


def main() -> None:
    times = import_time.measure()
    counted = requests.measure()
    BUILD.mkdir(exist_ok=True)
    document = {"import_time": {**asdict(times), "share": times.share}, "requests": counted}
    (BUILD / "bench.json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"form handler import: {times.form_ms:.0f} ms of {times.full_ms:.0f} ms full stack = {times.share:.2f}")
    hostile = counted.pop("hostile_inputs_p95_ms")
    print(f"hostile inputs, p95 without the table: {hostile['refused']} ms refused, {hostile['stored']} ms stored")
    for name, figures in counted.items():
        calls = ", ".join(f"{count} {operation}" for operation, count in sorted(figures["calls"].items()))
        print(f"{name}: {figures['write_units']} write units; {calls}")


if __name__ == "__main__":
    main()
