"""What an import last said of a lead: kept on its profile, so that the same row is never applied twice."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["created", "updated", "unchanged"]
_LETTERS: dict[str, Outcome] = {"c": "created", "u": "updated", "n": "unchanged"}


@dataclass(frozen=True)
class Mark:
    """`before` is the line of the same file that spoke of this lead earlier, 0 for none."""

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
