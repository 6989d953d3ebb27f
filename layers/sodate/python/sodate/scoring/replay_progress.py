"""What a replay of all scores is asked for, and what one of its tasks achieved. Pure."""

from dataclasses import dataclass, field

from sodate.dynamodb.item import Row


@dataclass
class TaskResult:
    """Progress made by one task. `unreadable`: ids of leads that were skipped because their items cannot be read."""

    position: Row | None
    leads: int = 0
    changed: int = 0
    hot: int = 0
    unreadable: list[str] = field(default_factory=list)
    ended: str | None = None


@dataclass(frozen=True)
class ReplayOptions:
    """`notify`: leads that become hot get a signal for sales. `announce`: segments entered and left are activities and
    bus events.
    """

    notify: bool = False
    announce: bool = False
