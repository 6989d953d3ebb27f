"""Import bucket → queue: imports leads from a CSV file in chunks; a new message continues what takes longer."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sodate.imports.bucket import Bucket
from sodate.imports.receive import Receive
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, each_message

#: Budget of an invocation, within the timeout of 60 s; a chunk of 500 rows takes a few seconds.
ENOUGH = timedelta(seconds=35)


def handle(app: App, event: dict[str, Any]) -> Failures:
    clock, began = app.clock, app.clock.now()

    def go_on_later(message: Mapping[str, Any]) -> None:
        app.queues.put(app.settings.import_queue, [message])

    importer = Receive(
        bucket=Bucket(app.aws.client("s3")),
        definitions=app.definitions,
        address_secret=app.secrets.address_secret,
        new_id=app.new_id,
        pause=clock.pause,
        has_time=lambda: clock.now() - began < ENOUGH,
        send=go_on_later,
        now=began,
    )
    return each_message(app, event, importer.receive)


handler = on_lambda(handle)
