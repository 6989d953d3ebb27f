"""SES, SQS, EventBridge and Secrets Manager, as far as our code calls them, with a place to die around every effect."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from ses_simulator.client import SimulatedSes
from ses_simulator.disturbance import Disturbance

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


class Ses:
    """The simulator, and a note of what each logical send was asked for: how often, and what the caller could know.

    `open_ended` counts, per send, the requests after which the mail may be on its way: accepted, or answer lost.
    """

    def __init__(self, world: "SimulatedWorld", seed: int) -> None:
        self._world = world
        self.reports = world.rng.choices(tuple(Reports), (6, 1, 2, 1))[0]
        loss = {Reports.LOSSY: 0.05, Reports.NONE: 1.0}.get(self.reports, 0.0)
        latest = timedelta(hours=12) if self.reports is Reports.LATE else timedelta(hours=1)
        disturbance = Disturbance(seed, 0.15, loss, latest, True)
        self.client = SimulatedSes(lambda: world.now, ["example.jp"], ["sim"], disturbance=disturbance)
        self.simulator = self.client.simulator
        self.simulator.account.max_send_rate = 1e9
        self.simulator.fault_for = ses_faults(world.rng, lambda: world.is_rough)
        self.open_ended: Counter[str] = Counter()
        self.in_flight: set[str] = set()

    def send_email(self, **request: Any) -> Json:
        return self._asked(lambda: self.client.send_email(**request), [request["EmailTags"]])

    def send_bulk_email(self, **request: Any) -> Json:
        every = request.get("DefaultEmailTags") or []
        tags = [[*every, *entry.get("ReplacementTags", [])] for entry in request["BulkEmailEntries"]]
        return self._asked(lambda: self.client.send_bulk_email(**request), tags)

    def get_account(self) -> Json:
        self._world.point("before GetAccount")
        return self.client.get_account()

    def _asked(self, ask: Callable[[], Json], tags: list[list[Mapping[str, str]]]) -> Json:
        named = [{tag["Name"]: tag["Value"] for tag in entry} for entry in tags]
        self._world.point("before SES")
        before = len(self.simulator.messages)
        try:
            answer = ask()
        except Exception as error:
            if not _is_a_refusal(error):
                self.open_ended.update(entry["send_id"] for entry in named if "send_id" in entry)
                self._world.await_a_lost_answer()
            raise
        finally:
            self._note_in_flight(before)
        results = answer.get("BulkEmailEntryResults", [answer])
        pairs = zip(named, results, strict=True)
        self.open_ended.update(e["send_id"] for e, told in pairs if told.get("MessageId") and "send_id" in e)
        self._world.point("after SES")
        return answer

    def _note_in_flight(self, before: int) -> None:
        """Taken by SES after the opt-out of its reader was committed: its claim was earlier, or the invariant fails."""
        for message in self.simulator.messages[before:]:
            if message.tags["purpose"] == "marketing" and not self._world.is_mailable(message.tags["lead_id"]):
                self.in_flight.add(message.tags["send_id"])


def _is_a_refusal(error: Exception) -> bool:
    """SES answered, and with a no. A time-out and a reset are no answers, a 5xx is none to rely on."""
    return isinstance(error, ClientError) and int(error.response["ResponseMetadata"]["HTTPStatusCode"]) < 500


class Aws:
    def __init__(self, world: "SimulatedWorld") -> None:
        self._world = world

    def send_message_batch(self, QueueUrl: str, Entries: list[Json]) -> Json:
        failed = []
        for entry in Entries:
            self._world.point("before enqueue")
            if self._world.happens(0.03):
                failed.append({"Id": entry["Id"]})
            else:
                self._world.sends.send(entry["MessageBody"], timedelta(seconds=entry.get("DelaySeconds", 0)))
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
