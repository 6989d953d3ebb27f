"""A look at an experiment that goes on over several tasks: what it counts, and how far it has come. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sodate.experiments.intervals import Count


@dataclass(frozen=True)
class Look:
    """`until`: what happened later is not counted, so that all variants are seen at one moment.

    `exposure`: for how long each lead is seen, from its email on; one whose time is not over does not count.
    `next_batch`: the first batch, or lead of a split, that is not counted yet. `open`: leads that may still come to
    count. `robots`: leads with clicks by robots only.
    """

    until: datetime
    exposure: timedelta
    next_batch: int = 0
    counts: Mapping[str, Count] = field(default_factory=dict)
    open: int = 0
    robots: Mapping[str, int] = field(default_factory=dict)

    @property
    def leads(self) -> int:
        return sum(count.leads for count in self.counts.values())

    def counted(self, variant: str, count: Count, robots: int, still_open: int) -> "Look":
        """With one more batch, all of whose leads have this variant."""
        before = self.counts.get(variant, Count())
        return replace(
            self,
            counts={**self.counts, variant: before.plus(count.leads, count.successes)},
            robots={**self.robots, variant: self.robots.get(variant, 0) + robots},
            open=self.open + still_open,
        )

    def to_text(self) -> str:
        counts = {variant: [count.leads, count.successes] for variant, count in self.counts.items()}
        return json.dumps(
            {"until": self.until.isoformat(), "exposure": self.exposure.total_seconds(), "next": self.next_batch,
             "counts": counts, "open": self.open, "robots": dict(self.robots)}
        )  # fmt: skip

    @classmethod
    def parse(cls, text: str) -> "Look":
        stored = json.loads(text)
        counts = {variant: Count(*pair) for variant, pair in stored["counts"].items()}
        until, exposure = datetime.fromisoformat(stored["until"]), timedelta(seconds=stored["exposure"])
        return cls(until, exposure, int(stored["next"]), counts, int(stored["open"]), stored["robots"])
