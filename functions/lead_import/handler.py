"""Import bucket → queue: imports leads from a CSV file in chunks; a new message continues what takes longer."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sodate.imports.bucket import Bucket
from sodate.imports.receive import Receive
from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, each_message
from sodate.runtime.settings import setting

#: Budget of an invocation, within the timeout of 60 s; a chunk of 500 rows takes a few seconds.
ENOUGH = timedelta(seconds=35)


def go_on_later(message: Mapping[str, Any]) -> None:
    queue = setting("SODATE_IMPORT_QUEUE_URL")
    container.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(message))


def handler(event: dict[str, Any], _: object) -> Failures:
    container.bind_table()
    began = clock.now()
    importer = Receive(
        bucket=Bucket(container.client("s3")),
        definitions=container.definitions(),
        address_secret=container.address_secret,
        new_id=container.new_id,
        pause=container.pause,
        has_time=lambda: clock.now() - began < ENOUGH,
        send=go_on_later,
        now=began,
    )
    return each_message(event, importer.receive)
