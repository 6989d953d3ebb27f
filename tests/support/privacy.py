"""The parts of a stage that an erasure works on, in process: ledger and import bucket on moto, the world's queues."""

from typing import Any

import boto3
from ses_simulator.inbound import Answer, as_received, notification_of, raw_answer, sqs_event_of_notification
from sodate.consent.consent import RETENTION
from sodate.leads.address import address_key, parse_address
from sodate.playbook.store import Definitions
from sodate.privacy.erase import Eraser
from sodate.privacy.files import ImportFiles
from sodate.privacy.ledger import ErasureLedger
from sodate.privacy.letters import DeadLetters
from sodate.replies.bucket import ReplyBucket

from tests.support.world import World

LEDGER, IMPORTS, REPLIES = "sodate-test-erasures", "sodate-test-imports", "sodate-test-replies"
SECRET = b"an-address-key"


def make_buckets(*, versioned: bool = True) -> None:
    s3: Any = boto3.client("s3")
    for name in (LEDGER, IMPORTS):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
        if versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def eraser_of(world: World) -> Eraser:
    client: Any = boto3.client
    return Eraser(
        Definitions(),
        SECRET,
        ErasureLedger(client("s3"), LEDGER),
        ImportFiles(client("s3"), IMPORTS),
        DeadLetters(client("sqs"), [world.dlq, world.event_dlq], wait_seconds=0),
        RETENTION,
        world.now,
        ReplyBucket(client("s3"), REPLIES) if world.settings.get("SODATE_REPLY_BUCKET") == REPLIES else None,
    )


def receive_replies(world: World, domain: str) -> None:
    """From now on email has reply addresses; raw email lies in a bucket of moto."""
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket=REPLIES, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    world.settings |= {"SODATE_REPLY_DOMAIN": domain, "SODATE_REPLY_BUCKET": REPLIES}
    world.new_process()


def reply_to(world: World, mail: Any, text: str) -> None:
    """The lead answers, SES stores it, and S3 notifies."""
    s3: Any = boto3.client("s3")
    raw = as_received(raw_answer(mail, Answer(text), world.now), mail.reply_to[0], world.now, mail.recipient)
    key = f"inbound/{len(s3.list_objects_v2(Bucket=REPLIES).get('Contents', ())):04}"
    s3.put_object(Bucket=REPLIES, Key=key, Body=raw)
    event = sqs_event_of_notification(notification_of(REPLIES, key, len(raw), world.now))
    assert world.call("inbound_email", event) == {"batchItemFailures": []}


def key_of_address(address: str) -> str:
    return address_key(parse_address(address).match, SECRET)
