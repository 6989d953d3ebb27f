"""Random numbers that depend on what they are for, and on nothing else. Pure.

A person who opens an email does so under every change of the playbook that leaves the email as it is, so the
difference of two rehearsals shows the change and no noise.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")
_RANGE = float(2**64)


class Chance:
    def __init__(self, seed: int) -> None:
        self._key = str(seed).encode()

    def number(self, *what: object) -> float:
        """At least 0 and below 1, evenly distributed; equal for equal arguments."""
        text = "\x1f".join(map(str, what)).encode()
        digest = blake2b(text, digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "big") / _RANGE

    def happens(self, percent: float, *what: object) -> bool:
        return self.number(*what) * 100 < percent

    def one_of(self, values: Sequence[T], *what: object) -> T:
        return values[int(self.number(*what) * len(values))]

    def by_weight(self, weights: Mapping[T, float], *what: object) -> T:
        """`weights` has at least one, each more than 0."""
        borders = list(accumulate(weights.values()))
        index = bisect_right(borders, self.number(*what) * borders[-1])
        return list(weights)[min(index, len(borders) - 1)]

    def after(self, median: timedelta, *what: object) -> timedelta:
        """A time whose median is `median`: exponentially distributed, and at least a second."""
        factor = -math.log(1 - self.number(*what)) / math.log(2)
        return max(timedelta(seconds=1), median * factor)
