"""The watch entry of a batch: from it the sweeper finds claimed emails without an outcome.

A broadcast is never attempted again by itself: an email with an unknown outcome stays on the list for an operator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sodate.broadcasts.run import Run
from sodate.dynamodb import keys
from sodate.email.delivery.watch import WatchedSend
from sodate.email.ledger.states import BROADCAST, RANK
from sodate.email.ledger.store import SendItem


@dataclass(frozen=True, slots=True)
class BroadcastWatch:
    """`mark`: what a claim of this run adds to STATE. `leads` empty: every outcome is known."""

    what: ClassVar[str] = "watch"
    run: Run
    mark: str
    leads: tuple[str, ...]
    began: datetime

    def to_message(self) -> dict[str, Any]:
        named = {"source": BROADCAST, "broadcast": self.run.broadcast, "run": self.run.occurrence, "mark": self.mark}
        versions = {"version": self.run.version}
        return {
            "v": 1, "what": self.what, **named, **versions, "leads": list(self.leads), "began": keys.stamp(self.began)
        }  # fmt: skip

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "BroadcastWatch":
        run = Run(str(message["broadcast"]), str(message["run"]), version=int(message["version"]))
        leads = tuple(str(lead_id) for lead_id in message["leads"])
        return cls(run, str(message["mark"]), leads, datetime.fromisoformat(str(message["began"])))

    def sends(self) -> list[WatchedSend]:
        return [
            WatchedSend(lead_id, self.run.send_id(lead_id), (keys.lead(lead_id), keys.STATE), None)
            for lead_id in self.leads
        ]

    def is_claimed(self, send: WatchedSend, item: Mapping[str, Any]) -> bool:
        return self.mark in item.get("runs", ())

    def ledger_item(self, send: WatchedSend, now: datetime) -> SendItem:
        return broadcast_send(self.run, send.lead_id, "", "", now)

    def check(self, unclear: Sequence[tuple[WatchedSend, Mapping[str, Any]]], now: datetime) -> None:
        return None


def broadcast_send(
    run: Run, lead_id: str, template: str, topic: str, now: datetime, variant: str | None = None
) -> SendItem:
    """The ledger item of an email of a broadcast, not settled yet. `variant`: of its experiment."""
    return SendItem(
        keys.lead(lead_id),
        keys.send(run.send_id(lead_id)),
        purpose="marketing",
        name=BROADCAST,
        state="planned",
        rank=RANK["planned"],
        topic=topic,
        template=template,
        template_version=run.version_of(template) or None,
        variant=variant,
        broadcast=run.broadcast,
        broadcast_version=run.version,
        run=run.occurrence,
        planned_at=keys.stamp(now),
    )
