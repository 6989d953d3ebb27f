"""Table stream: publishes changes as bus events, puts planned transactional emails on the send queue, counts for KPIs.

Counting and publishing do not depend on each other. A batch of which one part failed is delivered again,
and both are idempotent (event ids; ids of stream records).
"""

from typing import Any

from sodate.kpis.changes import changes_of, new_activities
from sodate.kpis.count import count
from sodate.kpis.mark import mark
from sodate.outbox.events import DomainEvent, outgoing
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, Record, each_group, image, whole_batch
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


def count_changes(app: App, records: list[Record]) -> int:
    mark(new_activities(records))
    return count(changes_of(records), app.planned_rounds, app.clock.now)


def handle(app: App, event: dict[str, Any]) -> Failures:
    published = each_group(app, event, lambda _, records: publish_changes(app, records))
    counted = whole_batch(app, event, lambda records: count_changes(app, records))
    return {"batchItemFailures": [*published["batchItemFailures"], *counted["batchItemFailures"]]}


handler = on_lambda(handle)
