"""The design that most people would write on the same services, working and fair; the yardstick of figures 5, 6 and 9.

Due index: a GSI on the enrollment. Dispatcher: queries it, one queue message per lead. Worker: Powertools batch and
idempotency (DynamoDB), PynamoDB models, ledger item put then updated, one `SendEmail` per mail with boto3, one counter
update and one log line per mail. Same templates, same renderer, same unsubscribe links, same batch size as the SQS
default of 10. What it does not do: a claim against an opt-out of the same moment, caps, pacing, unknown outcomes.
"""

import json
from datetime import datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model
from sodate.consent.links import Links
from sodate.email.content.render import render
from sodate.scenarios.calendar import due_at
from sodate.signing import Signer

from benchmarks import sample
from benchmarks.endpoints import SIGNING_KEYS, Endpoints
from benchmarks.harness import SERVICE, Harness, Json
from benchmarks.table import Index, Schema

LEADS, ENROLLMENTS, SENDS = "naive-leads", "naive-enrollments", "naive-sends"
COUNTERS, IDEMPOTENCY = "naive-counters", "naive-idempotency"
BATCH = 10


def schemas() -> dict[str, Schema]:
    return {
        LEADS: Schema("lead_id"),
        ENROLLMENTS: Schema("lead_id", "sequence", (Index("due", "due_minute", "lead_id", keys_only=False),)),
        SENDS: Schema("lead_id", "send_id"),
        COUNTERS: Schema("id"),
        IDEMPOTENCY: Schema("id"),
    }


class Lead(Model):
    class Meta:
        table_name = LEADS
        region = "us-east-1"

    lead_id = UnicodeAttribute(hash_key=True)
    email = UnicodeAttribute()
    data: MapAttribute[str, Any] = MapAttribute()
    topics: MapAttribute[str, Any] = MapAttribute()
    blocked = UnicodeAttribute(null=True)
    score = NumberAttribute(default=0)


class DueIndex(GlobalSecondaryIndex["Enrollment"]):
    class Meta:
        index_name = "due"
        projection = AllProjection()

    due_minute = UnicodeAttribute(hash_key=True)
    lead_id = UnicodeAttribute(range_key=True)
    sequence = UnicodeAttribute()
    step = NumberAttribute()


class Enrollment(Model):
    class Meta:
        table_name = ENROLLMENTS
        region = "us-east-1"

    lead_id = UnicodeAttribute(hash_key=True)
    sequence = UnicodeAttribute(range_key=True)
    step = NumberAttribute()
    since = UnicodeAttribute()
    due_minute = UnicodeAttribute(null=True)
    due = DueIndex()


class Send(Model):
    class Meta:
        table_name = SENDS
        region = "us-east-1"

    lead_id = UnicodeAttribute(hash_key=True)
    send_id = UnicodeAttribute(range_key=True)
    status = UnicodeAttribute()
    template = UnicodeAttribute()
    message_id = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()
    sent_at = UnicodeAttribute(null=True)


class Counter(Model):
    class Meta:
        table_name = COUNTERS
        region = "us-east-1"

    id = UnicodeAttribute(hash_key=True)
    sent = NumberAttribute(default=0)


class Context:
    """What Powertools asks of Lambda's context."""

    function_name = "naive"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:1:function:naive"
    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Naive:
    def __init__(self, here: Harness, cloud: Endpoints) -> None:
        self.here, self.cloud = here, cloud
        self._sequence, self._mailing = sample.material().sequence, sample.material().mailing
        self._links = Links(sample.PUBLIC_URL, Signer((SIGNING_KEYS["keys"][0]["key"],)))
        self._logger = Logger(service=SERVICE)
        self._ses, self._sqs = boto3.client("sesv2"), boto3.client("sqs")
        self._processor = BatchProcessor(event_type=EventType.SQS)
        config = IdempotencyConfig(expires_after_seconds=3600)
        config.register_lambda_context(Context())  # type: ignore[arg-type]
        self._send = idempotent_function(
            self._send_step,
            data_keyword_argument="task",
            persistence_store=DynamoDBPersistenceLayer(table_name=IDEMPOTENCY),
            config=config,
        )
        for model in (Lead, Enrollment, Send, Counter):
            model._connection = None  # an earlier run talked to another server

    def lay_out(self, leads: int, first: int = 0) -> None:
        at = due_at(self._sequence.steps[0], self._sequence, self.here.now).isoformat()
        people, runs = [], []
        for profile in sample.people(leads, first):
            data, topics = sample.merge_only(profile), {self._sequence.topic: "confirmed"}
            people.append(Lead(profile.lead_id, email=profile.mailbox, data=data, topics=topics).serialize())
            since = self.here.now.isoformat()
            run = Enrollment(profile.lead_id, self._sequence.id, step=0, since=since, due_minute=at)
            runs.append(run.serialize())
        self.cloud.ask("put", LEADS, people)
        self.cloud.ask("put", ENROLLMENTS, runs)

    # -- the product -----------------------------------------------------------------------------------------------

    def dispatch(self) -> int:
        """Every minute: one message per lead that is due."""
        tasks = [
            json.dumps({"lead_id": run.lead_id, "sequence": run.sequence, "step": int(run.step)})
            for run in Enrollment.due.query(self.here.now.isoformat())
        ]
        for start in range(0, len(tasks), BATCH):
            entries = [{"Id": str(n), "MessageBody": task} for n, task in enumerate(tasks[start : start + BATCH])]
            self._sqs.send_message_batch(QueueUrl="https://sqs.us-east-1.amazonaws.com/1/send", Entries=entries)
        return len(tasks)

    def work(self, event: Json) -> Json:
        return dict(process_partial_response(event, self._record, self._processor, Context()))  # type: ignore[arg-type]

    def _record(self, record: Any) -> None:
        self._send(task=json.loads(record.body))

    def _send_step(self, task: Json) -> str:
        run = Enrollment.get(task["lead_id"], task["sequence"])
        lead = Lead.get(task["lead_id"])
        step = self._sequence.steps[task["step"]]
        if int(run.step) != task["step"] or lead.blocked or lead.topics[self._sequence.topic] != "confirmed":
            return "skipped"
        send_id = f"{task['sequence']}-{task['step']}"
        created = self.here.now.isoformat()
        send = Send(task["lead_id"], send_id, status="sending", template=step.template, created_at=created)
        send.save()
        message_id = self._mail(lead, task["step"], send_id)
        send.update([Send.status.set("sent"), Send.message_id.set(message_id), Send.sent_at.set(created)])
        self._advance(run)
        Counter(f"{task['sequence']}-{task['step']}").update([Counter.sent.add(1)])
        self._logger.info("mail sent", extra={"lead_id": task["lead_id"], "send_id": send_id, "message_id": message_id})
        return "sent"

    def _advance(self, run: Enrollment) -> None:
        following = int(run.step) + 1
        actions = [Enrollment.step.set(following)]
        if following < len(self._sequence.steps):
            at = due_at(self._sequence.steps[following], self._sequence, datetime.fromisoformat(run.since))
            actions.append(Enrollment.due_minute.set(at.isoformat()))
        else:
            actions.append(Enrollment.due_minute.remove())
        run.update(actions)

    def _mail(self, lead: Lead, step: int, send_id: str) -> str:
        template, sender = sample.material().templates[step], self._mailing.sender
        url = self._links.unsubscribe(lead.lead_id, send_id, self._sequence.topic, self.here.now)
        values = {
            "lead": lead.data.as_dict(),
            "sender": _sender(),
            "brand": self._mailing.brand.merge_fields,
            "unsubscribe_url": url,
            "preferences_url": url,
            "preheader": template.preheader,
        }
        mail = render(template.subject, template.html, template.text, values)
        headers = [
            {"Name": "List-Unsubscribe", "Value": f"<{url}>"},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
        ]
        body = {"Html": {"Data": mail.html}, "Text": {"Data": mail.text}}
        answer = self._ses.send_email(
            FromEmailAddress=sender.from_address,
            Destination={"ToAddresses": [lead.email]},
            Content={"Simple": {"Subject": {"Data": mail.subject}, "Body": body, "Headers": headers}},
            EmailTags=[{"Name": "lead_id", "Value": lead.lead_id}, {"Name": "send_id", "Value": send_id}],
            ConfigurationSetName="bench",
        )
        return str(answer["MessageId"])

    # -- the driver ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        since = self.here.now
        for step in self._sequence.steps:
            self.here.now = due_at(step, self._sequence, since)
            self.here.timed(self.dispatch)
            records = self.cloud.ask("receive")
            for start in range(0, len(records), BATCH):
                batch = [
                    {**record, "eventSource": "aws:sqs", "attributes": {}} for record in records[start : start + BATCH]
                ]
                answer = self.here.timed(self.work, {"Records": batch})
                assert answer == {"batchItemFailures": []}, answer


@cache
def _sender() -> Json:
    return sample.material().mailing.sender.model_dump(exclude_none=True)
