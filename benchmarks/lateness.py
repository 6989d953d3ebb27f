"""Figure 11: a month of people in four zones, clock changes and holidays: who gets a mail early, how late is late.

When a step is due is worked out here a second time, from the words of the playbook and nothing of our calendar code.
"""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.scenarios.calendar import due_at
from sodate.scenarios.lane import lane_of
from sodate.scheduling import store as due

from benchmarks import sample
from benchmarks.fleet import FaultProfile, Fleet, fleet
from benchmarks.harness import TABLE
from benchmarks.ours import lead_items

#: Clocks change in Europe on 25 October and in New York on 1 November 2026; 12 October and 3 November are holidays.
BEGIN, DAYS = datetime(2026, 10, 8, tzinfo=UTC), 30
#: The last enrollment whose third step (seven business days later) still lies within the month.
_ENROLL_DAYS = 15
ZONES = (None, "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
RATE = 14
#: When within its minute the rule fires, in seconds.
_TICK_WITHIN = 50.0
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Person:
    run: EnrollmentRef
    since: datetime
    zone: str | None

    def due(self, step: int) -> datetime:
        """Ten o'clock of the person's own morning, so many Japanese business days after the first possible one."""
        zone = ZoneInfo(self.zone or "Asia/Tokyo")
        day = _open(self.since.astimezone(zone).date())
        for _ in range(_business_days(step)):
            day = _open(day + _DAY)
        at = datetime.combine(day, time(10), zone).astimezone(UTC)
        return at if at >= self.since else datetime.combine(_open(day + _DAY), time(10), zone).astimezone(UTC)


def _business_days(step: int) -> int:
    return sample.material().sequence.steps[step].delay.business_days or 0


_HOLIDAYS = holidays.country_holidays("JP", years=2026)


def _open(day: date) -> date:
    while day.weekday() >= 5 or day in _HOLIDAYS:
        day += _DAY
    return day


def measure(leads: int, seed: int = 1) -> dict[str, Any]:
    fault_profile = FaultProfile(tick_jitter_s=_TICK_WITHIN)
    with fleet(seed, fault_profile, BEGIN) as here:
        here.cloud.ask("set_rate", float(RATE))
        people = _people(leads, random.Random(seed))  # noqa: S311  repeatable, not secret
        _live(here, people)
        return _figures(here, {person.run.lead_id: person for person in people})


def _people(leads: int, rng: random.Random) -> list[Person]:
    found = []
    for number in range(leads):
        since = BEGIN + timedelta(seconds=rng.randrange(_ENROLL_DAYS * 86400))
        zone = rng.choice(ZONES)
        found.append(Person(EnrollmentRef(sample.lead_id(number), f"{number:016d}", since, zone), since, zone))
    return sorted(found, key=lambda person: person.since)


def _live(here: Fleet, people: list[Person]) -> None:
    """Minutes in which nothing is due are skipped: a tick that finds nothing does nothing."""
    waiting, end = list(reversed(people)), BEGIN + timedelta(days=DAYS)
    while True:
        here.ours.here.now = here.time.now
        minute = here.ours.next_minute() or end
        if waiting and waiting[-1].since < minute:
            here.time.run(waiting[-1].since)
            here.time.now = max(here.time.now, waiting[-1].since)
            _enroll(here, waiting.pop())
            continue
        if minute >= end:
            return
        here.time.run(minute)
        here.time.now = max(here.time.now, minute)
        here.ours.go_to(minute)
        here.tick_every_minute(minute, 1)
        here.time.run(minute + timedelta(seconds=59))


def _enroll(here: Fleet, person: Person) -> None:
    sequence, mailing = sample.material().sequence, sample.material().mailing
    number = int(person.run.lead_id.removeprefix("01BENCH"))
    (profile,) = sample.people(1, number)
    batch = EnrollmentBatch(sequence.id, 1, 0, (person.run,))
    at = due_at(sequence.steps[0], sequence, person.since, mailing=mailing, time_zone=person.zone)
    entry = due.due_item(at, lane_of(sequence), batch.id, batch, person.since)
    here.cloud.ask("put", TABLE, [*lead_items(profile, person.run, sequence, person.zone), entry.serialize()])


def _figures(here: Fleet, people: dict[str, Person]) -> dict[str, Any]:
    step: Counter[str] = Counter()
    late: list[tuple[datetime, float]] = []
    for call in sorted(here.handed_over, key=lambda call: call.at):
        for lead in call.taken:
            at = people[lead].due(step[lead])
            step[lead] += 1
            late.append((at, (call.at - at).total_seconds()))
    together = Counter(at for at, _ in late)
    own = sorted(seconds for _, seconds in late)
    # What the queue in front of a mail takes at the account's rate is nobody's lateness.
    beyond = sorted(seconds - together[at] / RATE for at, seconds in late)
    return {
        "mails": len(late),
        "expected": 3 * len(people),
        "early": sum(seconds < 0 for seconds in own),
        "p50_s": round(_share(own, 0.5), 1),
        "p99_s": round(_share(own, 0.99), 1),
        "p99_beyond_queue_s": round(_share(beyond, 0.99), 1),
        "largest_s": round(own[-1], 1),
        "most_at_once": max(together.values()),
    }


def _share(values: list[float], share: float) -> float:
    return values[ceil(share * len(values)) - 1]
