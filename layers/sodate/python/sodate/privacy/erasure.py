"""What an erasure removes, and what it leaves with its reason. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sodate.errors import Invalid
from sodate.messages import Message
from sodate.privacy.places import OnErasure, place_of

#: A code: the ledger outlives the lead, and words could say who it was.
_BECAUSE = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")


@dataclass(frozen=True)
class ErasurePlan:
    """`items`: kind → items that go. `reduced`: proofs of consent that stay in part. `elsewhere`: kind → entries of
    lists. `files_running`: import files that name the lead and have no result yet: they stay until the next attempt.
    """

    lead_id: str
    merged: tuple[str, ...]
    items: dict[str, int]
    reduced: int
    elsewhere: dict[str, int]
    quarantined: int
    files: tuple[str, ...]
    files_running: tuple[str, ...]
    dead_letters: int

    @property
    def is_empty(self) -> bool:
        """Nothing is left to erase."""
        return not (self.items or self.elsewhere or self.quarantined or self.files or self.dead_letters)


@dataclass(frozen=True)
class Erased:
    """`counts`: step → how many. `left`: import files that still run; the erasure must be repeated for them."""

    lead_id: str
    counts: dict[str, int]
    left: tuple[str, ...]
    is_repeat: bool

    @property
    def is_complete(self) -> bool:
        return not self.left


def checked_because(because: str) -> str:
    """Raises: `Invalid` for anything but a code."""
    if not _BECAUSE.fullmatch(because):
        raise Invalid(
            Message(
                "--because {because!r}: write a code such as subject-request or ticket-4711 (lower case, no"
                " spaces): the erasure ledger outlives the lead and holds no words about it",
                because=because,
            ),
            "because",
        )
    return because


def counted(kinds: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(kinds).items()))


def is_reduced(kind: str) -> bool:
    return place_of(kind).on_erasure is OnErasure.REDUCED
