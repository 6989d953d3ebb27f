"""Every five minutes: attempts without an outcome are settled by evidence, repeated (notices), listed or made again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sodate.due import store as due
from sodate.due.dispatch import dispatch
from sodate.errors import Transient
from sodate.mail.ledger import send_id as hash_of
from sodate.mail.sweep import sweep
from sodate.runtime import clock, container
from sodate.runtime.logs import logger
from sodate.runtime.metrics import Metric, count
from sodate.scenarios.next_attempt import NextAttempts

#: An invocation that is older than this begins no further entry. One entry is a few calls; the function has 60 s.
_LATEST_ENTRY = timedelta(seconds=40)
#: An entry that fails for no reason of the table's is tried again so often.
_TRIES = 24


@dataclass
class _Sweep:
    began: datetime
    look: NextAttempts
    counted: Counter[str] = field(default_factory=Counter)

    def hand_over(self, entries: Sequence[Mapping[str, Any]]) -> int:
        """How many were dealt with; the cursor stops behind them when time or table end this run."""
        for number, entry in enumerate(entries):
            if clock.now() - self.began > _LATEST_ENTRY:
                return number
            try:
                self._deal_with(entry)
            except Transient as error:
                logger().warning("the sweep stops for now", extra={"why": str(error)})
                return number
        return len(entries)

    def _deal_with(self, entry: Mapping[str, Any]) -> None:
        """Raises `Transient`."""
        now = clock.now()
        try:
            if entry.get("what") == "look":
                self.counted["again"] += self.look.look(entry, now)
            else:
                self.counted["unknown"] += sweep(entry, now)
        except Transient:
            raise
        except Exception as error:  # noqa: BLE001  one entry must not keep all others from being looked at
            _once_more(entry, error, now)


def _once_more(entry: Mapping[str, Any], error: Exception, now: datetime) -> None:
    failures, what = int(entry.get("failures", 0)) + 1, str(entry.get("what", "watch"))
    why = {"why": f"{type(error).__name__}: {error}"[:300], "what": what, "failures": failures}
    logger().error("an entry of the sweep failed", extra=why)
    if failures < _TRIES:
        ref = hash_of(*(f"{name}={value}" for name, value in sorted(entry.items())))
        due.plan(now + timedelta(hours=1), due.WATCH, what, ref, {**entry, "failures": failures}, now)


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    run = _Sweep(clock.now(), NextAttempts(container.definitions(), container.has_event_letters))
    tick = dispatch(due.WATCH, run.hand_over, container.dispatch_memory().cursors, run.began)
    if run.counted["unknown"]:
        count(Metric.SENDS_UNKNOWN, run.counted["unknown"])
    if run.counted["again"]:
        count(Metric.SENDS_AGAIN, run.counted["again"])
    return {"minutes": tick.minutes, "looked_at": tick.handed_over, "unknown": run.counted["unknown"]}
