"""Measures everything, prints the figures as a table and writes build/bench.json."""

import argparse
import json
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import (
    against_ministack,
    backfill,
    events,
    figures,
    hot_minute,
    import_time,
    imports,
    kpis,
    lateness,
    pacing,
    peer,
    rehearsal,
    requests,
    robot_verdicts,
    scenario,
    scoring,
    segments,
    throughput,
    ticks,
    web_events,
)

BUILD = Path(__file__).parents[1] / "build"
Json = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much of everything; three mails a lead."""

    leads: int
    runs: int
    populations: tuple[int, ...]
    hot: int
    hot_real: int
    rates: dict[int, int]
    month: int
    life: int
    scored: tuple[int, int]
    replayed: tuple[int, int]
    imported: int
    rehearsed: int
    filled: int
    visits: int
    judged: int


FULL = Size(
    leads=1112, runs=3, populations=(10**3, 10**4, 10**5, 10**6), hot=1_000_000, hot_real=10_000,
    rates=dict(pacing.RATES), month=1000, life=700,
    scored=(500, 20), replayed=(100_000, 50), imported=100_000, rehearsed=10_000, filled=100_000, visits=400,
    judged=10_000,
)  # fmt: skip
QUICK = Size(
    leads=100, runs=1, populations=(10**3, 10**4), hot=50_000, hot_real=2_000,
    rates={1: 60, 14: 60, 200: 10}, month=60, life=60,
    scored=(100, 8), replayed=(1000, 20), imported=2000, rehearsed=300, filled=500, visits=40, judged=1000,
)  # fmt: skip


def measure(size: Size, say: Callable[[str], None]) -> Json:
    """What is timed runs alone; what runs on a virtual clock may share the machine."""
    found: Json = {}
    say("CPU, units and logs: Sodate, naive, django-post_office in turn")
    found["throughput"] = throughput.measure(size.leads, size.runs, with_peer=peer.is_installed())
    say("a mail's whole life, billed")
    found["events"] = events.measure(size.life)
    say("scoring: pure, through the stream, a replay of everybody")
    found["scoring"] = scoring.measure(*size.scored, *size.replayed)
    say("segments: an activity that three of fifty mention")
    found["segments"] = segments.measure(size.scored[0])
    say("web events: as visitors send them, in full batches, naive")
    found["web_events"] = web_events.measure(size.visits, size.runs)
    say("verdicts on opens and clicks of the published shapes")
    found["robot_verdicts"] = {
        "usual": robot_verdicts.measure(size.judged),
        "with_hidden_link": robot_verdicts.measure(size.judged, hidden_link=True),
    }
    say("an import, killed and started again")
    found["imports"] = imports.measure(size.imported)
    say("emails of scenarios beside step mail")
    found["scenario"] = scenario.measure(size.life)
    say("a back-fill of a new segment, killed twice")
    found["backfill"] = backfill.measure(size.filled)
    say("counters of KPIs")
    found["kpis"] = kpis.measure(10 * size.life, size.life // 10)
    say("a rehearsal, twice")
    found["rehearsal"] = rehearsal.measure(size.rehearsed)
    say("on a virtual clock: ticks, hot minute, pacing, a month")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        later = {
            "hot_minute": pool.submit(hot_minute.measure, size.hot, size.hot_real),
            "pacing": pool.submit(pacing.measure, size.rates),
            "lateness": pool.submit(lateness.measure, size.month),
            "ticks": pool.submit(ticks.measure, size.populations),
        }
        found |= {name: future.result() for name, future in later.items()}
    say("import time, hostile inputs, the meter against MiniStack")
    times = import_time.measure()
    found["import_time"] = {**asdict(times), "share": times.share}
    found["requests"] = requests.measure()
    found["against_ministack"] = against_ministack.measure()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, for a look; CPU figures mean little then")
    size = QUICK if parser.parse_args().quick else FULL
    found = measure(size, lambda line: print(line, file=sys.stderr, flush=True))
    rows = figures.figures(found)
    BUILD.mkdir(exist_ok=True)
    document = {"size": asdict(size), "figures": figures.as_json(rows), **found}
    (BUILD / "bench.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    print(figures.table(rows))
    print(_more(found))


def _more(found: Json) -> str:
    own, plain = found["throughput"]["sodate"], found["throughput"]["naive"]
    dearest = list(found["events"]["bills"]["us-east-1"]["lines"].items())[:6]
    times, against, ticks_ = found["import_time"], found["against_ministack"], found["ticks"]
    web, beacon = found["web_events"], found["web_events"]["beacon"]
    bills = {name: web[name]["us-east-1"]["usd_per_million"] for name in ("bills", "naive_bills")}
    others = ", ".join(f"{name} {one['bytes_gzipped']:,}" for name, one in beacon["others"].items())
    post, slow = found["requests"]["form_post_new_lead"], found["requests"]["hostile_inputs_p95_ms"]
    return "\n".join(
        [
            f"CPU per mail: Sodate {own['cpu_us']:.0f} µs, naive {plain['cpu_us']:.0f} µs (this machine, this run)",
            f"write units per mail: Sodate {own['write_units']}, naive {plain['write_units']}",
            "the next dollar is in: " + ", ".join(f"{name} ${usd:.2f}" for name, usd in dearest),
            f"idle tick: {ticks_['idle_read_units']} read units, {ticks_['idle_write_units']} write units",
            f"meter against MiniStack: {against['compared']} calls, {len(against['differ'])} differ",
            f"form handler import: {times['share']:.2f} of the full stack's ({times['form_ms']:.0f} ms)",
            f"form post of a new lead: {post['write_units']:g} write units, {post['read_units']:g} read units",
            f"web events: per page view {web['requests_per_page_view']} requests,"
            f" {web['write_units_per_page_view']} write units; a million page views"
            f" ${bills['bills']:.2f}, naive ${bills['naive_bills']:.2f}",
            f"sodate.js: {beacon['bytes_gzipped']:,} bytes gzipped ({others}); main thread"
            f" {beacon.get('browser', {}).get('first_ms', 'not measured')} ms the first time",
            f"hostile inputs, p95 without the table: {slow['refused']} ms refused, {slow['stored']} ms stored",
        ]
    )


if __name__ == "__main__":
    main()
