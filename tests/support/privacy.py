"""The parts of a stage that an erasure works on, in process: ledger and import bucket on moto, the world's queues."""

from typing import Any

import boto3
from sodate.consent.consent import RETENTION
from sodate.leads.address import address_key, parse_address
from sodate.playbook.store import Definitions
from sodate.privacy.erase import Eraser
from sodate.privacy.files import ImportFiles
from sodate.privacy.ledger import ErasureLedger
from sodate.privacy.letters import DeadLetters

from tests.support.world import World

LEDGER, IMPORTS = "sodate-test-erasures", "sodate-test-imports"
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
    )


def key_of_address(address: str) -> str:
    return address_key(parse_address(address).match, SECRET)
