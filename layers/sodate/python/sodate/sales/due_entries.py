"""Due entries of the lane `sales`. `signal` is the key of the signal; `tries`: failed notifications so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sodate.calls.call import CallDue
from sodate.scheduling.message import MessageTypes


@dataclass(frozen=True, slots=True)
class Digest:
    """The owner's digest of a minute (`2026-11-24T09:00`)."""

    what: ClassVar[str] = "digest"
    owner: str
    minute: str
    tries: int = 0

    def to_message(self) -> dict[str, Any]:
        return {"v": 1, "what": self.what, "owner": self.owner, "minute": self.minute, **_tries(self.tries)}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "Digest":
        return cls(str(message["owner"]), str(message["minute"]), int(message.get("tries", 0)))


@dataclass(frozen=True, slots=True)
class Notify:
    """A notification of this escalation level failed, and is tried again."""

    what: ClassVar[str] = "notify"
    lead_id: str
    signal: str
    escalation_level: int
    tries: int = 0

    def to_message(self) -> dict[str, Any]:
        return {**_leveled(self.what, self.lead_id, self.signal, self.escalation_level), **_tries(self.tries)}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "Notify":
        lead_id, signal = str(message["lead_id"]), str(message["signal"])
        return cls(lead_id, signal, int(message["escalation_level"]), int(message.get("tries", 0)))


@dataclass(frozen=True, slots=True)
class Deadline:
    """Feedback to the notification of this escalation level is due."""

    what: ClassVar[str] = "sla"
    lead_id: str
    signal: str
    escalation_level: int

    def to_message(self) -> dict[str, Any]:
        return _leveled(self.what, self.lead_id, self.signal, self.escalation_level)

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "Deadline":
        return cls(str(message["lead_id"]), str(message["signal"]), int(message["escalation_level"]))


@dataclass(frozen=True, slots=True)
class Expiry:
    """The feedback link ends."""

    what: ClassVar[str] = "expire"
    lead_id: str
    signal: str
    owner: str

    def to_message(self) -> dict[str, Any]:
        return {"v": 1, "what": self.what, "lead_id": self.lead_id, "signal": self.signal, "owner": self.owner}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "Expiry":
        return cls(str(message["lead_id"]), str(message["signal"]), str(message["owner"]))


@dataclass(frozen=True, slots=True)
class Recycle:
    """`feedback_key`: the feedback after which the lead enrolls in the sequence again."""

    what: ClassVar[str] = "recycle"
    lead_id: str
    signal: str
    feedback_key: str
    sequence: str

    def to_message(self) -> dict[str, Any]:
        lead = {"v": 1, "what": self.what, "lead_id": self.lead_id, "signal": self.signal}
        return {**lead, "answer": self.feedback_key, "sequence": self.sequence}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "Recycle":
        lead_id, signal = str(message["lead_id"]), str(message["signal"])
        return cls(lead_id, signal, str(message["answer"]), str(message["sequence"]))


SalesEntry = Digest | Notify | Deadline | Expiry | Recycle | CallDue

SALES_ENTRIES: MessageTypes[SalesEntry] = MessageTypes(
    name="due entry of sales",
    kinds="digest, notify, sla, expire, recycle or call",
    parsers={one.what: one.parse for one in (Digest, Notify, Deadline, Expiry, Recycle, CallDue)},
)


def _leveled(what: str, lead_id: str, signal: str, escalation_level: int) -> dict[str, Any]:
    return {"v": 1, "what": what, "lead_id": lead_id, "signal": signal, "escalation_level": escalation_level}


def _tries(tries: int) -> dict[str, int]:
    return {"tries": tries} if tries else {}
