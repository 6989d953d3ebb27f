"""Imports ad costs: unchanged rows are not written again, a changed row is a correction with its own time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sodate.campaigns import store
from sodate.campaigns.ad_cost import AdCostRecord


@dataclass(frozen=True)
class Imported:
    new: int
    corrected: int
    unchanged: int


def import_costs(records: Sequence[AdCostRecord], *, dry_run: bool = False) -> Imported:
    """`records`: of one platform, each row once. The same file twice changes nothing. Raises: `Transient`."""
    if not records:
        return Imported(0, 0, 0)
    first, last = min(one.day for one in records), max(one.day for one in records)
    stored = sorted(store.ad_costs(records[0].platform, first, last), key=lambda one: one.recorded_at)
    latest = {(one.day, one.row_key): one for one in stored}
    new = [one for one in records if (one.day, one.row_key) not in latest]
    corrected = [
        one
        for one in records
        if (before := latest.get((one.day, one.row_key))) is not None and before.figures != one.figures
    ]
    if not dry_run:
        store.put_ad_costs([*new, *corrected])
    return Imported(len(new), len(corrected), len(records) - len(new) - len(corrected))
