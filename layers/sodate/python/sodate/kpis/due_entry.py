"""Due entry of a partition that has changes for the totals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sodate.scheduling.message import MessageTypes


@dataclass(frozen=True, slots=True)
class CountsWaiting:
    what: ClassVar[str] = "kpi"
    partition: str

    def to_message(self) -> dict[str, Any]:
        return {"v": 1, "what": self.what, "partition": self.partition}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "CountsWaiting":
        return cls(str(message["partition"]))


KPI_ENTRIES: MessageTypes[CountsWaiting] = MessageTypes(
    "due entry of the lane kpi", "kpi", {CountsWaiting.what: CountsWaiting.parse}
)
