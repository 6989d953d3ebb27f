"""SQS standard as far as it can hurt: at least once, in no order, late, and a dead-letter queue in the end."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.simulation.fault_profile import MOST_RECEIVES, REPEATS, VISIBILITY

if TYPE_CHECKING:
    from tests.simulation.world import SimulatedWorld

Json = dict[str, Any]


class Queue:
    """`done` keeps the bodies that were finished: what SQS may deliver once more, and what was certainly acted upon."""

    def __init__(self, world: "SimulatedWorld", function: str) -> None:
        self._world, self.function = world, function
        self.waiting: list[Json] = []
        self.dead: list[Json] = []
        self.done: list[str] = []
        self.sent = 0

    def send(self, body: str, delay: timedelta = timedelta()) -> None:
        self.sent += 1
        message = {"id": f"{self.function}-{self.sent}", "body": body, "at": self._world.now + delay, "receives": 0}
        self.waiting.append(message)

    def ready(self) -> list[Json]:
        return [message for message in self.waiting if message["at"] <= self._world.now]

    def deliver(self) -> bool:
        ready, rng = self.ready(), self._world.rng
        if not ready:
            return False
        self.hand_over(rng.sample(ready, min(len(ready), rng.randint(1, 10))))
        return True

    def hand_over(self, batch: list[Json]) -> None:
        world = self._world
        for message in batch:
            message["receives"] += 1
            message["at"] = world.now + VISIBILITY
        records = [{"messageId": message["id"], "body": message["body"]} for message in batch]
        began = len(world.table.history)
        answer = world.invoke(self.function, {"Records": records})
        failed = {entry["itemIdentifier"] for entry in answer["batchItemFailures"]} if answer is not None else None
        for message in batch:
            if message not in self.waiting:
                continue  # somebody else got it in the middle, after its visibility ended, and finished it
            if failed is not None and message["id"] not in failed:
                world.acted_on(self, message["body"], began)
                if not (world.is_rough and world.rng.random() < REPEATS):
                    self.waiting.remove(message)
                    continue
            if message["receives"] >= MOST_RECEIVES:
                self.waiting.remove(message)
                self.dead.append({**message, "died": world.now})

    def redrive(self, older_than: datetime | None = None) -> int:
        """Put the dead back, or only those that died before a moment."""
        back = [message for message in self.dead if older_than is None or message["died"] <= older_than]
        self.dead = [message for message in self.dead if message not in back]
        for message in back:
            self.send(message["body"])
        return len(back)

    def repeat(self, bodies: Iterable[str]) -> None:
        for body in bodies:
            self.send(body)


def as_json(body: str) -> Json:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
