"""The last imported row of a lead, stored in its profile, so that the same row is never applied twice."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What a row did to its lead."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


_LETTERS = {"c": Outcome.CREATED, "u": Outcome.UPDATED, "n": Outcome.UNCHANGED}


@dataclass(frozen=True)
class Mark:
    """`before`: an earlier line of the same file for this lead, 0 for none. `digest`: `Row.digest`."""

    digest: str
    import_id: str
    line: int
    outcome: Outcome
    before: int = 0

    def __str__(self) -> str:
        letter = next(letter for letter, outcome in _LETTERS.items() if outcome == self.outcome)
        return f"{self.digest} {self.import_id} {self.line} {letter} {self.before}"


def parse_mark(text: str | None) -> Mark | None:
    if text is None:
        return None
    digest, import_id, line, letter, before = text.split(" ")
    return Mark(digest, import_id, int(line), _LETTERS[letter], int(before))
