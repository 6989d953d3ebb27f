"""Accepted mail and its events as lines of a file, so that a restarted simulator still shows the mail of before.

It is a convenience of the local cloud, not a database: a torn last line is dropped, nothing is synced.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from ses_simulator.events import Event
from ses_simulator.message import Message
from ses_simulator.simulator import SesSimulator


class Journal:
    """Append-only; give `record` to the simulator as its observer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def record(self, message: Message, event: Event) -> None:
        line = {"message": asdict(message), "event": event}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False, default=lambda moment: moment.isoformat()) + "\n")

    def replay_into(self, simulator: SesSimulator) -> int:
        """Restore what was recorded; returns the number of events."""
        number = 0
        for line in self._lines():
            simulator.restore(_message_of(line["message"]), line["event"])
            number += 1
        return number

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self._path.exists():
            return
        for text in self._path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(text)
            except ValueError:
                return


def _message_of(fields: dict[str, Any]) -> Message:
    tuples = {name: tuple(fields[name]) for name in ("recipients", "reply_to")}
    headers = tuple((name, value) for name, value in fields["headers"])
    return Message(**{**fields, **tuples, "headers": headers, "at": datetime.fromisoformat(fields["at"])})
