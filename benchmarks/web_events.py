"""Web events through the production handler: events a second and core, units and dollars per million page views.

A visit is five pages of a site that loads a page for each link. What the beacon sends of it is what it does: a page
view waits 20 s for the engagement of its page, so a page that is left sooner is one batch and any other two. The mix of
times on a page is an assumption (two of five are left within 20 s).

The naive design is one request, one invocation and one item per event: Powertools idempotency (an analytics script
repeats what was not answered), a PynamoDB model, a counter of the page, one log line. It has no sessions, no bounds and
no verdicts.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model
from sodate.playbook.store import Definitions
from sodate.tracking.definition import Tracking
from sodate.tracking.script import Script

from benchmarks import ours, sample
from benchmarks.cost import Line, bill, prices, regions
from benchmarks.endpoints import Endpoints
from benchmarks.harness import PLATFORM_LOG_BYTES, SERVICE, Harness, Json, harness
from benchmarks.naive import Context
from benchmarks.ours import Ours
from benchmarks.table import Schema
from tests.support.web import AGENT, SITE, TRACKING
from tests.support.world import World

#: Seconds on each page of a visit.
DWELL_S = (8, 15, 30, 60, 90)
PATHS = ("/", "/product", "/pricing", "/cases/tokyo", "/blog/how-to")
#: infra/catalog.py, in GB.
_MEMORY_GB = 1.0
_PATIENCE_S = 20
EVENTS, COUNTERS, IDEMPOTENCY = "naive-web-events", "naive-web-counters", "naive-web-idempotency"
#: Bytes of the scripts of others, as they are served, and compressed with `gzip -9`.
OTHER_SCRIPTS = {
    "GoatCounter count.js": {
        "bytes": 9213, "bytes_gzipped": 3325,
        "source": "github.com/arp242/goatcounter public/count.js at c957f51c43eb56dcc462b7e9d7a4550955b71846",
    },
    "Plausible, page views only": {
        "bytes": 1297, "bytes_gzipped": 734,
        "source": "github.com/plausible/analytics priv/tracker/js/plausible.js at 1e082085d530: "
        "an early one, kept in the repository as it was served; no time, scroll depth, downloads, sessions or retries",
    },
}  # fmt: skip
_BROWSER_FIGURES = Path(__file__).parents[1] / "build" / "beacon.json"


@dataclass(frozen=True)
class Run:
    events: int
    batches: int
    cpu_s: float
    usage: Json
    log_bytes: int


def measure(visits: int, runs: int = 3) -> Json:
    mine = [_sodate(_visits(visits)) for _ in range(runs)]
    full = [_sodate(_full(visits)) for _ in range(runs)]
    plain = [_naive(_visits(max(visits // 4, 1))) for _ in range(runs)]
    cpu, full_cpu, naive_cpu = (median(run.cpu_s / run.events for run in of) for of in (mine, full, plain))
    views = visits * len(PATHS)
    naive_views = max(visits // 4, 1) * len(PATHS)
    own, other = _lines(mine[0], views), _lines(plain[0], naive_views)
    return {
        "page_views": views,
        "events_per_batch": round(mine[0].events / mine[0].batches, 2),
        "requests_per_page_view": round(mine[0].batches / views, 3),
        "events_per_second_and_core": round(1 / cpu),
        "events_per_second_and_core_in_full_batches": round(1 / full_cpu),
        "cpu_us_per_event": round(cpu * 1e6, 1),
        "naive_cpu_us_per_event": round(naive_cpu * 1e6, 1),
        "less_cpu_than_naive": round(naive_cpu / cpu, 2),
        "write_units_per_page_view": round(mine[0].usage["write_units"] / views, 3),
        "read_units_per_page_view": round(mine[0].usage["read_units"] / views, 3),
        "naive_write_units_per_page_view": round(plain[0].usage["write_units"] / naive_views, 3),
        "bills": {region: bill(own, region) for region in regions()},
        "naive_bills": {region: bill(other, region) for region in regions()},
        "beacon": beacon(),
    }


def beacon() -> Json:
    """Sizes; and the time on the main thread, when the browser test has measured it on this machine."""
    script = Script()
    found: Json = {"bytes": len(script.text), "bytes_gzipped": len(script.compressed), "others": OTHER_SCRIPTS}
    if _BROWSER_FIGURES.exists():
        found["browser"] = json.loads(_BROWSER_FIGURES.read_text())
    return found


def _visits(count: int) -> list[list[Json]]:
    """Batches as the beacon sends them; the seconds since the beginning of the visit stand in `sent_at`."""
    return [_visit(number) for number in range(count)]


def _visit(number: int) -> list[Json]:
    batches, second = list[Json](), 0
    for place, (path, dwell) in enumerate(zip(PATHS, DWELL_S, strict=True)):
        load, url = f"{number * len(PATHS) + place:08x}", f"{SITE}{path}"
        view = {"type": "page_view", "at": second, "url": url, "referrer": "" if place else "https://www.google.com/"}
        left = {"type": "engagement", "at": second + dwell, "url": url, "dwell_ms": dwell * 1000, "scroll": 70}
        if dwell > _PATIENCE_S:
            batches += [
                _batch(number, load, 1, second + _PATIENCE_S, [view]),
                _batch(number, load, 2, second + dwell, [left]),
            ]
        else:
            batches.append(_batch(number, load, 1, second + dwell, [view, left]))
        second += dwell
    return batches


def _full(visits: int) -> list[list[Json]]:
    """The same events as an app that loads no pages sends them: one batch of a visit's ten events."""
    return [
        [_batch(number, f"{number:08x}", 1, 203, [event for batch in _visit(number) for event in batch["events"]])]
        for number in range(visits)
    ]


def _batch(number: int, load: str, n: int, second: int, events: list[Json]) -> Json:
    return {
        "v": 1, "visitor": f"{number:032x}", "session": f"{number:016x}", "started": 1_795_000_000_000, "load": load,
        "n": n, "sent_at": second, "consent": True, "events": events,
    }  # fmt: skip


def _sodate(visits: list[list[Json]]) -> Run:
    with Endpoints(ours.schemas) as cloud, harness(cloud.url) as here:
        Ours(here, cloud).publish()
        body = Tracking.model_validate(TRACKING).model_dump(mode="json")
        Definitions().publish("tracking", "default", body, here.now)
        _send(here, [_visit(10_000_000)])  # a warm process
        cloud.ask("measure_anew")
        here.cpu, before = 0.0, here.log_bytes
        batches = _send(here, visits)
        events = sum(len(batch["events"]) for visit in visits for batch in visit)
        return Run(events, batches, here.cpu, cloud.ask("usage"), here.log_bytes - before)


def _send(here: Harness, visits: list[list[Json]]) -> int:
    begun, sent = here.now, 0
    for number, visit in enumerate(visits):
        for batch in visit:
            second = batch["sent_at"]
            here.now = begun + timedelta(seconds=number * 300 + second)
            posted = {
                **batch,
                "sent_at": second * 1000,
                "events": [{**e, "at": e["at"] * 1000} for e in batch["events"]],
            }
            headers = {"content-type": "text/plain;charset=UTF-8", "origin": SITE, "user-agent": AGENT}
            event = World.http_event("POST /events", {}, headers, json.dumps(posted), False)
            event["requestContext"] = {"http": {"sourceIp": f"192.0.2.{number % 250}"}}
            answer = here.call("web_events", event)
            assert answer["statusCode"] == 202, answer
            sent += 1
    return sent


class NaiveEvent(Model):
    class Meta:
        table_name = EVENTS
        region = "us-east-1"

    visitor = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute()
    url = UnicodeAttribute()
    referrer = UnicodeAttribute(null=True)
    user_agent = UnicodeAttribute()
    value = NumberAttribute(null=True)


class NaiveCounter(Model):
    class Meta:
        table_name = COUNTERS
        region = "us-east-1"

    page = UnicodeAttribute(hash_key=True)
    day = UnicodeAttribute(range_key=True)
    count = NumberAttribute(default=0)


def naive_schemas() -> dict[str, Schema]:
    return {EVENTS: Schema("visitor", "at"), COUNTERS: Schema("page", "day"), IDEMPOTENCY: Schema("id")}


def _naive(visits: list[list[Json]]) -> Run:
    with Endpoints(naive_schemas) as cloud, harness(cloud.url) as here:
        for model in (NaiveEvent, NaiveCounter):
            model._connection = None
        act = _naive_event(here)
        events = [
            {**event, "visitor": batch["visitor"], "id": f"{batch['visitor']}-{batch['load']}-{batch['n']}-{place}"}
            for visit in visits
            for batch in visit
            for place, event in enumerate(batch["events"])
        ]
        act(event={**events[0], "id": "warm"})
        cloud.ask("measure_anew")
        here.cpu, before = 0.0, here.log_bytes
        for event in events:
            here.timed(lambda event=event: act(event=event))
        return Run(len(events), len(events), here.cpu, cloud.ask("usage"), here.log_bytes - before)


def _naive_event(here: Harness) -> Any:
    log = Logger(service=SERVICE)
    config = IdempotencyConfig(event_key_jmespath="id", expires_after_seconds=3600)
    config.register_lambda_context(Context())  # type: ignore[arg-type]

    def event_happened(event: Json) -> str:
        NaiveEvent(
            event["visitor"],
            f"{here.now.isoformat()}#{event['id']}",
            type=event["type"],
            url=event["url"],
            referrer=event.get("referrer") or None,
            user_agent=AGENT,
            value=event.get("dwell_ms"),
        ).save()
        NaiveCounter(event["url"], f"{here.now:%Y-%m-%d}").update([NaiveCounter.count.add(1)])
        log.info("event", extra={"type": event["type"], "url": event["url"]})
        return "stored"

    return idempotent_function(
        event_happened,
        data_keyword_argument="event",
        persistence_store=DynamoDBPersistenceLayer(table_name=IDEMPOTENCY),
        config=config,
    )


def _lines(run: Run, views: int) -> list[Line]:
    """Per page view. HTTP API: a request is up to 512 KB."""
    waiting_s = sum(run.usage["calls"].values()) * prices("us-east-1").latency_ms["dynamodb"] / 1000
    logs = run.log_bytes + PLATFORM_LOG_BYTES * run.batches
    lines = [
        Line("API requests", "http_api_million", run.batches / views),
        Line("invocations", "lambda_request_million", run.batches / views),
        Line("Lambda time", "lambda_gb_second", _MEMORY_GB * (run.cpu_s + waiting_s) / views),
        Line("table writes", "dynamodb_write_million", run.usage["write_units"] / views),
        Line("table reads", "dynamodb_read_million", run.usage["read_units"] / views),
        Line("logs", "logs_gb", logs / views),
    ]
    return [line for line in lines if line.quantity]


def main() -> None:
    found = measure(400)
    print(json.dumps(found, indent=2, ensure_ascii=False))
    print("visits begin at", sample.START)


if __name__ == "__main__":
    main()
