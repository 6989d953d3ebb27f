"""The due entry of a lead whose membership may change by time alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class SegmentReview:
    lead_id: str
    what: ClassVar[str] = "segments"

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "SegmentReview":
        return cls(str(message["lead"]))

    def to_message(self) -> dict[str, Any]:
        return {"v": 1, "what": self.what, "lead": self.lead_id}
