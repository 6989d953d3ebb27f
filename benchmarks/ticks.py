"""Figure 7: what a tick costs when 1,000 leads are due, among ever more leads that are not."""

import json
from datetime import timedelta
from typing import Any

from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.scenarios.calendar import due_at
from sodate.scenarios.lane import lane_of
from sodate.scheduling import store as due

from benchmarks import sample
from benchmarks.harness import TABLE, Harness, Json
from benchmarks.inside import InProcess, inside
from benchmarks.ours import Ours, schemas

DUE = 1000
#: How the waiting leads lie in time: a batch of fifty in each of these next minutes, over and over.
_SPREAD_MINUTES = 7 * 24 * 60
_FORBIDDEN = ("Scan", "PartiQL", "ExecuteStatement")


def measure(populations: tuple[int, ...]) -> dict[str, Any]:
    found = {str(leads): _ticks(leads) for leads in populations}
    units = [one["due"]["write_units"] + one["due"]["read_units"] for one in found.values()]
    calls = [sum(one["due"]["calls"].values()) for one in found.values()]
    idle = max(one["idle"]["read_units"] for one in found.values())
    shards = sum(lane.shards for lane in due.SENDING)
    return {
        "populations": found,
        "units_max_by_min": round(max(units) / min(units), 4),
        "calls_max_by_min": round(max(calls) / min(calls), 4),
        "idle_read_units": idle,
        "idle_allowed": shards * 0.5,
        "shards": shards,
        "idle_write_units": max(one["idle"]["write_units"] for one in found.values()),
    }


def _ticks(leads: int) -> Json:
    """One tick with `DUE` leads due and, a few minutes later, one with none; `leads` wait for later minutes."""
    with inside(schemas()) as (here, cloud):
        ours = Ours(here, cloud)
        ours.publish()
        ours.lay_out(DUE)
        minute = ours.next_minute()
        assert minute is not None
        _lay_out_waiting(leads - DUE, here, cloud)
        ours.go_to(minute - timedelta(minutes=2))
        ours.tick()  # a warm process: it knows its cursors, the pace and the definitions
        here.now = minute - timedelta(minutes=1)
        idle = _one(ours, cloud)
        here.now = minute
        busy = _one(ours, cloud)
        handed = sum(len(message["leads"]) for message in _bodies(cloud))
        assert handed == DUE, handed
        return {"idle": idle, "due": busy}


def _one(ours: Ours, cloud: InProcess) -> Json:
    cloud.ask("measure_anew")
    ours.tick()
    usage = cloud.ask("usage")
    assert not [name for name in usage["calls"] if name in _FORBIDDEN], "a tick never scans"
    return {name: usage[name] for name in ("write_units", "read_units", "calls", "other_calls")}


def _bodies(cloud: InProcess) -> list[Json]:

    return [json.loads(record["body"]) for record in cloud.ask("receive")]


def _lay_out_waiting(leads: int, here: Harness, cloud: InProcess) -> None:
    """Their due entries only, as a sender packs them; a tick that looked at a lead's own items would not find them."""
    sequence = sample.material().sequence
    first = due_at(sequence.steps[0], sequence, here.now, mailing=sample.material().mailing) + timedelta(minutes=5)
    lane, items = lane_of(sequence), []
    for number in range(0, max(leads, 0), 50):
        runs = tuple(
            EnrollmentRef(sample.lead_id(10**8 + one), f"{one:016d}", here.now)
            for one in range(number, min(number + 50, leads))
        )
        batch = EnrollmentBatch(sequence.id, 1, 1, runs)
        at = first + timedelta(minutes=(number // 50) % _SPREAD_MINUTES)
        items.append(due.due_item(at, lane, batch.id, batch, here.now).serialize())
    cloud.ask("put", TABLE, items)
