"""Watch entries: which sends one attempt contains, for the sweeper.

A source of marketing email has a watch entry of its own (`WatchedSource`), with the name of the source in `source`.
Entries of step mails and of transactional emails have no `source`: earlier releases read them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from sodate.dynamodb import keys
from sodate.email.delivery.message import TransactionalSend
from sodate.email.ledger.states import STEP, send_id
from sodate.email.ledger.store import SendItem
from sodate.errors import Invalid
from sodate.scheduling import store as due
from sodate.scheduling.message import M, Message, Parser

AFTER = timedelta(minutes=15)
TRANSACTIONAL = "transactional"


@dataclass(frozen=True, slots=True)
class WatchedSend:
    """`claimed`: key of the item that the claim of this send writes. `reference`: what its source knows it by."""

    lead_id: str
    send_id: str
    claimed: tuple[str, str]
    reference: Any


class CheckEntry(Message, Protocol):
    """A due entry that decides hours later whether unknown sends are attempted again."""

    @property
    def ref(self) -> str:
        """Equal for equal entries."""


class WatchedSource(Message, Protocol):
    """The watch entry of one attempt to send email of one source. `what` is `watch`."""

    @property
    def began(self) -> datetime: ...

    def sends(self) -> Sequence[WatchedSend]: ...

    def is_claimed(self, send: WatchedSend, item: Mapping[str, Any]) -> bool:
        """`item`: the item under `claimed`, as plain values; empty when there is none."""

    def ledger_item(self, send: WatchedSend, now: datetime) -> SendItem:
        """For a claimed send without a ledger item: not settled yet."""

    def check(self, unclear: Sequence[tuple[WatchedSend, Mapping[str, Any]]], now: datetime) -> CheckEntry | None:
        """`unclear`: sends without an outcome, each with its item under `claimed`. None: never attempted again."""


@dataclass(frozen=True, slots=True)
class TransactionalWatch:
    """`sends`: (lead id, send id)."""

    what: ClassVar[str] = "watch"
    sends: tuple[tuple[str, str], ...]
    began: datetime

    def to_message(self) -> dict[str, Any]:
        sends = [list(send) for send in self.sends]
        return {"v": 1, "what": self.what, "sends": sends, "began": keys.stamp(self.began)}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "TransactionalWatch":
        sends = tuple((str(lead_id), str(send)) for lead_id, send in message["sends"])
        return cls(sends, datetime.fromisoformat(str(message["began"])))


def by_source(parsers: Mapping[str, Parser[M]]) -> Parser[M]:
    """The parser of a kind of entry that several sources have. `parsers`: by the name of the source."""

    def parse(message: Mapping[str, Any]) -> M:
        source = str(message.get("source") or (TRANSACTIONAL if "sends" in message else STEP))
        if source not in parsers:
            raise Invalid(f"there is no source of email {source[:40]!r}", "message")
        return parsers[source](message)

    return parse


def plan_watch(entry: WatchedSource | TransactionalWatch, ref: str, now: datetime) -> None:
    """Before the first claim, with all sends of the attempt; afterwards with those without a known outcome, usually
    none, under the same `ref`.
    """
    due.plan(entry.began + AFTER, due.WATCH, ref, entry, now)


def watch_transactionals(sends: Sequence[TransactionalSend], batch_id: str, now: datetime) -> None:
    """One entry for a whole batch, before its attempts.

    Its key contains every send: two batches that begin with the same message must not overwrite each other's entry.
    """
    if sends:
        entry = TransactionalWatch(tuple((send.lead_id, send.send_id) for send in sends), now)
        plan_watch(entry, send_id(batch_id, *(send.send_id for send in sends)), now)
