"""An SQS standard queue in front of one function.

Kept of AWS: delivery at least once, in no order, up to ten messages a call; the delay of a message; the visibility
timeout; partial batch answers; the dead-letter queue after too many receives, and its redrive.
Not kept: long polling, the retention of messages, the limit of 256 KB, several calls at a time.
"""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What a queue needs: a clock, a seeded choice, and the function behind it."""

    clock: Callable[[], datetime]
    rng: random.Random
    #: Name of the function and its event; None: it died or raised, and nothing of the batch counts as finished.
    invoke: Callable[[str, Json], Json | None]
    visibility: timedelta
    most_receives: int
    #: True: a finished message stays in the queue and is delivered once more.
    is_repeated: Callable[[], bool] = lambda: False
    #: A moment in the caller's own log, taken before a call and handed back with each message that it finished.
    mark: Callable[[], int] = lambda: 0
    finished: Callable[["Queue", str, int], None] = lambda queue, body, mark: None


class Queue:
    """`done` keeps the bodies that were finished: what SQS may deliver once more, and what was certainly acted upon."""

    def __init__(self, function: str, surroundings: Surroundings) -> None:
        self.function, self._around = function, surroundings
        self.waiting: list[Json] = []
        self.dead: list[Json] = []
        self.done: list[str] = []
        self.sent = 0

    def send(self, body: str, delay: timedelta = timedelta()) -> None:
        self.sent += 1
        at = self._around.clock() + delay
        self.waiting.append({"id": f"{self.function}-{self.sent}", "body": body, "at": at, "receives": 0})

    def ready(self) -> list[Json]:
        return [message for message in self.waiting if message["at"] <= self._around.clock()]

    def deliver(self) -> bool:
        ready, rng = self.ready(), self._around.rng
        if not ready:
            return False
        self.hand_over(rng.sample(ready, min(len(ready), rng.randint(1, 10))))
        return True

    def hand_over(self, batch: list[Json]) -> None:
        around = self._around
        for message in batch:
            message["receives"] += 1
            message["at"] = around.clock() + around.visibility
        records = [{"messageId": message["id"], "body": message["body"]} for message in batch]
        mark = around.mark()
        answer = around.invoke(self.function, {"Records": records})
        failed = {entry["itemIdentifier"] for entry in answer["batchItemFailures"]} if answer is not None else None
        for message in batch:
            if message not in self.waiting:
                continue  # another call received it after its visibility ended, and finished it
            if failed is not None and message["id"] not in failed:
                self.done.append(message["body"])
                around.finished(self, message["body"], mark)
                if not around.is_repeated():
                    self.waiting.remove(message)
                    continue
            if message["receives"] >= around.most_receives:
                self.waiting.remove(message)
                self.dead.append({**message, "died": around.clock()})

    def redrive(self, older_than: datetime | None = None) -> int:
        """Put the dead letters back, or only those that died before a moment."""
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
