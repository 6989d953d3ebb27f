"""Readers of the stream fail for a while, and a person redrives what they left: at once, late, or after the stream
has forgotten it.

The real handlers on the world of the function tests; the stream is the history of its table. Whole batches die at
random and leave only their place. After the redrive everything must be as if nothing had failed.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from random import Random
from typing import Any

import pytest
from sodate.dynamodb import keys
from sodate.playbook.store import Definitions
from sodate.scoring.rescore import live_rules, replayed
from sodate.scoring.store import find_score
from sodate_cli.redrive import Edge, redrive

from tests.fakes.dead_letters import DeadLetterQueue, Functions, Json, Shard, clients, place
from tests.functions.quick import QuickWorld, quick_world

#: Edge → function and what its event source mapping lets through (infra/stacks/stateless.py).
READERS: dict[str, tuple[str, list[Json]]] = {
    "Scoring": (
        "scoring",
        [
            {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["activity"]}}}},
            {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"kind": {"S": ["profile"]}}}},
        ],
    ),
    "EventPublisher": (
        "event_publisher",
        [
            {
                "eventName": ["INSERT", "MODIFY"],
                "dynamodb": {
                    "NewImage": {"kind": {"S": ["submission", "consent", "state", "score", "signal", "send"]}}
                },
            }
        ],
    ),
}
_ONCE_A_LEAD = ("LeadCaptured", "ConsentChanged", "LeadBecameHot")


@dataclass
class Result:
    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


class BadDay:
    def __init__(self, world: QuickWorld, seed: int) -> None:
        self.world, self.rng, self.result = world, Random(seed), Result(seed)  # noqa: S311
        self.letters = {edge: DeadLetterQueue() for edge in READERS}
        self.read = len(world.table.history)
        self.failing = {edge: 0.0 for edge in READERS}
        self.emails: list[str] = []
        world._stream = self.stream  # type: ignore[method-assign]

    def play(self) -> Result:
        for _ in range(self.rng.randint(6, 20)):
            self.failing = {edge: self.rng.choice((0.0, 0.3, 1.0)) for edge in READERS}
            self.rng.choice((self.post, self.post, self.confirm, self.confirm, self.wait, self.click, self.click))()
            self.world.settle()
            if self.rng.random() < 0.2:
                self.redrive(forgotten=False)
                self.world.settle()  # before time passes: a record arrives when its item is written
        self.failing = dict.fromkeys(READERS, 0.0)
        for forgotten in (self.rng.random() < 0.4, False):
            self.redrive(forgotten=forgotten)
            self.world.settle()
        self.judge()
        return self.result

    # -- what people do --------------------------------------------------------------------------------------------

    def post(self) -> None:
        email = f"p{self.rng.randrange(4)}@example.jp"
        self.emails.append(email)
        body = {"email": email, "name": "山田", "company": "例示", "title": "部長", "agree": True}
        answer = self.world.post(body)
        assert answer["statusCode"] in (200, 201), answer

    def confirm(self) -> None:
        for email in self.emails[-2:]:
            for mail in self.world.mails_to(email):
                links = [link for link in mail.links if "/opt-in/" in link]
                if links:
                    self.world.visit(links[0], "POST")

    def click(self) -> None:
        for email in self.emails:
            for mail in self.world.mails_to(email)[1:]:
                self.world.ses.simulator.open(mail.message_id)
                for link in [link for link in mail.links if "/pricing" in link][:1] * 2:
                    self.world.now += timedelta(minutes=3)
                    self.world.ses.simulator.click(mail.message_id, link)

    def wait(self) -> None:
        self.world.advance(timedelta(days=self.rng.randint(2, 9)))

    # -- the stream ------------------------------------------------------------------------------------------------

    def records(self) -> list[Json]:
        """The whole history as stream records; numbers have gaps, as DynamoDB's have."""
        return [_record(*change, number) for number, change in enumerate(self.world.table.history)]

    def stream(self) -> bool:
        records, self.read = self.records()[self.read :], len(self.world.table.history)
        was_busy = False
        for batch in _cut(records, self.rng):
            for edge, (function, patterns) in READERS.items():
                wanted = [record for record in batch if _matches(patterns, record)]
                if not wanted:
                    continue
                was_busy = True
                if self.rng.random() < self.failing[edge]:
                    arrived = keys.stamp(self.world.now)
                    first, last = ({**wanted[place_], "arrived": arrived} for place_ in (0, -1))
                    self.letters[edge].put(place(first, last))
                    self.result.figures["stream_letters"] += 1
                else:
                    answer = self.world.call(function, {"Records": json.loads(json.dumps(wanted))})
                    assert answer == {"batchItemFailures": []}
        return was_busy

    def redrive(self, *, forgotten: bool) -> None:
        shard = Shard(self.records(), lambda: self.rng.choice((0, 2, 50)))
        if forgotten:
            shard.trimmed = 10**30
            self.result.figures["redrives_after_the_stream_forgot"] += 1
        for edge, (function, patterns) in READERS.items():
            functions = Functions(self.world.call, patterns, batch_size=self.rng.choice((1, 7, 100)))
            items = list(self.world.table.items.values())
            done = redrive(clients(self.letters[edge], functions, shard, items), Edge(edge, "u", function, False, "t"))
            self.result.figures["stream_letters_redriven"] += done.moved + done.rebuilt
            if done.left or self.letters[edge].bodies:
                self.result.broken.append(f"{edge}: {done.left} left")

    # -- what must be true ---------------------------------------------------------------------------------------------

    def judge(self) -> None:
        world, broken = self.world, self.result.broken
        rules = live_rules(Definitions())
        for item in world.items("profile"):
            lead = keys.lead_id_of(item["pk"])
            score = find_score(lead)
            if score is None:
                broken.append(f"lead {lead} has no score")
                continue
            kept, again = score.score_state, replayed(lead, rules, world.now)
            rules.engine.settle(kept, again.now)
            if kept != again:
                broken.append(f"lead {lead} has another score than a replay gives")
        for send in world.items("send"):
            if send["purpose"] == "transactional" and send["state"] == "planned":
                broken.append(f"opt-in email {send['sk']} was never sent")
        mails = Counter(m.tags["send_id"] for m in world.ses.simulator.messages)
        broken += [f"send {name} left {count} times" for name, count in mails.items() if count > 1]
        ids = {(event["DetailType"], json.loads(event["Detail"])["event_id"]) for event in world.bus}
        published = Counter(kind for kind, _ in ids)
        for kind, item_kind in zip(_ONCE_A_LEAD, ("submission", "consent", "signal"), strict=True):
            if published[kind] != len(world.items(item_kind)):
                broken.append(
                    f"{len(world.items(item_kind))} {item_kind} items, {published[kind]} different {kind} events"
                )
        self.result.figures["signals_on_bad_days"] += published["LeadBecameHot"]
        self.result.figures["stream_records"] += len(world.table.history)


def _record(key: tuple[str, str], old: Json | None, new: Json | None, number: int) -> Json:
    body: dict[str, Any] = {
        "Keys": {"pk": {"S": key[0]}, "sk": {"S": key[1]}},
        "SequenceNumber": str(10**20 + 7 * number),
    }
    body |= {name: image for name, image in (("OldImage", old), ("NewImage", new)) if image}
    return {"eventName": "REMOVE" if not new else "MODIFY" if old else "INSERT", "dynamodb": body}


def _matches(patterns: list[Json], record: Json) -> bool:
    image = record["dynamodb"].get("NewImage", {})
    kind = image.get("kind", {}).get("S")
    return any(
        record["eventName"] in pattern["eventName"] and kind in pattern["dynamodb"]["NewImage"]["kind"]["S"]
        for pattern in patterns
    )


def _cut(records: list[Json], rng: Random) -> Iterator[list[Json]]:
    while records:
        size = rng.randint(1, 40)
        yield records[:size]
        records = records[size:]


def play(seed: int) -> Result:
    with redirect_stdout(StringIO()), pytest.MonkeyPatch.context() as patch, quick_world(patch) as world:
        return BadDay(world, seed).play()
