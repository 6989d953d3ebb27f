"""The due entry of a lead's session: at its end it becomes activities."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sodate.dynamodb import keys


@dataclass(frozen=True, slots=True)
class SessionEnd:
    what: ClassVar[str] = "session"
    visitor: str
    session_id: str
    started: datetime
    part: int

    @property
    def ref(self) -> str:
        return f"{self.visitor}/{self.session_id}/{self.part}"

    def to_message(self) -> dict[str, Any]:
        named = {"visitor": self.visitor, "session": self.session_id, "started": keys.stamp(self.started)}
        return {"v": 1, "what": self.what, **named, "part": self.part}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "SessionEnd":
        visitor, session_id, started = (str(message[name]) for name in ("visitor", "session", "started"))
        return cls(visitor, session_id, datetime.fromisoformat(started), int(message["part"]))
