"""SES, SQS, EventBridge and Secrets Manager, as far as our code calls them, with a place to die around every effect."""

import json
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ses_simulator.client import SimulatedSes
from ses_simulator.disturbance import Disturbance

from tests.fakes import ses as fakes
from tests.simulation.fault_profile import ses_faults

if TYPE_CHECKING:
    from tests.simulation.world import SimulatedWorld

Json = dict[str, Any]


class Reports(StrEnum):
    """How SES's events come in one history. `TIMELY` is what the evidence for another attempt rests on."""

    TIMELY = "timely"
    LATE = "late"
    LOSSY = "lossy"
    NONE = "none"


class Ses(fakes.Ses):
    """The fake of SES with the events of one history, and a note of every email that crossed an opt-out."""

    def __init__(self, world: "SimulatedWorld", seed: int) -> None:
        self._world = world
        self.reports = world.rng.choices(tuple(Reports), (6, 1, 2, 1))[0]
        loss = {Reports.LOSSY: 0.05, Reports.NONE: 1.0}.get(self.reports, 0.0)
        latest = timedelta(hours=12) if self.reports is Reports.LATE else timedelta(hours=1)
        disturbance = Disturbance(seed, 0.15, loss, latest, True)
        client = SimulatedSes(lambda: world.now, ["example.jp"], ["sim"], disturbance=disturbance)
        super().__init__(client, world.point, world.await_a_lost_answer)
        self.simulator.account.max_send_rate = 1e9
        self.simulator.fault_for = ses_faults(world.rng, lambda: world.is_rough)
        self.in_flight: set[str] = set()

    def accepted(self, messages: list[Any]) -> None:
        """Taken by SES after the opt-out of its reader was committed: its claim was earlier, or the invariant fails."""
        for message in messages:
            if message.tags["purpose"] == "marketing" and not self._world.is_mailable(message.tags["lead_id"]):
                self.in_flight.add(message.tags["send_id"])


class Aws:
    def __init__(self, world: "SimulatedWorld") -> None:
        self._world = world

    def send_message_batch(self, QueueUrl: str, Entries: list[Json]) -> Json:
        failed, queue = [], self._world.queues[QueueUrl]
        for entry in Entries:
            self._world.point("before enqueue")
            if self._world.happens(0.03):
                failed.append({"Id": entry["Id"]})
            else:
                queue.send(entry["MessageBody"], timedelta(seconds=entry.get("DelaySeconds", 0)))
        self._world.point("after enqueue")
        return {"Failed": failed}

    def send_message(self, QueueUrl: str, MessageBody: str, MessageAttributes: Json) -> Json:
        self._world.dead_letters.append({"body": MessageBody, "why": MessageAttributes["reason"]["StringValue"]})
        return {}

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> Json:
        assert QueueUrl == "event-dead"
        return {"Attributes": {name: str(len(self._world.events.dead)) for name in AttributeNames}}

    def put_events(self, Entries: list[Json]) -> Json:
        self._world.point("before publish")
        refused = int(self._world.happens(0.05))
        self._world.bus.extend(Entries[refused:])
        self._world.point("after publish")
        return {"FailedEntryCount": refused}

    def get_secret_value(self, SecretId: str) -> Json:
        secrets: dict[str, Json] = {
            "signing": {"keys": self._world.signing_keys},
            "address": {"key": "another key"},
            "webhook": {"key": "a third key"},
            "captcha": {},
        }
        return {"SecretString": json.dumps(secrets[SecretId])}
