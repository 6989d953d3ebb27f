"""Folding: how fast, pure and through the stream; what an engagement event costs; and a replay of a large population.

The naive design reads, adds and writes once per event: Powertools idempotency, a PynamoDB model, a log item, a score
attribute, one log line. It has no fading, caps, phases, reasons or signals, and forgets an event after an hour.
"""

import json
import random
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model
from sodate.activities.activity import Activity
from sodate.activities.store import activity_item
from sodate.dynamodb.item import encode
from sodate.leads.lead import Profile
from sodate.playbook.store import Definitions
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.rescore import live_rules, rescore
from sodate.scoring.rules import RuleSet

from benchmarks import ours, sample
from benchmarks.endpoints import Endpoints
from benchmarks.events import MIX
from benchmarks.harness import SERVICE, Harness, Json, harness
from benchmarks.naive import Context
from benchmarks.ours import Ours
from benchmarks.table import Schema
from tests.support import population
from tests.support.world import stream_record

BATCH = 100
_ROOT = Path(__file__).parents[1]
_LINKS = ("https://www.example.jp/pricing", "https://www.example.jp/demo", "https://www.example.jp/blog")
LEADS, LOG, IDEMPOTENCY = "naive-score-leads", "naive-score-log", "naive-score-idempotency"


def rules() -> Json:
    """The sample's rules, with behaviour that fades."""
    body: Json = yaml.safe_load((_ROOT / "playbooks" / "b2b-ja" / "rules.yaml").read_text(encoding="utf-8"))
    for rule in body["rules"]:
        if "activity" in rule["when"] and rule["points"] > 0 and "max_times" not in rule:
            rule["half_life_days"] = 60
    return body


def engagement(leads: int, each: int, rng: random.Random) -> list[Activity]:
    """Opens and clicks of many leads, mixed, in the order of their times."""
    weights = (MIX["Open"], MIX["Click"], MIX["Click"])
    found = []
    for number in range(leads):
        lead_id = sample.lead_id(number)
        for place in range(each):
            at = sample.START + timedelta(minutes=rng.randrange(60 * 24 * 30))
            type_ = rng.choices(("mail_opened", "mail_clicked", "page_viewed"), weights)[0]
            about = {"link": rng.choice(_LINKS), "template": "materials-1"}
            found.append(Activity(lead_id, type_, at, f"{number:08x}{place:08x}", about))
    return sorted(found, key=lambda one: one.at)


def measure(leads: int, each: int, people: int, activities: int, runs: int = 3) -> Json:
    pure = max(_pure(400, 50) for _ in range(runs))
    mine = [_stream(leads, each) for _ in range(runs)]
    plain = [_naive(leads, each) for _ in range(runs)]
    cpu, naive_cpu = median(run["cpu_us"] for run in mine), median(run["cpu_us"] for run in plain)
    return {
        "activities_per_second_and_core": round(pure),
        "events_per_second_and_core": round(1e6 / cpu),
        "cpu_us_per_event": round(cpu, 1),
        "naive_cpu_us_per_event": round(naive_cpu, 1),
        "less_cpu_than_naive": round(naive_cpu / cpu, 2),
        "write_units_per_event": round(1 + mine[0]["write_units"], 3),
        "read_units_per_event": round(mine[0]["read_units"], 3),
        "naive_write_units_per_event": round(plain[0]["write_units"], 3),
        "replay": replay(people, activities),
    }


def _pure(leads: int, each: int) -> float:
    """Activities a second and core, of logs in memory."""
    engine, rng = ScoringEngine(RuleSet.model_validate(rules())), random.Random(1)  # noqa: S311
    logs: dict[str, list[Activity]] = {}
    for one in engagement(leads, each, rng):
        logs.setdefault(one.lead_id, []).append(one)
    profile = Profile("l", "a@example.jp", "a@example.jp", "ja", primary={"title": "部長"})
    begun = time.process_time()
    for log in logs.values():
        score_state = engine.replay(profile, log[:1], log[0].at)
        for one in log[1:]:
            engine.add(score_state, one)
    return leads * each / (time.process_time() - begun)


def _stream(leads: int, each: int) -> Json:
    """The function on batches of a hundred records: what it asks for, and its CPU."""
    with Endpoints(ours.schemas) as cloud, harness(cloud.url) as here:
        own, rng = Ours(here, cloud), random.Random(2)  # noqa: S311
        own.publish()
        Definitions().publish("rules", "default", rules(), here.now)
        own.lay_out(leads)
        here.now = sample.START + timedelta(days=31)
        events = engagement(leads, each, rng)
        live = live_rules(Definitions())
        for number in range(leads):  # everybody has a score, as after the first form post
            rescore(sample.lead_id(number), live, sample.START)
        records = [stream_record(encode(activity_item(one)), None, n) for n, one in enumerate(events)]
        cloud.ask("measure_anew")
        here.cpu = 0.0
        for start in range(0, len(records), BATCH):
            batch = records[start : start + BATCH]
            here.now = max(here.now, events[min(start + BATCH, len(events)) - 1].at)
            assert here.call("scoring", {"Records": batch}) == {"batchItemFailures": []}
        usage = cloud.ask("usage")
        return {
            "cpu_us": here.cpu / len(events) * 1e6,
            "write_units": usage["write_units"] / len(events),
            "read_units": usage["read_units"] / len(events),
        }


class NaiveLead(Model):
    class Meta:
        table_name = LEADS
        region = "us-east-1"

    lead_id = UnicodeAttribute(hash_key=True)
    score = NumberAttribute(default=0)
    last_at = UnicodeAttribute(null=True)


class NaiveEvent(Model):
    class Meta:
        table_name = LOG
        region = "us-east-1"

    lead_id = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute()
    link = UnicodeAttribute()


def naive_schemas() -> dict[str, Schema]:
    return {LEADS: Schema("lead_id"), LOG: Schema("lead_id", "at"), IDEMPOTENCY: Schema("id")}


def _naive(leads: int, each: int) -> Json:
    with Endpoints(naive_schemas) as cloud, harness(cloud.url) as here:
        events = engagement(leads, each, random.Random(2))  # noqa: S311
        for model in (NaiveLead, NaiveEvent):
            model._connection = None
        cloud.ask("put", LEADS, [NaiveLead(sample.lead_id(n)).serialize() for n in range(leads)])
        act = _naive_event(here)
        act(event={"lead": sample.lead_id(0), "at": "0", "type": "warm", "link": "", "key": "warm"})
        cloud.ask("measure_anew")
        here.cpu = 0.0
        for one in events:
            event = {"lead": one.lead_id, "at": one.at.isoformat(), "type": one.type, "link": one.about["link"],
                     "key": one.key}  # fmt: skip
            here.timed(lambda event=event: act(event=event))
        usage = cloud.ask("usage")
        return {"cpu_us": here.cpu / len(events) * 1e6, "write_units": usage["write_units"] / len(events)}


def _naive_event(here: Harness) -> Any:
    points = {"mail_opened": 3, "mail_clicked": 5, "page_viewed": 1}
    log = Logger(service=SERVICE)
    config = IdempotencyConfig(expires_after_seconds=3600)
    config.register_lambda_context(Context())  # type: ignore[arg-type]

    def event_happened(event: Json) -> str:
        lead = NaiveLead.get(event["lead"])
        NaiveEvent(event["lead"], f"{event['at']}#{event['key']}", type=event["type"], link=event["link"]).save()
        total = int(lead.score) + points.get(event["type"], 0) + (15 if "/pricing" in event["link"] else 0)
        lead.update([NaiveLead.score.set(total), NaiveLead.last_at.set(here.now.isoformat())])
        log.info("scored", extra={"lead_id": event["lead"], "score": total})
        return "scored"

    return idempotent_function(
        event_happened,
        data_keyword_argument="event",
        persistence_store=DynamoDBPersistenceLayer(table_name=IDEMPOTENCY),
        config=config,
    )


def replay(people: int, activities: int) -> Json:
    """`sodate score replay --from` in a process of its own, killed in the middle and started again."""
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        path = Path(name) / "items.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(population.lines(people, activities))
        return pool.submit(_replay, str(path), people).result()


def _replay(path: str, people: int) -> Json:
    from sodate_cli import score
    from sodate_cli.main import app
    from typer.testing import CliRunner

    wanted = [str(_ROOT / "playbooks" / "b2b-ja" / "rules.yaml"), "--as-of", "2027-06-01", "--json"]
    arguments = ["score", "replay", "--from", path, "--checkpoint", path + ".kept", "--rules", *wanted]
    real, seen = score.replay, [0]

    def killed(*parts: Any) -> Any:
        seen[0] += 1
        if seen[0] == people // 2 + 1:
            raise KeyboardInterrupt
        return real(*parts)

    begun = time.monotonic()
    score.replay = killed  # type: ignore[assignment]
    CliRunner().invoke(app, arguments)
    done = CliRunner().invoke(app, arguments)
    found = json.loads(done.stdout)
    assert (found["leads"], done.exit_code) == (people, 0), done.output
    return {
        "leads": people,
        "activities": found["activities"],
        "folded": seen[0],
        "seconds": round(time.monotonic() - begun, 1),
        "largest_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
