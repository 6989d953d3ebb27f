"""One seeded history: people, faults and crashes for a few days; then calm, and everything must have been settled."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sodate.runtime.logs import logger
from sodate_cli.local.ses.errors import Fault

from tests.simulation.invariants import Found, look
from tests.simulation.world import PUBLIC_URL, SimulatedWorld

_PEOPLE = (
    "taro", "hanako", "jiro", "yuki", "sora", "bounce+a", "complaint+b", "ooto+c", "late-bounce+d", "mailbox-full+e",
    "not-spam+f",
)  # fmt: skip
_FAULTS = tuple(Fault)


@dataclass
class Result:
    seed: int
    broken: list[str]
    figures: Counter[str] = field(default_factory=Counter)
    fingerprint: str = ""
    trace: list[str] = field(default_factory=list)


def play(seed: int, actions: int = 60) -> Result:
    logger.cache_clear()  # made anew at the level of the simulation, and afterwards for whoever comes next
    try:
        with pytest.MonkeyPatch.context() as monkeypatch:
            return _History(seed, SimulatedWorld(seed, monkeypatch)).play(actions)
    finally:
        logger.cache_clear()


class _History:
    def __init__(self, seed: int, world: SimulatedWorld) -> None:
        self.seed, self.world, self.rng = seed, world, world.rng
        self.people = self.rng.sample(_PEOPLE, 3)
        self.accepted: dict[str, str] = {}
        self.posts = 0
        world.somebody_else = self.meanwhile  # type: ignore[method-assign]
        self.fault_share = self.rng.choice((0.0, 0.1, 0.3))
        world.ses.simulator.fault_for = self._fault

    def play(self, actions: int) -> Result:
        self.world.is_rough = True
        for _ in range(actions):
            self._one(
                (self.post, 5), (self.confirm, 6), (self.leave, 1), (self.feedback, 5), (self.work, 40),
                (self.wait, 22), (self.pause_account, 2),
            )  # fmt: skip
        self.calm_down()
        return self._result()

    def meanwhile(self) -> None:
        self._one((self.leave, 4), (self.feedback, 2), (self.confirm, 2), (self.post, 1), (self.work, 3))

    def _one(self, *choices: tuple[Any, int]) -> None:
        acts, weights = zip(*choices, strict=True)
        self.rng.choices(acts, weights)[0]()

    def _fault(self, _: Any) -> Fault | None:
        if not self.world.is_rough or self.rng.random() >= self.fault_share:
            return None
        return self.rng.choice(_FAULTS)

    # -- what happens ----------------------------------------------------------------------------------------------

    def post(self) -> None:
        self.posts += 1
        person, form = self.rng.choice(self.people), self.rng.choice(("double", "double", "single"))
        name = f"post-{self.seed}-{self.posts:04d}"
        body = {"email": f"{person}@example.jp", "name": person, "agree": self.rng.random() < 0.9}
        body["_submission_id"] = name
        if self.rng.random() < 0.5:
            body["title"] = "部長"
        for _ in range(self.rng.randint(1, 3)):
            route, path = "POST /forms/{form_id}/submissions", {"form_id": form}
            if self.world.http("form_capture", route, path, json.dumps(body)) in (200, 201):
                self.accepted[name] = person

    def confirm(self) -> None:
        self._visit("opt-in", None)

    def leave(self) -> None:
        bodies = ("List-Unsubscribe=One-Click", "scope=topic", "scope=all")
        self._visit("unsubscribe", self.rng.choice(bodies))

    def _visit(self, page: str, body: str | None) -> None:
        links = [link for mail in self.world.ses.simulator.messages for link in mail.links if f"/{page}/" in link]
        if not links:
            return
        token = self.rng.choice(links[-6:]).removeprefix(f"{PUBLIC_URL}/{page}/")
        kind = "application/x-www-form-urlencoded"
        for _ in range(self.rng.choice((1, 1, 2))):
            self.world.http("consent_pages", f"POST /{page}/{{token}}", {"token": token}, body, kind)

    def feedback(self) -> None:
        simulator = self.world.ses.simulator
        if not simulator.messages:
            return
        mail = self.rng.choice(simulator.messages[-8:])
        match self.rng.choice(("open", "open", "click", "click", "bounce", "soft", "complain", "praise")):
            case "open":
                simulator.open(mail.message_id)
            case "click" if mail.links:
                simulator.click(mail.message_id, self.rng.choice(mail.links))
            case "bounce":
                simulator.bounce(mail.message_id)
            case "soft":
                simulator.bounce(mail.message_id, "Transient", "General")
            case "complain":
                simulator.complain(mail.message_id)
            case "praise":
                simulator.complain(mail.message_id, "not-spam")

    def work(self) -> None:
        world = self.world
        self._one(
            (world.stream, 4), (world.sends.deliver, 4), (world.ses_events, 3), (world.hand_over, 1), (world.tick, 1)
        )  # fmt: skip

    def wait(self) -> None:
        world = self.world
        world.now += timedelta(seconds=self.rng.choice((7, 61, 600, 1900, 7300, 7300, 40_000)))
        world.skip_idle_minutes(world.now)
        world.tick()

    def pause_account(self) -> None:
        account = self.world.ses.simulator.account
        account.sending_enabled = not account.sending_enabled

    # -- and then --------------------------------------------------------------------------------------------------

    def calm_down(self) -> None:
        """No more faults: whatever was left lying about must find its end by itself (and a redrive)."""
        world = self.world
        world.is_rough = False
        world.ses.simulator.account.sending_enabled = True
        for _ in range(400):
            for queue in (world.sends, world.events):
                queue.redrive()
                for message in queue.waiting:
                    message["at"] = world.now
            while any((world.stream(), world.sends.deliver(), world.ses_events(all_of_them=True), world.hand_over())):
                pass
            minute = world.next_due()
            if minute is None and not world.sends.waiting and not world.events.waiting:
                return
            world.now = max(world.now, minute) if minute else world.now + timedelta(minutes=5)
            world.skip_idle_minutes(world.now)
            world.tick()
        world.trace.append("never came to rest")

    def _result(self) -> Result:
        world = self.world
        found: Found = look(world, self.accepted)
        if world.trace[-1] == "never came to rest":
            found.broken.append("never came to rest")
        found.broken += [f"buried: {entry['why']}" for entry in world.buried]
        state = [
            world.trace, sorted(world.table.items), [(m.recipient, dict(m.tags)) for m in world.ses.simulator.messages],
            sorted((key, json.dumps(item, sort_keys=True)) for key, item in world.table.items.items()),
        ]  # fmt: skip
        fingerprint = hashlib.sha256(json.dumps(state, sort_keys=True, default=str).encode()).hexdigest()[:16]
        return Result(self.seed, found.broken, found.figures, fingerprint, world.trace)
