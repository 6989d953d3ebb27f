"""Counters of KPIs: units of a counted event, the hottest partition at 10,000 events a second, reading a dashboard.

The mix of a counted event: an email is accepted, delivered, opened (30 %), clicked (5 %). One broadcast has half of the
emails, two scenarios of three steps the others. Every record goes through the real `event_publisher` in batches of 100,
and `kpi_rollup` runs every minute. The worst mix has each record alone in its invocation and its minute.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sodate.activities.catalog import ActivityVerdict
from sodate.dynamodb import keys, kpi_keys
from sodate.dynamodb.item import row
from sodate.email.ledger.engagement import Because, Engagement, Hit
from sodate.email.ledger.states import RANK
from sodate.email.ledger.store import SendItem
from sodate.kpis import store
from sodate.kpis.period import Period
from sodate.kpis.read import read
from sodate.kpis.sketch import Sketch

from benchmarks import ours, sample
from benchmarks.endpoints import Endpoints
from benchmarks.harness import Harness, Json, harness
from benchmarks.inside import inside
from benchmarks.ours import Ours
from tests.support.world import stream_record

BATCH = 100
_DAYS = Period(date(2026, 11, 1), date(2026, 11, 30))
#: Of a full run only, which has so many emails: it takes twenty seconds.
_MANY, _FULL = (10_000_000,), 1000
_METRICS = (
    "email_sent", "email_delivered", "email_hard_bounced", "email_soft_bounced", "email_complained", "email_opened",
    "email_machine_opened", "email_clicked", "email_machine_clicked", "email_unsubscribed", "did_form_submitted",
    "reached_lead", "cohort_lead", "reached_mql", "cohort_mql", "minutes_to_mql",
)  # fmt: skip


def measure(emails: int, alone: int) -> Json:
    """`emails`: of the mix. `alone`: records of the worst mix."""
    return {
        "mix": _count(list(_mix(emails)), BATCH, per_second=200),
        "hot": _hottest(list(_mix(max(emails, 10_000)))),
        "alone": _count(list(_mix(alone))[:alone], 1, per_second=1 / 60),
        "dashboard": {str(count): _dashboard(count) for count in (10_000, 10_000_000)},
        "visitors": {
            str(count): _visitors(count) for count in (100, 10_000, 1_000_000, *(_MANY if emails >= _FULL else ()))
        },
    }


def _mix(emails: int) -> Iterator[tuple[Json | None, Json]]:
    """Old and new image of each change, in the order of their kinds, as waves of a broadcast and its reports come."""
    rng = random.Random(5)  # noqa: S311
    sent = [_email(number, rng) for number in range(emails)]
    delivered = [item | {"state": {"S": "delivered"}, "rank": {"N": str(RANK["delivered"])}} for item in sent]
    opened = [(item, _engaged(item, "o")) for item in delivered if rng.random() < 0.30]
    clicked = [(item, _engaged(item, "c")) for item in delivered if rng.random() < 0.05]
    changes: list[tuple[Json | None, Json]] = [(None, item) for item in sent]
    changes += zip(sent, delivered, strict=True)
    later = [*opened, *clicked]
    rng.shuffle(later)
    yield from changes
    yield from later


def _email(number: int, rng: random.Random) -> Json:
    source: Json = {"broadcast": "autumn-news", "broadcast_version": 3, "run": "20261124T1400", "template": "autumn"}
    if number % 2:
        scenario = rng.choice(("nurture", "welcome"))
        step = rng.randrange(3)
        source = {"sequence": scenario, "sequence_version": 4, "step": step, "template": f"{scenario}-{step}"}
    at = keys.stamp(sample.START)
    return row(
        SendItem, keys.lead(sample.lead_id(number)), keys.send(f"{number:032x}"), purpose="marketing", name="step",
        state="sent", rank=RANK["sent"], template_version=2, message_id=f"0100-{number}", planned_at=at, sent_at=at,
        settled_at=at, topic="product-news", **source,
    )  # fmt: skip


def _engaged(item: Json, kind: Any) -> Json:
    hit = Hit(kind, "0123456789abcdef", 600, "ab12", "cd34", verdict=ActivityVerdict.HUMAN, because=Because.NO_SIGN)
    return item | {"engagement": {"S": Engagement((hit,)).to_text()}}


def _count(changes: list[tuple[Json | None, Json]], batch: int, *, per_second: float) -> Json:
    with Endpoints(ours.schemas) as cloud, harness(cloud.url) as here:
        own = Ours(here, cloud)
        own.publish()
        here.call("kpi_rollup", {})  # the cursor begins here
        cloud.ask("measure_anew")
        before = here.cpu
        _deliver(here, changes, batch, per_second=per_second)
        counting = here.cpu - before
        for _ in range(4):
            here.now += timedelta(minutes=1)
            _rollup(here)
        usage = cloud.ask("usage")
        return {
            "records": len(changes),
            "write_units": round(usage["write_units"] / len(changes), 3),
            "read_units": round(usage["read_units"] / len(changes), 3),
            "by_item": {name: round(units / len(changes), 4) for name, units in sorted(usage["by_item"].items())},
            "cpu_us": round(counting / len(changes) * 1e6, 1),
            "rounds": store.load_rounds().number,
        }


def _hottest(changes: list[tuple[Json | None, Json]]) -> Json:
    """What one partition key takes in a second, at 10,000 counted events a second in batches of 100."""
    with inside(ours.schemas()) as (here, cloud):
        Ours(here, cloud).publish()
        here.call("kpi_rollup", {})
        meter = cloud.cloud.tables.meter
        meter.usage.hottest.clear()
        _deliver(here, changes, BATCH, per_second=10_000)
        for _ in range(5):
            here.now += timedelta(minutes=1)
            _rollup(here)
        hottest = {unit: [units, key.rpartition("#")[0] or key] for unit, (units, key) in meter.usage.hottest.items()}
        return {"records": len(changes), "seconds": len(changes) / 10_000, "hottest": hottest}


def _deliver(here: Harness, changes: list[tuple[Json | None, Json]], batch: int, *, per_second: float) -> None:
    last = here.now
    for start in range(0, len(changes), batch):
        records = [
            stream_record(new, old, start + number, here.now)
            for number, (old, new) in enumerate(changes[start : start + batch])
        ]
        assert here.call("event_publisher", {"Records": records}) == {"batchItemFailures": []}
        here.now += timedelta(seconds=batch / per_second)
        if here.now - last >= timedelta(minutes=1):
            last = _rollup(here)


def _rollup(here: Harness) -> datetime:
    here.call("kpi_rollup", {})
    return here.now


def _dashboard(emails: int) -> float:
    """Read units of a month and the month before it, of a scope with so many emails a month."""
    with Endpoints(ours.schemas) as cloud, harness(cloud.url) as here:
        Ours(here, cloud).publish()
        for day in Period(date(2026, 10, 1), date(2026, 11, 30)):
            counts = {name: max(1, emails // 30 // (place + 1)) for place, name in enumerate(_METRICS)}
            store.add(kpi_keys.totals("all"), kpi_keys.day_total(day.isoformat()), counts, 1)
        cloud.ask("measure_anew")
        figures = read("all", _DAYS)
        assert figures.counts["email_sent"] == 30 * (emails // 30)
        return float(cloud.ask("usage")["read_units"])


def _visitors(exact: int) -> Json:
    sketch = Sketch.of(f"visitor {number}" for number in range(exact))
    return {"error": round(abs(sketch.count - exact) / exact, 4), "bytes": len(sketch.dumps())}
