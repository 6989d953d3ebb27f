"""Sodate's own handlers on the zero-latency endpoints: dispatcher and sender, from due entry to ledger."""

from datetime import datetime, timedelta
from importlib import import_module

from sodate.due import store as due
from sodate.leads.lead import Enrolment, State
from sodate.leads.store import profile_item, state_item
from sodate.mail.ledger import StepRef
from sodate.scenarios.calendar import due_at
from sodate.table import base, keys
from sodate_cli.playbook.apply import publish

from benchmarks import sample
from benchmarks.endpoints import Endpoints
from benchmarks.ground import TABLE, Ground, Json
from benchmarks.table import Schema

#: What the event source mapping hands the sender at once (infra/components/triggers.py).
BATCH = 10


def kind_of(item: Json) -> str:
    return str(item["kind"]["S"]) if "kind" in item else str(item["pk"]["S"]).partition("#")[0].lower()


def schemas() -> dict[str, Schema]:
    return {TABLE: Schema("pk", "sk", what=kind_of)}


class Ours:
    def __init__(self, here: Ground, cloud: Endpoints) -> None:
        self.here, self.cloud = here, cloud

    def lay_out(self, leads: int) -> None:
        """Leads as a confirmed opt-in leaves them, each with its own due entry for the first step."""
        base.bind(TABLE)
        publish(sample.playbook(), now=self.here.now)
        sequence, now = sample.material().sequence, self.here.now
        at = due_at(sequence.steps[0], sequence, now)
        items = []
        for profile in sample.people(leads):
            run = Enrolment(f"{profile.lead_id[-16:]}", 1, 0, keys.stamp(now), len(sequence.steps))
            ref = StepRef(profile.lead_id, sequence.id, 1, 0, run.id)
            state = State(
                lead_id=profile.lead_id,
                address_key=f"{profile.lead_id[-10:]:0>43}",
                topics={sequence.topic: "confirmed"},
                opt_in_mails=1,
                opt_in_mail_at=keys.stamp(now),
                enrolments={sequence.id: run},
            )
            entry = due.due_item(at, due.SEND, "step", ref.send_id, ref.message(), now)
            items += [profile_item(profile).serialize(), state_item(state).serialize(), entry.serialize()]
        self.cloud.ask("put", TABLE, items)
        due.move_cursor(due.SEND, at - timedelta(minutes=1))

    def next_minute(self) -> datetime | None:
        """The earliest minute with sends that was not read yet."""
        buckets = self.cloud.ask("partitions", TABLE, keys.DUE)
        minutes = [keys.minute_start(keys.due_minute_of(pk)) for pk in buckets if pk.endswith(f"#{due.SEND}")]
        return min((minute for minute in minutes if minute > self.here.now), default=None)

    def tick(self) -> None:
        self.here.timed(import_module("functions.step_mail_dispatch.handler").handler, {}, None)

    def drain(self) -> None:
        while records := self.cloud.ask("receive"):
            for start in range(0, len(records), BATCH):
                event = {"Records": records[start : start + BATCH]}
                answer = self.here.timed(import_module("functions.mail_sender.handler").handler, event, None)
                assert answer == {"batchItemFailures": []}, answer

    def run(self) -> None:
        """All steps of everybody. Idle minutes in between are skipped."""
        while (minute := self.next_minute()) is not None:
            self.here.now = minute
            due.move_cursor(due.SEND, minute - timedelta(minutes=1))
            self.tick()
            self.drain()
