"""Approval: another person than the editor releases a version of a broadcast, with the version of its template."""

from dataclasses import dataclass
from datetime import datetime

from sodate.broadcasts.advance import plan_run
from sodate.broadcasts.broadcast import Broadcast, occurrence_of
from sodate.broadcasts.schedule import next_local
from sodate.broadcasts.store import Approval, approval_writes
from sodate.broadcasts.surroundings import surroundings_digest
from sodate.email.mailing import Mailing
from sodate.errors import Conflict
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed


@dataclass(frozen=True)
class Approved:
    """`occurrence`: the run that is planned next."""

    approval: Approval
    occurrence: str


def approve(definitions: Definitions, broadcast_id: str, person: str, now: datetime) -> Approved:
    """Approve the live version with its templates, segments, sender and topic, and plan its next run.

    Raises:
        NotFound: there is no such broadcast, or no template.
        Conflict: it is not released, its time has passed, or `person` applied it.
    """
    stored = definitions.live("broadcast", broadcast_id)
    broadcast, mailing = parsed(stored, Broadcast), parsed(definitions.live("mailing"), Mailing)
    template, *others = (definitions.live("template", one) for one in broadcast.templates())
    if broadcast.status != "released":
        raise Conflict(
            Message(
                "broadcast {broadcast_id!r} is a draft: write `status: released` and apply it",
                broadcast_id=broadcast_id,
            )
        )
    for one in (stored, template, *others):
        if one.applied_by is None:
            raise Conflict(
                Message("it is not known who applied {name}: change it and apply it with this release", name=one.name)
            )
        if one.applied_by == person:
            raise Conflict(
                Message("{person} applied {name}: another person must approve it", person=person, name=one.name)
            )
    local = next_local(broadcast, mailing, now)
    if local is None:
        raise Conflict(
            Message(
                "the time of broadcast {broadcast_id!r} has passed: write another one and apply it",
                broadcast_id=broadcast_id,
            )
        )
    at, versions = now.isoformat(timespec="seconds"), {one.id: one.version for one in others}
    approval = Approval(stored.version, template.version, person, at, versions, surroundings_digest(broadcast))
    approval_writes(broadcast_id, approval, plan_run(broadcast, mailing, local, now))
    return Approved(approval, occurrence_of(local))
