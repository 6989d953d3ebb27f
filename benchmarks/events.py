"""Figure 6 and the rest of 12: the whole life of some mails, from due entry to score, counted and billed.

Mails, SES's events about them, and what the table's stream makes of both; each function is fed as its event source
mapping feeds it. Counted, not estimated: units, requests, publishes, events, log bytes, CPU. Assumed: full batches, the
mix of events, and the latency of AWS's answers while Lambda waits (in the price file).
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from ses_simulator import events as ses
from ses_simulator.envelopes import sqs_event_of
from ses_simulator.message import Message
from sodate.email.events.event import ENGAGEMENT, EmailEvent, parse_event

from benchmarks import ours, sample
from benchmarks.cost import Line, bill, prices, regions
from benchmarks.endpoints import Endpoints, Mail
from benchmarks.harness import PLATFORM_LOG_BYTES, Harness, Json, harness
from benchmarks.ours import Ours
from tests.support.world import stream_record

#: Events per mail (performance.md §7): every mail is delivered, opens include those by machines.
MIX = {"Delivery": 1.0, "Open": 0.40, "Click": 0.03, "Bounce": 0.02}
EVENT_BATCH, STREAM_BATCH = 100, 100
_ROOT = Path(__file__).parents[1]
#: infra/catalog.py, in GB.
_MEMORY = {"email_sender": 0.5, "step_mail_dispatch": 1.0, "email_events": 0.5, "scoring": 0.5, "event_publisher": 0.5}
_WANTED = {
    "scoring": lambda kind, old: kind == "profile" or (kind == "activity" and old is None),
    "event_publisher": lambda kind, old: kind in ("submission", "consent", "state", "score", "send", "signal"),
}


@dataclass
class Phase:
    """What one part of the life took in all."""

    usage: Json
    invocations: int
    cpu_s: float
    log_bytes: int
    messages: int = 0


def send_is_published() -> bool:
    """Whether SES tells of each acceptance too, which costs one SNS publish a mail more."""
    return bool(re.search(r"EmailSendingEvent\.SEND,", (_ROOT / "infra" / "components" / "email.py").read_text()))


def measure(leads: int, seed: int = 1, make: type[Ours] = Ours) -> dict[str, Any]:
    """`make`: what the emails come from."""
    with Endpoints(ours.schemas) as cloud, harness(cloud.url) as here:
        life = _Life(make(here, cloud), here, cloud, random.Random(seed))  # noqa: S311  repeatable, not secret
        phases = life.run(leads)
        mails, events = life.mails, life.events
        engaged = life.engage(leads)
        failed = life.failed_batch()
    lines = _lines(phases, mails, events)
    processed = phases["email_events"]
    log = processed.log_bytes + PLATFORM_LOG_BYTES * processed.invocations
    return {
        "mails": mails,
        "events": events,
        "write_units_per_event": round(processed.usage["write_units"] / events, 3),
        "read_units_per_event": round(processed.usage["read_units"] / events, 3),
        "cpu_us_per_event": round(processed.cpu_s / events * 1e6, 1),
        "log_bytes_per_event": round(log / events, 1),
        "log_bytes_of_a_failed_batch": failed,
        "engagement": engaged,
        "phases": {name: _phase(one, mails) for name, one in phases.items()},
        "bills": {region: bill(lines, region) for region in regions()},
    }


class _Life:
    def __init__(self, own: Ours, here: Harness, cloud: Endpoints, rng: random.Random) -> None:
        self.own, self.here, self.cloud, self.rng = own, here, cloud, rng
        self.mails = self.events = 0

    def run(self, leads: int) -> dict[str, Phase]:
        self.own.publish()
        self.cloud.ask("keep_changes")
        self.here.now = sample.START - timedelta(days=60)
        self._live(20, 1_000_000)  # a warm process: clients are made, templates compiled
        self.here.now = sample.START
        return self._live(leads)

    def _live(self, leads: int, first: int = 0) -> dict[str, Phase]:
        self.own.lay_out(leads, first)
        phases = {"mails": self._phase(self.own.run)}
        mails: list[Mail] = self._mails
        self.mails = len(mails)
        phases |= self._stream("of_mails")
        self.here.now += timedelta(minutes=10)
        bodies = self._bodies(mails)
        self.events = len(bodies)
        phases["email_events"] = self._phase(lambda: self._process_twice(bodies))
        phases["email_events"].messages = len(bodies)
        return phases | self._stream("of_events")

    def engage(self, leads: int) -> Json:
        """Write units of each open and click by itself, of leads who have opened or clicked before.

        Deliveries cost the ledger's write whether somebody opens or not, so they come first and are not counted. Two
        days lie between the emails of a lead, so that no two of its events share a write of the score.
        """
        self.own.lay_out(leads, 2_000_000)
        self._phase(self.own.run)
        mails: list[Mail] = self._mails
        self._stream("of_mails")
        by_lead: dict[str, list[Mail]] = defaultdict(list)
        for mail in mails:
            by_lead[mail.tags["lead_id"]].append(mail)
        events, units, items = 0, 0.0, Counter[str]()
        for number in range(max(map(len, by_lead.values()))):
            self.here.now += timedelta(days=2)
            bodies = self._bodies([sent[number] for sent in by_lead.values() if number < len(sent)])
            engaged = [body for body in bodies if _is_engagement(body)]
            self._process_twice([body for body in bodies if not _is_engagement(body)])
            self._stream("of_deliveries")
            phases = [self._phase(partial(self._process_twice, engaged)), *self._stream("of_engagement").values()]
            if number:
                events += len(engaged)
                units += sum(phase.usage["write_units"] for phase in phases)
                for phase in phases:
                    items.update({k[2:]: v for k, v in phase.usage["by_item"].items() if k.startswith("W")})
        by_item = {name: round(count / events, 3) for name, count in sorted(items.items()) if count}
        return {"events": events, "write_units": round(units / events, 3), "write_units_by_item": by_item}

    def failed_batch(self) -> int:
        """Log bytes of a hundred events whose mails the ledger does not know yet: all must come again."""
        ses_events = []
        for number in range(EVENT_BATCH):
            tags = {"lead_id": sample.lead_id(number % 10), "send_id": f"{number:032x}", "purpose": "marketing"}
            message = Message(f"m{number}", self.here.now, "x@example.jp", ("y@example.jp",), "s", "h", "t", tags=tags)
            ses_events.append(ses.opened(message, self.here.now))
        records = sqs_event_of(ses_events, self.here.now)["Records"]
        for number, record in enumerate(records):
            record["messageId"] = f"00000000-0000-4000-8000-{number:012d}"
        before = self.here.log_bytes
        answer = self.here.call("email_events", {"Records": records})
        assert len(answer["batchItemFailures"]) == EVENT_BATCH
        return self.here.log_bytes - before

    def _phase(self, act: Callable[[], object]) -> Phase:
        self.cloud.ask("measure_anew")
        before = self.here.cpu, self.here.invocations, self.here.log_bytes
        act()
        self._mails = self.cloud.ask("mails")
        return Phase(
            self.cloud.ask("usage"),
            self.here.invocations - before[1],
            self.here.cpu - before[0],
            self.here.log_bytes - before[2],
        )

    def _bodies(self, mails: list[Mail]) -> list[str]:
        """In any order, a few hours after the mail; the same ones with the same seed."""
        ses_events = [event for mail in mails for event in self._about(mail, self.here.now)]
        self.rng.shuffle(ses_events)
        return [record["body"] for record in sqs_event_of(ses_events, self.here.now)["Records"]]

    def _about(self, mail: Mail, at: datetime) -> Iterable[ses.Event]:
        headers = (("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"), ("X-Sodate-Send", mail.tags["send_id"]))
        message = Message(
            mail.message_id,
            at - timedelta(hours=3),
            "news@example.jp",
            (mail.to,),
            "件名",
            "",
            "",
            headers,
            tags=mail.tags,
        )
        if send_is_published():
            yield ses.send(message)
        yield ses.delivery(message, at)
        if self.rng.random() < MIX["Open"]:
            yield ses.opened(message, at)
        if self.rng.random() < MIX["Click"]:
            yield ses.clicked(message, at, "https://www.example.jp/pricing")
        if self.rng.random() < MIX["Bounce"]:
            kind = self.rng.choice([("Permanent", "General"), ("Transient", "MailboxFull")])
            yield ses.bounce(message, at, *kind)

    def _process_twice(self, bodies: list[str]) -> None:
        """Clicks that wait for their verdict come again, and are counted again."""
        self._process(bodies)
        self.here.now += timedelta(seconds=10)
        self._process([record["body"] for record in self.cloud.ask("receive")])

    def _process(self, bodies: list[str]) -> None:
        for start in range(0, len(bodies), EVENT_BATCH):
            part = bodies[start : start + EVENT_BATCH]
            records = [{"messageId": f"e{start + n}", "body": body} for n, body in enumerate(part)]
            answer = self.here.call("email_events", {"Records": records})
            assert answer == {"batchItemFailures": []}, answer

    def _stream(self, name: str) -> dict[str, Phase]:
        """Scoring first: what it writes goes through the stream as well."""
        changes = self.cloud.ask("changes")
        scoring = self._phase(lambda: self._feed("scoring", changes))
        changes += self.cloud.ask("changes")
        return {
            f"scoring_{name}": scoring,
            f"event_publisher_{name}": self._phase(lambda: self._feed("event_publisher", changes)),
        }

    def _feed(self, function: str, changes: list[tuple[str, Json | None, Json | None]]) -> None:
        records = [
            stream_record(new, old, number, self.here.now)
            for number, (_, old, new) in enumerate(changes)
            if new is not None and _WANTED[function](new["kind"]["S"], old)
        ]
        for start in range(0, len(records), STREAM_BATCH):
            answer = self.here.call(function, {"Records": records[start : start + STREAM_BATCH]})
            assert answer == {"batchItemFailures": []}, answer


def _is_engagement(body: str) -> bool:
    event = parse_event(body)
    return isinstance(event, EmailEvent) and event.type in ENGAGEMENT


def _phase(phase: Phase, mails: int) -> Json:
    return {
        "write_units": round(phase.usage["write_units"] / mails, 3),
        "read_units": round(phase.usage["read_units"] / mails, 3),
        "invocations": round(phase.invocations / mails, 4),
        "cpu_us": round(phase.cpu_s / mails * 1e6, 1),
        "custom_events": round(_custom_events(phase) / mails, 3),
        "write_units_by_item": {
            name[2:]: round(units / mails, 3)
            for name, units in sorted(phase.usage["by_item"].items())
            if name.startswith("W")
        },
    }


def _custom_events(phase: Phase) -> int:
    return int(phase.usage["published"])


def _lines(phases: dict[str, Phase], mails: int, events: int) -> list[Line]:
    """Per mail. The queue: one request to send ten messages, one to receive them, one to delete them."""
    lines = []
    for name, phase in phases.items():
        label = name.replace("_", " ")
        lines += [
            Line(f"{label}: table writes", "dynamodb_write_million", phase.usage["write_units"] / mails),
            Line(f"{label}: table reads", "dynamodb_read_million", phase.usage["read_units"] / mails),
            Line(f"{label}: invocations", "lambda_request_million", phase.invocations / mails),
            Line(f"{label}: Lambda time", "lambda_gb_second", _gb_seconds(name, phase) / mails),
            Line(f"{label}: logs", "logs_gb", (phase.log_bytes + PLATFORM_LOG_BYTES * phase.invocations) / mails),
            Line(f"{label}: events on the bus", "events_custom_million", _custom_events(phase) / mails),
        ]
    sent = phases["mails"].usage["other_calls"].get("sqs SendMessageBatch", 0)
    lines.append(Line("send queue", "sqs_request_million", 3 * sent / mails))
    lines.append(Line("SNS publishes of SES's events", "sns_publish_million", events / mails))
    lines.append(Line("SNS to the events queue", "sns_to_sqs_million", events / mails))
    lines.append(Line("events queue: receive and delete", "sqs_request_million", 0.2 * events / mails))
    return [line for line in lines if line.quantity]


def _gb_seconds(name: str, phase: Phase) -> float:
    latency = prices("us-east-1").latency_ms
    waiting = sum(phase.usage["calls"].values()) * latency["dynamodb"]
    for call, count in phase.usage["other_calls"].items():
        waiting += count * latency.get({"sesv2": "ses"}.get(call.split(" ")[0], call.split(" ")[0]), 0)
    function = next((known for known in _MEMORY if name.startswith(known)), "email_sender")
    return _MEMORY[function] * (phase.cpu_s + waiting / 1000)
