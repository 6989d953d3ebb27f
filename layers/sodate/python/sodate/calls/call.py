"""A call task as its scenario asks for it, and the due entry that reminds of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar


class CallState(StrEnum):
    OPEN = "open"
    DONE = "done"
    """The call has a result."""
    DROPPED = "dropped"
    """Nobody makes it any more, so it has no result."""


@dataclass(frozen=True)
class CallTask:
    """`key`: equal for each attempt to write it. `about`: scenario, step and key of the enrollment, for the activity.

    `signal`: the sort key of the signal by which sales is told.
    """

    lead_id: str
    key: str
    text: str
    due: datetime
    about: Mapping[str, str]
    signal: str


@dataclass(frozen=True, slots=True)
class CallDue:
    """The due time of a call has passed; an entry of the lane `sales`."""

    what: ClassVar[str] = "call"
    lead_id: str
    call: str

    @property
    def ref(self) -> str:
        return f"{self.lead_id}/{self.call}"

    def to_message(self) -> dict[str, Any]:
        return {"v": 1, "what": self.what, "lead_id": self.lead_id, "call": self.call}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "CallDue":
        return cls(str(message["lead_id"]), str(message["call"]))
