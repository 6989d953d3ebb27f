"""Figures 5, 9 and the mail half of 12: the same mails through Sodate, the naive design and django-post_office.

Three runs in turn, so that a busy moment of the machine hits all of them; medians of CPU, sums of units.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from benchmarks import naive, ours, peer, sample
from benchmarks.endpoints import Endpoints
from benchmarks.harness import PLATFORM_LOG_BYTES, Harness, harness
from benchmarks.table import Schema

STEPS = 3


@dataclass(frozen=True)
class Run:
    """One contestant, once. `usage` is the endpoints' count of everything it asked for."""

    mails: int
    cpu_s: float
    log_bytes: int
    invocations: int
    usage: dict[str, Any]


Contestant = Callable[[Harness, Endpoints], Any]


def sodate(here: Harness, cloud: Endpoints) -> ours.Ours:
    one = ours.Ours(here, cloud)
    one.publish()
    return one


def once(schemas: Callable[[], Mapping[str, Schema]], make: Contestant, leads: int) -> Run:
    with Endpoints(schemas) as cloud, harness(cloud.url) as here:
        contestant = make(here, cloud)
        here.now = sample.START - timedelta(days=60)
        contestant.lay_out(20, 1_000_000)
        contestant.run()  # a warm process: clients are made, templates compiled
        here.now = sample.START
        contestant.lay_out(leads)
        cloud.ask("measure_anew")
        here.cpu, here.invocations, here.log_bytes = 0.0, 0, 0
        contestant.run()
        mails = Counter(mail.to for mail in cloud.ask("mails"))
        assert len(mails) == leads and set(mails.values()) == {STEPS}, "every lead gets every step, once"
        return Run(leads * STEPS, here.cpu, here.log_bytes, here.invocations, cloud.ask("usage"))


def measure(leads: int, runs: int, *, with_peer: bool = True) -> dict[str, Any]:
    mine: list[Run] = []
    plain: list[Run] = []
    peers: list[dict[str, Any]] = []
    for _ in range(runs):
        mine.append(once(ours.schemas, sodate, leads))
        plain.append(once(naive.schemas, naive.Naive, leads))
        if with_peer:
            peers.append(peer.measure(leads))
    found: dict[str, Any] = {"sodate": _figures(mine), "naive": _figures(plain)}
    if peers:
        spent = [(run["queue_s"] + run["send_s"]) / run["mails"] * 1e6 for run in peers]
        found["post_office"] = {
            "cpu_us": round(median(spent), 1),
            "cpu_us_spread": [round(min(spent), 1), round(max(spent), 1)],
        }
        found["less_cpu_than_post_office"] = round(found["post_office"]["cpu_us"] / found["sodate"]["cpu_us"], 2)
    found["less_cpu_than_naive"] = round(found["naive"]["cpu_us"] / found["sodate"]["cpu_us"], 2)
    found["fewer_writes_than_naive"] = round(found["naive"]["write_units"] / found["sodate"]["write_units"], 2)
    return found


def _figures(runs: list[Run]) -> dict[str, Any]:
    mails = sum(run.mails for run in runs)
    spent = [run.cpu_s / run.mails * 1e6 for run in runs]
    calls: Counter[str] = Counter()
    for run in runs:
        calls.update(run.usage["calls"])
        calls.update(run.usage["other_calls"])
    by_item: Counter[str] = Counter()
    for run in runs:
        by_item.update(run.usage["by_item"])
    logs = sum(run.log_bytes for run in runs)
    platform = PLATFORM_LOG_BYTES * sum(run.invocations for run in runs)
    return {
        "mails": mails,
        "write_units": round(sum(run.usage["write_units"] for run in runs) / mails, 3),
        "read_units": round(sum(run.usage["read_units"] for run in runs) / mails, 3),
        "units_by_item": {name: round(units / mails, 4) for name, units in sorted(by_item.items())},
        "calls": {name: round(count / mails, 4) for name, count in sorted(calls.items())},
        "invocations": round(sum(run.invocations for run in runs) / mails, 4),
        **_cpu(spent),
        "mails_per_second_and_core": round(1e6 / median(spent)),
        "log_bytes": round((logs + platform) / mails, 1),
        "log_bytes_of_ours": round(logs / mails, 1),
    }


def _cpu(spent: list[float]) -> dict[str, Any]:
    return {"cpu_us": round(median(spent), 1), "cpu_us_spread": [round(min(spent), 1), round(max(spent), 1)]}
