"""Table stream as outbox: publishes changes as bus events; puts planned transactional emails on the send queue."""

from typing import Any

from sodate.outbox.events import DomainEvent, outgoing
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, Record, each_group, image
from sodate.runtime.bus import publish


def publish_changes(app: App, records: list[Record]) -> str:
    routine = app.settings.announce_routine == "on"
    images = ((image(record, "OldImage"), image(record, "NewImage")) for record in records)
    outputs = [out for old, new in images for out in outgoing(old, new, routine=routine)]
    events = [out for out in outputs if isinstance(out, DomainEvent)]
    transactionals = [out.to_message() for out in outputs if not isinstance(out, DomainEvent)]
    publish(app.aws.client("events"), app.settings.bus, [(event.detail_type, event.detail) for event in events])
    if transactionals:
        app.queues.enqueue(transactionals)
    return "published" if outputs else "nothing"


def handle(app: App, event: dict[str, Any]) -> Failures:
    return each_group(app, event, lambda _, records: publish_changes(app, records))


handler = on_lambda(handle, uses_table=False)
