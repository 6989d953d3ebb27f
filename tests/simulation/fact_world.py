"""The simulated world with the functions that keep facts: the stream reader, the due lane of scores, the back-fill."""

from datetime import timedelta
from typing import Any

import pytest
from sodate.playbook.store import Definitions
from sodate.runtime.app import App
from sodate.runtime.readers import must_read

from tests.fakes.queues import Queue
from tests.simulation.world import Json, SimulatedWorld

_WARM_PROCESSES = 3


class FactWorld(SimulatedWorld):
    """Several processes are warm, and each knows live definitions from some seconds ago."""

    def __init__(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.processes: list[App] = []
        #: Batches of the stream that were given up, as the dead-letter queue has them.
        self.letters: list[list[Json]] = []
        #: Which function made each change of the table; `score_replay` with the name of its job.
        self.writers: list[str] = []
        self._running = "people"
        super().__init__(seed, monkeypatch)
        self.replays = self.queues["replay"] = Queue("score_replay", self.around)

    def new_process(self) -> App:
        app = super().new_process()
        app.definitions = Definitions(
            lambda: self.now.timestamp(), reads=must_read, on_unreadable=app.report_unreadable
        )
        self.processes = [*self.processes[1 - _WARM_PROCESSES :], app]
        return app

    def read_clock(self) -> Any:
        """A task of the back-fill takes its time, so that one is not enough for all leads."""
        if self._running.startswith("score_replay"):
            self.now += timedelta(seconds=self.rng.choice((0, 0, 10, 30)))
        return self.now

    def invoke(self, function: str, event: Json) -> Json | None:
        self.note_writers()
        outer, self._running = self._running, _name(function, event)
        self.app = self.rng.choice(self.processes)
        try:
            return super().invoke(function, event)
        finally:
            self.note_writers()
            self._running = outer

    def note_writers(self) -> None:
        self.writers += [self._running] * (len(self.table.history) - len(self.writers))

    def tick(self) -> None:
        self.invoke("score_decay", {})

    def deliver_replay(self) -> bool:
        """The event source of `score_replay` takes one message at a time."""
        ready = self.replays.ready()
        if ready:
            self.replays.hand_over([self.rng.choice(ready)])
        return bool(ready)

    # -- the stream ------------------------------------------------------------------------------------------------

    def stream(self) -> bool:
        """A few records more, now and then with some from before; a batch that failed may be given up."""
        begin, end = self._read["scoring"], len(self.table.history)
        if begin == end:
            return False
        end = min(end, begin + self.rng.randint(1, 60))
        if self.happens(0.1):
            begin = max(0, begin - self.rng.randint(1, 60))
        records = self._records(range(begin, end))
        is_done = not records or (not self.happens(0.04) and self._takes(records))
        if not is_done and self.happens(0.3):
            self.letters.append(records)
            is_done = True
        if is_done:
            self._read["scoring"] = max(end, self._read["scoring"])
        return True

    def redrive(self) -> bool:
        """One of the dead letters, its records in any order."""
        if not self.letters:
            return False
        records = self.letters.pop(self.rng.randrange(len(self.letters)))
        if not self._takes(self.rng.sample(records, len(records)), redrive=True):
            self.letters.append(records)
        return True

    def repeat(self) -> None:
        """Any records that were read before."""
        read = range(self._read["scoring"])
        numbers = self.rng.sample(read, min(len(read), self.rng.randint(1, 30)))
        records = self._records(numbers)
        if records:
            self._takes(records)

    def _records(self, numbers: Any) -> list[Json]:
        found = (self._record(number, "scoring") for number in numbers)
        return [record for record in found if record is not None]

    def _takes(self, records: list[Json], **more: Any) -> bool:
        answer = self.invoke("scoring", {"Records": records, **more})
        return answer is not None and not answer["batchItemFailures"]


def _name(function: str, event: Json) -> str:
    return f"{function} {event['Records'][0]['body']}" if function == "score_replay" else function
