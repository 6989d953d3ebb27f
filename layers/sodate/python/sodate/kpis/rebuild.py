"""Corrects counters that differ from a count from scratch, in rounds like any other addition.

For a time at which nothing changes: what changes between the scan and the correction is counted twice or not at all,
and the next comparison shows it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sodate.kpis import store
from sodate.kpis.delta import Additions
from sodate.kpis.fold import carry_out, finish
from sodate.kpis.round import Plan
from sodate.kpis.verify import Difference

_A_ROUND = 500


def rebuild(differences: Sequence[Difference], zone: str, now: datetime) -> int:
    """Add what is missing. Returns the number of rounds. `zone`: of the days from now on.

    Raises: `Conflict` when the counters change at the same time.
    """
    rounds, done = finish(store.load_rounds(), now), 0
    for hours, days in _chunks(differences):
        plan = Plan(hours, {}, days)
        rounds = carry_out(store.begin_round(rounds, zone, plan), now)
        done += 1
    return done


def _chunks(differences: Sequence[Difference]) -> Iterator[tuple[Additions, Additions]]:
    for start in range(0, len(differences), _A_ROUND):
        hours: Additions = {}
        days: Additions = {}
        for one in differences[start : start + _A_ROUND]:
            kept = days if one.is_day else hours
            kept.setdefault(one.scope, {}).setdefault(one.which, {})[one.metric] = one.from_scratch - one.counted
        yield hours, days
