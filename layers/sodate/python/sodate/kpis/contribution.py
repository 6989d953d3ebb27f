"""What one item contributes to the counters, as a pure function of its image.

A change of an item changes the counters by what it contributes now less what it contributed before. The sum over all
changes of an item is therefore what it contributes at last, in any order of the changes: `verify` compares the
counters with a scan.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

#: The image of an item as plain values.
Image = Mapping[str, Any]
#: "Hour" of a figure that has no time: how many are in a phase at this moment.
NOW = "NOW"
#: Prefix of the counters of what erased items had contributed. The statistics themselves keep it.
ERASED = "x_"
#: An item with one of these contributes nothing: a copy in the log of the lead into which another was merged, and what
#: a merged lead has left. `unmerge` takes them off again, and the counters follow.
UNCOUNTED = ("copied_from", "merged_into")

_LONGEST_ID = 80
_METRIC = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Part:
    """Counts of one hour in each of `scopes`. `hour`: UTC, `2026-11-27T05`, or `NOW`."""

    scopes: tuple[str, ...]
    hour: str
    counts: Mapping[str, int]


Contribution = Callable[[Image], Iterable[Part]]
Key = tuple[tuple[str, ...], str]


def scope(kind: str, *ids: object) -> str:
    """`template:welcome`. Ids come from strangers too (UTM), so each is cut to 80 characters."""
    return f"{kind}:{'/'.join(str(one)[:_LONGEST_ID] for one in ids)}"


def hour_of(stamp: str) -> str:
    """The UTC hour of a stored time. Raises: `ValueError`."""
    if len(stamp) == 24 and stamp[-1] == "Z":
        return stamp[:13]
    return f"{datetime.fromisoformat(stamp).astimezone(UTC):%Y-%m-%dT%H}"


def hour_of_minute(minute: int) -> str:
    """`minute`: since 1970."""
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%dT%H}"


def is_metric(name: str) -> bool:
    return _METRIC.fullmatch(name) is not None


def contributions(kinds: Mapping[str, Contribution], image: Image | None) -> tuple[Part, ...]:
    """Nothing for an item that is not counted, or that cannot be read: one item must not stop the counters."""
    count = kinds.get(str(image.get("kind"))) if image else None
    if count is None or image is None or any(image.get(name) for name in UNCOUNTED):
        return ()
    try:
        return tuple(count(image))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        return ()


def change(kinds: Mapping[str, Contribution], old: Image | None, new: Image | None) -> tuple[Part, ...]:
    """What a change of an item adds to the counters. An erased item leaves its figures, except those of `NOW`."""
    before = contributions(kinds, old)
    if new is not None:
        return difference(contributions(kinds, new), before)
    lasting = (part for part in before if part.hour != NOW)
    erased = [Part(part.scopes, part.hour, {ERASED + name: n for name, n in part.counts.items()}) for part in lasting]
    return difference(erased, [part for part in before if part.hour == NOW])


def difference(after: Iterable[Part], before: Iterable[Part]) -> tuple[Part, ...]:
    """Counts of `after` less those of `before`, without zeros, in a fixed order."""
    sums: dict[Key, dict[str, int]] = {}
    for sign, parts in ((1, after), (-1, before)):
        for part in parts:
            counts = sums.setdefault((part.scopes, part.hour), {})
            for name, count in part.counts.items():
                counts[name] = counts.get(name, 0) + sign * count
    found = []
    for (scopes, hour), counts in sorted(sums.items()):
        changed = {name: count for name, count in sorted(counts.items()) if count}
        if changed and scopes:
            found.append(Part(scopes, hour, changed))
    return tuple(found)
