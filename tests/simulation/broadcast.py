"""A large broadcast on a bad day: crashes, duplicate deliveries, pauses, an outage of SES, opt-outs and leavers.

The real handlers on the simulated world. Afterwards each lead got it at most once, every email has an outcome that is
true, and the counts add up. `python -m tests.simulation --broadcast-leads 100000` plays one of any size.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from ses_simulator.envelopes import sqs_event_of
from ses_simulator.errors import Fault
from sodate.broadcasts import control
from sodate.broadcasts.progress import progress_of
from sodate.broadcasts.run import Run
from sodate.broadcasts.store import batches_of, load_run
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.email.ledger.states import FINAL, RANK
from sodate.email.ledger.store import find_sends
from sodate.errors import SodateError

from tests.fakes.queues import Queue
from tests.simulation.fault_profile import ses_faults
from tests.simulation.world import SimulatedWorld
from tests.support.broadcasting import add_member, publish_approved, put_in

_MINUTE = timedelta(minutes=1)
#: Minutes, from the run's time on, in which SES does not answer, and in which the run is paused.
_OUTAGE, _PAUSES = range(8, 14), (range(4, 7), range(18, 24))
_ROUGH_MINUTES = 45
#: In a rough minute, so many deliveries at the most: a message that fails comes again later.
_DELIVERIES = 400
#: SES's events enter their queue so many at a time: the fake of the queue is slow when it is long.
_AT_ONCE = 50


@dataclass
class Result:
    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.broken.append(otherwise)


class BadDay:
    def __init__(self, world: SimulatedWorld, leads: int) -> None:
        self.world = world
        self.leads = [add_member(f"lead{number:06d}") for number in range(leads)]
        self.opted_out: dict[str, int] = {}
        self.rough_fault = ses_faults(world.rng, lambda: world.is_rough)
        world.ses.simulator.fault_for = lambda _: None
        # The whole list leaves in about twenty minutes.
        world.ses.simulator.account.max_send_rate = max(5.0, leads / 1_200)
        world.ses.simulator.account.max_24_hour_send = 2.0 * leads + 1_000
        world.act_meanwhile = self.act
        self.occurrence = publish_approved(world.now, once="2026-11-24T12:00", exclude=())

    @property
    def run(self) -> Run:
        return load_run("monthly", self.occurrence)

    # -- what people do meanwhile --------------------------------------------------------------------------------------

    def act(self) -> None:
        rng, lead_id = self.world.rng, self.world.rng.choice(self.leads)
        match rng.randint(1, 3):
            case 1:
                unsubscribe(OptOut(lead_id, f"out-{lead_id}", None, "one_click"), self.world.now)
                self.opted_out.setdefault(lead_id, len(self.world.ses.simulator.messages))
            case 2:
                put_in(lead_id)
            case 3 if self.world.sends.done:
                self.world.sends.send(rng.choice(self.world.sends.done))

    # -- time ----------------------------------------------------------------------------------------------------------

    def minute(self, *, deliveries: int = 100_000) -> None:
        world = self.world
        ends = world.now + _MINUTE
        world.tick()
        self.drain(world.sends, deliveries)
        events = world.ses.simulator.take_events(all_of_them=True)
        for start in range(0, len(events), _AT_ONCE):
            for event in events[start : start + _AT_ONCE]:
                world.events.send(sqs_event_of([event], world.now)["Records"][0]["body"])
            self.drain(world.events, deliveries)
        self.drain(world.events, deliveries)
        world.table.history.clear()
        world.table.clear_images()
        world.trace.clear()
        world.now = max(world.now, ends)

    def drain(self, queue: Queue, deliveries: int) -> None:
        for _ in range(deliveries):
            if not queue.deliver():
                return

    def rough_minute(self, number: int) -> None:
        world = self.world
        world.is_rough = True
        in_outage = number in _OUTAGE
        world.ses.simulator.fault_for = (lambda _: Fault.SERVER_ERROR) if in_outage else self.rough_fault
        paused = any(number in pause for pause in _PAUSES)
        run = self.run
        if not run.is_over and run.is_paused != paused:
            (control.pause if paused else control.resume)("monthly", self.occurrence)
        if world.rng.random() < 0.1:
            world.sends.redrive()
        self.minute(deliveries=_DELIVERIES)

    def calm_down(self) -> bool:
        """True when the run is done within four days, with the dead letters redriven."""
        world = self.world
        world.is_rough = False
        world.ses.simulator.fault_for = lambda _: None
        end = world.now + timedelta(days=4)
        while world.now < end:
            for queue in (world.sends, world.events):
                queue.redrive()
            following = world.next_due()
            waits = world.sends.waiting or world.events.waiting
            if following is not None and following > world.now + _MINUTE and not waits:
                world.now = following - _MINUTE
                world.skip_idle_minutes()
            self.minute()
            if self.run.is_over and not world.sends.waiting and not world.events.waiting:
                return True
        return False


def play(seed: int, leads: int = 600, *, cancel_at: int | None = None) -> Result:
    """`cancel_at`: in this minute the run is cancelled."""
    result = Result(seed)
    with pytest.MonkeyPatch.context() as patch:
        world = SimulatedWorld(seed, patch)
        day = BadDay(world, leads)
        world.now = world.now.replace(minute=54)  # the run begins at 11:55 in Japan
        world.skip_idle_minutes()
        for number in range(_ROUGH_MINUTES):
            if number == cancel_at:
                _cancel(day)
            day.rough_minute(number)
        result.must(day.calm_down(), f"the run is still {day.run.state}")
        for _ in range(40):  # what is swept and reported after its end
            day.minute()
        _judge(result, day)
    return result


def _cancel(day: BadDay) -> None:
    try:
        control.cancel("monthly", day.occurrence)
    except SodateError:  # it is done already
        return


def _judge(result: Result, day: BadDay) -> None:
    run = day.run
    listed = [lead_id for batch in batches_of(run) for lead_id in batch.leads]
    taken = Counter(m.tags["lead_id"] for m in day.world.ses.simulator.messages if m.tags.get("broadcast"))
    sends = dict(zip(listed, find_sends([(lead_id, run.send_id(lead_id)) for lead_id in listed]), strict=True))
    progress = progress_of(run)
    figures = result.figures
    figures.update(
        {
            "leads": len(day.leads),
            "emails": progress.emails,
            "doubles": sum(times > 1 for times in taken.values()),
            "open": progress.open,
            "opted_out_meanwhile": len(day.opted_out),
            "listed_twice": len(listed) - len(set(listed)),
        }
    )
    figures.update({f"state_{state}": count for state, count in progress.states.items()})
    result.must(figures["doubles"] == 0, f"{figures['doubles']} leads got it twice")
    result.must(figures["listed_twice"] == 0, "a page was written twice")
    result.must(progress.emails == len(listed) == run.planned, f"{run.planned} planned, {len(listed)} listed")
    result.must(sum(progress.states.values()) == progress.emails, "the counts do not add up")
    left = {lead_id for lead_id in day.leads if lead_id not in sends}
    if run.reason is None:
        result.must(left <= _leavers(day), f"{len(left)} members are not in the audience")
    unknown = {item["sk"]["S"].removeprefix("SEND#") for item in day.world.table.items.values() if _is_unknown(item)}
    for lead_id, send in sends.items():
        if send is None or send.state not in (*FINAL, "unknown"):
            result.broken.append(f"{lead_id} ended as {send and send.state}")
        elif taken[lead_id] and RANK[send.state] < RANK["unknown"]:
            result.broken.append(f"{lead_id} got it, the ledger says {send.state}")
        elif not taken[lead_id] and RANK[send.state] > RANK["unknown"]:
            result.broken.append(f"{lead_id} did not get it, the ledger says {send.state}")
        elif send.state == "unknown" and send.send_id not in unknown:
            result.broken.append(f"{lead_id} is unknown and not listed")


def _leavers(day: BadDay) -> set[str]:
    """Leads that were taken out of the segment: the only ones that may be missing."""
    items = day.world.table.items.items()
    return {pk.removeprefix("LEAD#") for (pk, sk), item in items if sk == "SCORE" and "readers" not in str(item)}


def _is_unknown(item: dict[str, dict[str, str]]) -> bool:
    return item["kind"] == {"S": "unknown"}
