"""Request units by AWS's published rules, from each call and the images of the items it touched.

Sizes: docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
Units: docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import base64
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Item = Mapping[str, Any]

WRITE_KB, READ_KB = 1024, 4096


def item_size(item: Item | None) -> int:
    """Bytes of names and values; the 100 bytes of overhead per item are billed as storage only."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items()) if item else 0


def value_size(value: Mapping[str, Any]) -> int:
    ((tag, content),) = value.items()
    return _SIZES[tag](content)


def number_size(text: str) -> int:
    """One byte per two significant digits and one more, at most 21; one for the sign (AWS says "approximately")."""
    mantissa = text.lower().partition("e")[0]
    whole, _, fraction = mantissa.lstrip("+-").partition(".")
    digits = (whole + fraction).strip("0")
    return min(21, math.ceil(len(digits) / 2) + 1 + mantissa.startswith("-"))


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": lambda text: len(text.encode()),
    "N": number_size,
    "B": lambda coded: len(coded if isinstance(coded, bytes) else base64.b64decode(coded)),
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "SS": lambda found: sum(len(text.encode()) for text in found),
    "NS": lambda found: sum(number_size(text) for text in found),
    "L": lambda found: 3 + sum(1 + value_size(value) for value in found),
    "M": lambda found: 3 + sum(1 + len(name.encode()) + value_size(value) for name, value in found.items()),
}


def write_units(*images: Item | None) -> int:
    """One per started KB of the larger image; one for something that does not exist."""
    return max(1, *(math.ceil(item_size(image) / WRITE_KB) for image in images))


def read_units(size: int, *, consistent: bool) -> float:
    """One per started 4 KB, half of it when eventually consistent; a miss costs as much as a small item."""
    return max(1, math.ceil(size / READ_KB)) * (1.0 if consistent else 0.5)


def index_units(before: Item | None, after: Item | None, keys: tuple[str, ...]) -> int:
    """What an index costs on top: `before` and `after` are the entries as projected into it, None where there is none.

    A changed index key takes the old entry out and puts the new one in.
    """
    if before == after:
        return 0
    if before and after and any(before[key] != after[key] for key in keys):
        return write_units(before) + write_units(after)
    return write_units(before, after)


@dataclass
class Usage:
    """What a run used. `hottest` maps "W"/"R" to the most units that one partition key took in one second."""

    calls: Counter[str] = field(default_factory=Counter)
    write_units: float = 0.0
    read_units: float = 0.0
    by_table: Counter[str] = field(default_factory=Counter)
    by_item: Counter[str] = field(default_factory=Counter)
    hottest: dict[str, tuple[float, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return json.loads(json.dumps(vars(self)))  # type: ignore[no-any-return]


class Meter:
    """Fed by the table. `second` tells the (virtual) second that a call falls into; without it no rates are kept."""

    def __init__(self, second: Callable[[], int] | None = None) -> None:
        self.usage = Usage()
        self._second = second
        self._now = -1
        self._of_second: Counter[tuple[str, str]] = Counter()

    def keep_rates(self, second: Callable[[], int]) -> None:
        self._second = second

    def call(self, operation: str) -> None:
        self.usage.calls[operation] += 1

    def wrote(self, table: str, what: str, key: str, units: float) -> None:
        self.usage.write_units += units
        self._note("W", table, what, key, units)

    def read(self, table: str, what: str, key: str, units: float) -> None:
        self.usage.read_units += units
        self._note("R", table, what, key, units)

    def _note(self, unit: str, table: str, what: str, key: str, units: float) -> None:
        self.usage.by_table[f"{unit} {table}"] += units  # type: ignore[assignment]
        self.usage.by_item[f"{unit} {what}"] += units  # type: ignore[assignment]
        if self._second is None:
            return
        if self._second() != self._now:
            self._now = self._second()
            self._of_second.clear()
        self._of_second[unit, key] += units  # type: ignore[assignment]
        if self._of_second[unit, key] > self.usage.hottest.get(unit, (0.0, ""))[0]:
            self.usage.hottest[unit] = (self._of_second[unit, key], key)
