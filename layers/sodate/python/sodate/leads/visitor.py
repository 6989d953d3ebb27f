"""A visitor of the website, known by a random id of the browser, and the message that says which lead it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sodate.messages import Message

_VISITOR_ID = re.compile(r"[0-9a-f]{32}")


def is_visitor_id(text: str | None) -> bool:
    return text is not None and _VISITOR_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class VisitorIdentified:
    """`by`: `form:<form id>` or `link`. `at`: when the form was posted, or the link of an email was opened."""

    what: ClassVar[str] = "visitor"
    visitor: str
    lead_id: str
    by: str
    at: datetime

    @property
    def ref(self) -> str:
        """One entry a minute for equal facts, however often a stranger repeats them."""
        return f"{self.visitor}/{self.lead_id}"

    def to_message(self) -> dict[str, Any]:
        named = {"visitor": self.visitor, "lead": self.lead_id, "by": self.by}
        return {"v": 1, "what": self.what, **named, "at": self.at.isoformat()}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "VisitorIdentified":
        visitor, lead_id, by, at = (str(message[name]) for name in ("visitor", "lead", "by", "at"))
        if not is_visitor_id(visitor):
            raise ValueError(Message("not a visitor id"))
        return cls(visitor, lead_id, by, datetime.fromisoformat(at))
