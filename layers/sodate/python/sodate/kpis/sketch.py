"""Distinct visitors of a period: a HyperLogLog sketch. Pure, deterministic, mergeable in any order.

Flajolet et al. 2007 (registers), Ertl 2017, https://arxiv.org/abs/1702.01284 (estimator without bias at any count).
With 2^15 registers the standard error is 0.57 %, so that an estimate is more than 2 % off in one case of two thousand.
While few values are known, only the registers in use are stored.
"""

import json
import math
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from sodate.messages import Message

_BITS = 15
REGISTERS = 1 << _BITS
_REST = 64 - _BITS
#: Above this many registers in use, all of them are stored, compressed.
_SPARSE = 2_000


@dataclass(frozen=True)
class Sketch:
    """`ranks`: highest rank by register, of those in use."""

    ranks: dict[int, int]

    @classmethod
    def of(cls, values: Iterable[str]) -> "Sketch":
        ranks: dict[int, int] = {}
        for value in values:
            hashed = int.from_bytes(sha256(value.encode()).digest()[:8], "big")
            register, rest = hashed >> _REST, hashed & ((1 << _REST) - 1)
            rank = _REST - rest.bit_length() + 1
            if ranks.get(register, 0) < rank:
                ranks[register] = rank
        return cls(ranks)

    def union(self, other: "Sketch") -> "Sketch":
        ranks = dict(self.ranks)
        for register, rank in other.ranks.items():
            if ranks.get(register, 0) < rank:
                ranks[register] = rank
        return Sketch(ranks)

    @cached_property
    def count(self) -> int:
        """How many distinct values, as an estimate."""
        multiplicity = Counter(self.ranks.values())
        multiplicity[0] = REGISTERS - len(self.ranks)
        z = REGISTERS * _tau(1 - multiplicity[_REST + 1] / REGISTERS)
        for rank in range(_REST, 0, -1):
            z = (z + multiplicity[rank]) / 2
        z += REGISTERS * _sigma(multiplicity[0] / REGISTERS)
        return round(REGISTERS / (2 * math.log(2)) * REGISTERS / z) if z < math.inf else 0

    def dumps(self) -> str:
        if len(self.ranks) <= _SPARSE:
            return json.dumps(sorted(self.ranks.items()), separators=(",", ":"))
        dense = bytes(self.ranks.get(register, 0) for register in range(REGISTERS))
        return b64encode(zlib.compress(dense, 9)).decode()

    @classmethod
    def loads(cls, text: str) -> "Sketch":
        """Raises: `ValueError`."""
        if text.startswith("["):
            return cls({int(register): int(rank) for register, rank in json.loads(text)})
        try:
            dense = zlib.decompress(b64decode(text))
        except zlib.error as error:
            raise ValueError(Message("not a sketch")) from error
        return cls({register: rank for register, rank in enumerate(dense) if rank})


EMPTY = Sketch({})


def _sigma(x: float) -> float:
    """Ertl 2017, section 2.6: registers that are 0."""
    if x == 1:
        return math.inf
    y, z = 1.0, x
    while True:
        x *= x
        before = z
        z += x * y
        y += y
        if z == before:
            return z


def _tau(x: float) -> float:
    """Ertl 2017, section 2.6: registers at their highest rank."""
    if x in (0, 1):
        return 0.0
    y, z = 1.0, 1 - x
    while True:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
        if z == before:
            return z / 3
