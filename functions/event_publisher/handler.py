"""Table stream as outbox: publishes changes as bus events; puts planned transactional emails on the send queue."""

from typing import Any

from sodate.outbox.events import DomainEvent, outgoing
from sodate.runtime import container
from sodate.runtime.batch import Failures, Record, each_group, image
from sodate.runtime.bus import publish
from sodate.runtime.settings import setting


def act(_: str, records: list[Record]) -> str:
    routine = setting("SODATE_ANNOUNCE_ROUTINE") == "on"
    images = ((image(record, "OldImage"), image(record, "NewImage")) for record in records)
    outputs = [out for old, new in images for out in outgoing(old, new, routine=routine)]
    events = [out for out in outputs if isinstance(out, DomainEvent)]
    transactionals = [out.to_message() for out in outputs if not isinstance(out, DomainEvent)]
    publish([(event.detail_type, event.detail) for event in events])
    if transactionals:
        container.enqueue(transactionals)
    return "published" if outputs else "nothing"


def handler(event: dict[str, Any], _: object) -> Failures:
    return each_group(event, act)
