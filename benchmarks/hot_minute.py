"""Figure 8: a million mails due in one minute.

Two parts on one clock each. The drain: the real dispatcher hands over all of them; in place of each sender stands one
that takes its time, reserves the same slots and sends nothing, so that a million fits into a minute. The keys: real
senders at the same rate on a part of them, since what a key takes in a second depends on the rate and not on how many
are still to come.
"""

import json
from datetime import timedelta
from typing import Any

from sodate.email.delivery.message import LARGEST_BATCH, EnrollmentBatch, EnrollmentRef
from sodate.email.reputation import rate_limiter
from sodate.scenarios.calendar import due_at
from sodate.scenarios.lane import lane_of
from sodate.scheduling import store as due

from benchmarks import sample
from benchmarks.fleet import FaultProfile, Fleet, HandOver, fleet
from benchmarks.harness import TABLE, Json

RATE = 2000


def measure(leads: int, real: int, seed: int = 1) -> dict[str, Any]:
    drained, keys = _drain(leads, seed), _keys(real, seed)
    hottest = {unit: max(drained["hottest"][unit], keys["hottest"][unit]) for unit in ("W", "R")}
    return {
        "leads": leads,
        "rate": RATE,
        "hottest_write_units_per_second": hottest["W"][0],
        "hottest_write_key": hottest["W"][1],
        "hottest_read_units_per_second": hottest["R"][0],
        "hottest_read_key": hottest["R"][1],
        "drain_s": drained["seconds"],
        "drain_of_limit": round(drained["seconds"] / (leads / RATE), 4),
        "ticks": drained["ticks"],
    }


class _StandIn(Fleet):
    """Senders that reserve and wait as ours do, but neither claim nor render nor send."""

    def _send(self, records: list[Json]) -> None:
        for record in records:
            batch = EnrollmentBatch.parse(json.loads(record["body"]))
            rate_limit = rate_limiter.load()
            size = rate_limit.bulk_size
            for start in range(0, len(batch.enrollments), size):
                part = batch.enrollments[start : start + size]
                self.time.sleep(self.fault_profile.table_s * len(part))  # their claims
                slot = rate_limiter.reserve(rate_limit, self.time.now).at
                if slot is None:
                    self._come_back(batch.of(batch.enrollments[start:]))
                    break
                self.time.sleep(max(0.0, (slot - self.time.now).total_seconds()))
                self.handed_over.append(HandOver(self.time.now, len(part), ()))
                self.time.sleep(self.fault_profile.ses_s)
        self._busy -= 1
        self._deliver()

    def _come_back(self, batch: EnrollmentBatch) -> None:
        now = self.time.now
        due.plan(now, lane_of(sample.material().sequence), batch.id, batch, now)


def _drain(leads: int, seed: int) -> Json:
    with fleet(seed, FaultProfile(), sample.START, _StandIn) as here:
        here.cloud.ask("set_rate", float(RATE))
        sequence, material, now = sample.material().sequence, sample.material(), sample.START
        at = due_at(sequence.steps[0], sequence, now, mailing=material.mailing)
        items = []
        for begin in range(0, leads, LARGEST_BATCH):
            runs = tuple(
                EnrollmentRef(sample.lead_id(n), f"{n:016d}", now) for n in range(begin, begin + LARGEST_BATCH)
            )
            batch = EnrollmentBatch(sequence.id, 1, 0, runs)
            items.append(due.due_item(at, lane_of(sequence), batch.id, batch, now).serialize())
        here.cloud.ask("put", TABLE, items)
        minute = here.ours.next_minute()
        assert minute is not None
        here.ours.go_to(minute)
        here.tick_every_minute(minute, ticks := leads // (RATE * 60) + 8)
        here.time.run()
        assert sum(call.mails for call in here.handed_over) == leads
        last = max(call.at for call in here.handed_over)
        first = min(call.at for call in here.handed_over)
        hottest = here.cloud.cloud.tables.meter.usage.hottest
        return {"seconds": (last - first).total_seconds(), "hottest": hottest, "ticks": ticks}


def _keys(leads: int, seed: int) -> Json:
    with fleet(seed, FaultProfile(), sample.START) as here:
        here.cloud.ask("set_rate", float(RATE))
        here.ours.lay_out_together(leads)
        minute = here.ours.next_minute()
        assert minute is not None
        here.ours.go_to(minute)
        here.tick_every_minute(minute, 8)
        here.time.run(minute + timedelta(minutes=8))
        return {"hottest": here.cloud.cloud.tables.meter.usage.hottest}
