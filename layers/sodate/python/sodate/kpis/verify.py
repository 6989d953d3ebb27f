"""Compares the counters with a count from scratch: one scan of all counted items. A person's command."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sodate.dynamodb import kpi_keys, table
from sodate.dynamodb.item import plain
from sodate.kpis import store
from sodate.kpis.contribution import ERASED, Part, contributions
from sodate.kpis.counted import COUNTED
from sodate.kpis.delta import Additions, Sums
from sodate.kpis.round import by_day


@dataclass(frozen=True, slots=True)
class Difference:
    """`which`: a UTC hour, a local day, or `NOW`. `counted`: by the counters, without what erased items contributed."""

    scope: str
    which: str
    metric: str
    counted: int
    from_scratch: int

    @property
    def is_day(self) -> bool:
        return len(self.which) == len("2026-11-27")


@dataclass
class Verified:
    compared: int = 0
    items: int = 0
    differences: list[Difference] = field(default_factory=list)


def verify(zone: str | None = None) -> Verified:
    """What is not folded yet differs too: ask again some minutes later. `zone`: of the days, None: of the counters.

    A day is what its hours come to; a difference of a day is one that remains when its hours are corrected.
    """
    result = Verified()
    scratch = _from_scratch(result)
    hours, days = _totals()
    zone = zone or store.load_rounds().zone or "UTC"
    alive = {scope: {hour: _of_alive(counts) for hour, counts in found.items()} for scope, found in hours.items()}
    result.differences += _differences(alive, scratch, result)
    erased = {scope: {hour: _of_erased(counts) for hour, counts in found.items()} for scope, found in hours.items()}
    truth = {scope: by_day(_both(scratch.get(scope, {}), erased.get(scope, {})), zone) for scope in scratch | erased}
    result.differences += _differences(days, truth, result)
    return result


def _of_erased(counts: dict[str, int]) -> dict[str, int]:
    """What erased items contributed: once as figures, and once to be told apart."""
    shadows = {name: count for name, count in counts.items() if name.startswith(ERASED)}
    return shadows | {name.removeprefix(ERASED): count for name, count in shadows.items()}


def _both(one: dict[str, dict[str, int]], two: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    sums = Sums()
    for hours in (one, two):
        for hour, counts in hours.items():
            sums.add(Part(("",), hour, counts))
    return sums.additions.get("", {})


def _from_scratch(result: Verified) -> Additions:
    sums = Sums()
    for row in table.scan_rows(None):
        if row["kind"]["S"] in COUNTED:
            result.items += 1
            for part in contributions(COUNTED, plain({"M": row})):
                sums.add(part)
    return sums.result


def _totals() -> tuple[Additions, Additions]:
    """Hours without what erased items contributed, and days."""
    hours: Additions = {}
    days: Additions = {}
    for row in table.scan_rows(None, only=[store.KpiTotalItem]):
        scope, sk = kpi_keys.scope_of(row["pk"]["S"]), row["sk"]["S"]
        kept = hours if sk.startswith(kpi_keys.HOURS) else days
        kept.setdefault(scope, {})[kpi_keys.period_of(sk)] = store.counts_of(row)
    return hours, days


def _of_alive(counts: dict[str, int]) -> dict[str, int]:
    names = [name for name in counts if not name.startswith(ERASED)]
    return {name: counts[name] - counts.get(ERASED + name, 0) for name in names}


def _differences(counted: Additions, truth: Additions, result: Verified) -> Iterator[Difference]:
    for scope in sorted(counted.keys() | truth.keys()):
        ours, theirs = counted.get(scope, {}), truth.get(scope, {})
        for which in sorted(ours.keys() | theirs.keys()):
            result.compared += 1
            yield from _of_one(scope, which, ours.get(which, {}), theirs.get(which, {}))


def _of_one(scope: str, which: str, ours: dict[str, int], theirs: dict[str, int]) -> Iterator[Difference]:
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name, 0) != theirs.get(name, 0):
            yield Difference(scope, which, name, ours.get(name, 0), theirs.get(name, 0))
