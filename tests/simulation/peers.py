"""Two designs of this field, in the weather of ours: what `make simulate` prints beside our own counts.

They are built as well as their shape allows (keys that name the send, partial batch answers, reads that are never
stale, a good order of writes), so that what they do wrong is the shape's fault:

- `decorator`: due rows found by an index query, one queue message each, one SES call a mail inside an idempotency
  decorator that behaves like Powertools' (`tests/simulation/test_peers.py` holds the model against the real one), with
  boto3's default retries; `decorator, 1 attempt` has the SDK's retries switched off.
- `cursor`: a batch is fetched and the cursor moved in one statement, then it is sent, up to three attempts a mail (the
  shape of listmonk issue 3022). What was fetched and not sent when the process dies is behind the cursor for good.
"""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ses_simulator.client import SimulatedSes

from tests.simulation.fault_profile import (
    MOST_RECEIVES,
    REDRIVES,
    REPEATS,
    VISIBILITY,
    WAITS,
    Crash,
    fuse,
    ses_faults,
)

Json = dict[str, Any]
START = datetime.fromisoformat("2026-11-24T02:00:00+00:00")
#: The steps of `playbook.py`, without the mail that cannot be rendered for some: that is no matter of delivery.
STEPS = (timedelta(), timedelta(hours=2), timedelta(hours=3), timedelta(days=2))
LEADS = 3
#: Powertools' defaults: a record lives an hour, one in progress until the function's time-out.
RECORD_LIVES, FUNCTION_TIMEOUT = timedelta(hours=1), timedelta(minutes=2)
#: What boto3 does by default: so many requests for a time-out, a reset, a throttle or a 5xx (`sdk.py` measures it; five
#: in `legacy` mode, which was the default before).
SDK_REQUESTS = 3
_REPEATED_BY_THE_SDK = {"TooManyRequestsException", "InternalFailure"}


class InProgress(Exception):
    """Somebody else is at it; the message comes again."""


@dataclass
class _Record:
    status: str
    expires: datetime
    in_progress_until: datetime


class FaultProfile:
    """A clock, crash points and SES, as in `world.py`, for a design that fits on a page."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311  repeatable, not secret
        self.now = START
        self.is_rough = True
        self.fuse = 0
        self.ses = SimulatedSes(lambda: self.now, ["example.jp"], ["sim"])
        self.ses.simulator.account.max_send_rate = 1e9
        self.ses.simulator.fault_for = ses_faults(self.rng, lambda: self.is_rough)

    def point(self) -> None:
        if self.fuse:
            self.fuse -= 1
            if not self.fuse:
                raise Crash

    def survives(self, invocation: Callable[[], object]) -> bool:
        self.fuse = fuse(self.rng) if self.is_rough else 0
        try:
            invocation()
        except Crash:
            return False
        finally:
            self.fuse = 0
        return True

    def post(self, lead: int, step: int) -> None:
        """One request to SES."""
        body = {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}
        self.point()
        self.ses.send_email(
            FromEmailAddress="news@example.jp",
            Destination={"ToAddresses": [f"lead{lead}@example.jp"]},
            Content={"Simple": body},
            EmailTags=[{"Name": "send_id", "Value": f"{lead}-{step}"}],
        )
        self.point()


class Decorator:
    """Due rows by query → queue → decorated sender. `requests` is how often the SDK asks for one call."""

    def __init__(self, fault_profile: FaultProfile, requests: int) -> None:
        self.fault_profile, self.requests = fault_profile, requests
        self.step = dict.fromkeys(range(LEADS), 0)
        self.records: dict[tuple[int, int], _Record] = {}
        self.waiting: list[Json] = []
        self.dead: list[Json] = []

    def tick(self) -> None:
        """Hand over first, then advance: a crash between the two makes a second message, which the record absorbs."""
        fault_profile = self.fault_profile

        def run() -> None:
            for lead, step in self.step.items():
                if step < len(STEPS) and START + STEPS[step] <= fault_profile.now:
                    fault_profile.point()
                    self.waiting.append({"key": (lead, step), "at": fault_profile.now, "receives": 0})
                    fault_profile.point()
                    self.step[lead] = step + 1

        fault_profile.survives(run)

    def work(self) -> bool:
        fault_profile = self.fault_profile
        ready = [message for message in self.waiting if message["at"] <= fault_profile.now]
        if not ready:
            return False
        batch = fault_profile.rng.sample(ready, min(len(ready), fault_profile.rng.randint(1, 10)))
        done: list[Json] = []
        for message in batch:
            message["receives"] += 1
            message["at"] = fault_profile.now + VISIBILITY
        if not fault_profile.survives(lambda: self._invoke(batch, done)):
            done = []
        for message in batch:
            if message in done and not (fault_profile.is_rough and fault_profile.rng.random() < REPEATS):
                self.waiting.remove(message)
            elif message["receives"] >= MOST_RECEIVES:
                self.waiting.remove(message)
                self.dead.append(message)
        return True

    def _invoke(self, batch: list[Json], done: list[Json]) -> None:
        for message in batch:
            with suppress(ClientError, BotoCoreError, InProgress):
                self._once(message["key"], lambda key=message["key"]: self._send(*key))  # type: ignore[misc]
                done.append(message)

    def _once(self, key: tuple[int, int], act: Callable[[], None]) -> None:
        now, record = self.fault_profile.now, self.records.get(key)
        if record is not None and record.expires > now:
            if record.status == "COMPLETED":
                return
            if record.in_progress_until > now:
                raise InProgress
        self.fault_profile.point()
        self.records[key] = _Record("INPROGRESS", now + RECORD_LIVES, now + FUNCTION_TIMEOUT)
        try:
            act()
        except Exception:
            self.fault_profile.point()
            del self.records[key]
            raise
        self.fault_profile.point()
        self.records[key] = _Record("COMPLETED", now + RECORD_LIVES, now)

    def _send(self, lead: int, step: int) -> None:
        for left in reversed(range(self.requests)):
            try:
                return self.fault_profile.post(lead, step)
            except ClientError as error:
                if not left or error.response["Error"]["Code"] not in _REPEATED_BY_THE_SDK:
                    raise
            except BotoCoreError:
                if not left:
                    raise
        return None

    def redrive(self) -> None:
        for message in self.dead:
            self.waiting.append({**message, "at": self.fault_profile.now, "receives": 0})
        self.dead = []

    def is_at_rest(self) -> bool:
        return not self.waiting and not self.dead and all(step == len(STEPS) for step in self.step.values())

    def knows_of(self, lead: int, step: int) -> bool:
        """Would anybody who asks the design about this mail be told that it is open?"""
        return self.step[lead] <= step or any(m["key"] == (lead, step) for m in (*self.waiting, *self.dead))


class Cursor:
    """Every due step is a mailing with a cursor over its leads; the batch lives in memory until it is sent."""

    BATCH, ATTEMPTS = 10, 3

    def __init__(self, fault_profile: FaultProfile) -> None:
        self.fault_profile = fault_profile
        self.cursor = dict.fromkeys(range(len(STEPS)), 0)
        self.reported: set[tuple[int, int]] = set()

    def tick(self) -> None:
        self.fault_profile.survives(self._run)

    def _run(self) -> None:
        fault_profile = self.fault_profile
        for step, delay in enumerate(STEPS):
            if START + delay > fault_profile.now:
                continue
            while batch := list(range(LEADS))[self.cursor[step] :][: self.BATCH]:
                fault_profile.point()
                self.cursor[step] += len(batch)
                fault_profile.point()
                for lead in batch:
                    self._send(lead, step)

    def _send(self, lead: int, step: int) -> None:
        for _ in range(self.ATTEMPTS):
            with suppress(ClientError, BotoCoreError):
                return self.fault_profile.post(lead, step)
        self.reported.add((lead, step))  # an error line with the address: lost, but not silently
        return None

    def work(self) -> bool:
        return False

    def redrive(self) -> None:
        """There is nothing to redrive."""

    def is_at_rest(self) -> bool:
        return all(place == LEADS for place in self.cursor.values())

    def knows_of(self, lead: int, step: int) -> bool:
        return (lead, step) in self.reported or self.cursor[step] <= lead


Design = Decorator | Cursor
DESIGNS: dict[str, Callable[[FaultProfile], Design]] = {
    "decorator": lambda fault_profile: Decorator(fault_profile, SDK_REQUESTS),
    "decorator, 1 attempt": lambda fault_profile: Decorator(fault_profile, 1),
    "cursor": Cursor,
}


def play(name: str, seed: int, actions: int = 60, *, pauses: bool = True) -> Counter[str]:
    """One history of one design, as long and as rough as one of ours; then calm, with both redrives."""
    fault_profile = FaultProfile(seed)
    design = DESIGNS[name](fault_profile)
    for _ in range(actions):
        match fault_profile.rng.choices(("work", "wait", "pause"), (40, 22, 2 if pauses else 0))[0]:
            case "work":
                design.work()
            case "wait":
                _pass(fault_profile, design, timedelta(seconds=fault_profile.rng.choice(WAITS)))
            case _:
                account = fault_profile.ses.simulator.account
                account.sending_enabled = not account.sending_enabled
    fault_profile.is_rough = False
    fault_profile.ses.simulator.account.sending_enabled = True
    for wait in (*REDRIVES, *REDRIVES):
        _pass(fault_profile, design, wait)
        design.redrive()
        for _ in range(100):
            _pass(fault_profile, design, VISIBILITY)
            if not design.work() and design.is_at_rest():
                break
    return _judge(fault_profile, design)


def _pass(fault_profile: FaultProfile, design: Design, time: timedelta) -> None:
    fault_profile.now += time
    design.tick()


def _judge(fault_profile: FaultProfile, design: Design) -> Counter[str]:
    taken = Counter(message.tags["send_id"] for message in fault_profile.ses.simulator.messages)
    figures: Counter[str] = Counter()
    for lead in range(LEADS):
        for step in range(len(STEPS)):
            times = taken[f"{lead}-{step}"]
            figures["planned"] += 1
            figures["double_sends"] += times > 1
            figures["most_of_one"] = max(figures["most_of_one"], times)
            figures["lost"] += not times
            figures["silent_losses"] += not times and not design.knows_of(lead, step)
    figures["histories_with_a_double"] = int(figures["double_sends"] > 0)
    figures["histories_with_a_loss"] = int(figures["lost"] > 0)
    return figures
