"""A review of a split's experiment, as a message of the send queue. It is here, because the dispatcher parses it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sodate.dynamodb import keys
from sodate.email.ledger.states import send_id


@dataclass(frozen=True, slots=True)
class ArmReview:
    """`at`: when it is due. `look`, `version`: of a review that goes on over several tasks, what it has counted, under
    which live version of the scenario.
    """

    what: ClassVar[str] = "arm_review"
    scenario: str
    step: str
    at: datetime
    look: str | None = None
    version: int = 0

    @property
    def ref(self) -> str:
        """Equal for equal reviews, so that planning one twice has no further effect."""
        return send_id("arm_review", self.scenario, self.step, keys.stamp(self.at), self.look or "")

    def to_message(self) -> dict[str, Any]:
        named = {"scenario": self.scenario, "step": self.step, "at": keys.stamp(self.at)}
        counted = {"look": self.look, "version": self.version} if self.look is not None else {}
        return {"v": 1, "what": self.what, **named, **counted}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "ArmReview":
        at, look = datetime.fromisoformat(str(message["at"])), message.get("look")
        version = int(message.get("version", 0))
        return cls(str(message["scenario"]), str(message["step"]), at, str(look) if look else None, version)
