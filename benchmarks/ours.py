"""Sodate's own handlers on the zero-latency endpoints: dispatcher and sender, from due entry to ledger."""

from datetime import datetime, timedelta

from sodate.authoring.apply import publish
from sodate.dynamodb import keys
from sodate.email.delivery.dispatcher import DispatcherCache
from sodate.email.delivery.message import LARGEST_BATCH, EnrollmentBatch, EnrollmentRef
from sodate.leads.contact_state import ContactState, Enrollment
from sodate.leads.lead import Profile
from sodate.leads.store import profile_item, state_item
from sodate.scenarios.calendar import due_at
from sodate.scenarios.lane import lane_of
from sodate.scenarios.sequence import Sequence
from sodate.scheduling import store as due

from benchmarks import sample
from benchmarks.endpoints import Asked
from benchmarks.harness import TABLE, Harness, Json
from benchmarks.table import Schema

#: What the event source mapping hands the sender at once (infra/components/triggers.py).
BATCH = 10


def kind_of(item: Json) -> str:
    return str(item["kind"]["S"]) if "kind" in item else str(item["pk"]["S"]).partition("#")[0].lower()


def schemas() -> dict[str, Schema]:
    return {TABLE: Schema("pk", "sk", what=kind_of)}


class Ours:
    """`cloud` is `Endpoints` or `InProcess`: both answer `ask`."""

    def __init__(self, here: Harness, cloud: Asked) -> None:
        self.here, self.cloud = here, cloud

    def publish(self) -> None:
        publish(sample.playbook(), now=self.here.now)

    def lay_out(self, leads: int, first: int = 0) -> None:
        """Leads as a confirmed opt-in leaves them, each with its own due entry for the first step."""
        material, now = sample.material(), self.here.now
        sequence = material.sequence
        at = due_at(sequence.steps[0], sequence, now, mailing=material.mailing)
        items, lane = [], lane_of(sequence)
        for profile in sample.people(leads, first):
            run = EnrollmentRef(profile.lead_id, profile.lead_id[-16:], now)
            batch = EnrollmentBatch(sequence.id, 1, 0, (run,))
            entry = due.due_item(at, lane, batch.id, batch, now)
            items += [*lead_items(profile, run, sequence), entry.serialize()]
        self.cloud.ask("put", TABLE, items)

    def lay_out_together(self, leads: int, first: int = 0) -> None:
        """The same, but due in batches of fifty, as a sender plans its successors."""
        material, now = sample.material(), self.here.now
        sequence = material.sequence
        at = due_at(sequence.steps[0], sequence, now, mailing=material.mailing)
        items: list[Json] = []
        for begin in range(first, first + leads, LARGEST_BATCH):
            runs = []
            for profile in sample.people(min(LARGEST_BATCH, first + leads - begin), begin):
                runs.append(EnrollmentRef(profile.lead_id, profile.lead_id[-16:], now))
                items += lead_items(profile, runs[-1], sequence)
            batch = EnrollmentBatch(sequence.id, 1, 0, tuple(runs))
            items.append(due.due_item(at, lane_of(sequence), batch.id, batch, now).serialize())
        self.cloud.ask("put", TABLE, items)

    def next_minute(self) -> datetime | None:
        """The earliest minute with sends that was not read yet."""
        buckets = self.cloud.ask("partitions", TABLE, keys.DUE)
        lanes = {lane.name for lane in due.SENDING}
        minutes = {
            keys.minute_start(keys.due_minute_of(pk))
            for pk in buckets
            if pk.rpartition("#")[2].rstrip("0123456789") in lanes
        }
        return min((minute for minute in minutes if minute > self.here.now), default=None)

    def go_to(self, minute: datetime) -> None:
        """As if every minute before it had been ticked; those that hold nothing change nothing but the cursors."""
        self.here.now = minute
        self.here.app.dispatcher_cache = DispatcherCache()
        for lane in due.LANES:
            due.move_cursor(lane, minute - timedelta(minutes=1))

    def tick(self) -> None:
        self.here.call("step_mail_dispatch", {})

    def drain(self) -> None:
        while records := self.cloud.ask("receive"):
            for start in range(0, len(records), BATCH):
                event = {"Records": records[start : start + BATCH]}
                answer = self.here.call("email_sender", event)
                assert answer == {"batchItemFailures": []}, answer

    def run(self) -> None:
        """All steps of everybody. Idle minutes in between are skipped."""
        while (minute := self.next_minute()) is not None:
            self.go_to(minute)
            self.tick()
            self.drain()


def lead_items(profile: Profile, run: EnrollmentRef, sequence: Sequence, zone: str | None = None) -> list[Json]:
    since = keys.stamp(run.since or sample.START)
    state = ContactState(
        lead_id=profile.lead_id,
        address_key=f"{profile.lead_id[-10:]:0>43}",
        topics={sequence.topic: "confirmed"},
        opt_in_mails=1,
        opt_in_mail_at=since,
        enrollments={sequence.id: Enrollment(run.enrollment_id, 1, 0, since, len(sequence.steps))},
        zone=zone,
    )
    return [profile_item(profile).serialize(), state_item(state).serialize()]
