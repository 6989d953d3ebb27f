"""Adds the changes that wait to the totals, in rounds, each exactly once.

One conditional write commits the plan of a round. Then its additions are made, each under the condition that the total
has not had this round; then the partitions note which items it took; then the round is finished. A process that dies in
between leaves the plan, and the next one carries it out from its beginning.
"""

from collections.abc import Iterable
from datetime import datetime

from sodate.dynamodb import kpi_keys
from sodate.kpis import store
from sodate.kpis.delta import Sums, ids_of, visitors_of
from sodate.kpis.period import day_of
from sodate.kpis.round import FULL_BYTES, FULL_ITEMS, Plan
from sodate.kpis.sketch import Sketch
from sodate.kpis.store import Partition, Rounds


def fold(partitions: Iterable[str], zone: str, now: datetime) -> int:
    """Add what waits in these partitions. Returns the number of rounds. `zone`: of the days, used by the first round.

    Raises: `Conflict` when another process folds at the same time; `Transient` when the table is not available.
    """
    rounds = finish(store.load_rounds(), now)
    waiting = [one for pk in dict.fromkeys(partitions) if (one := store.load_partition(pk)).waiting]
    _note_visitors(waiting, rounds.zone or zone)
    done = 0
    while waiting:
        plan = planned(waiting)
        rounds = carry_out(store.begin_round(rounds, rounds.zone or zone, plan), now)
        waiting = [left for one in waiting if (left := one.after(plan.folded.get(one.pk, ()))).waiting]
        done += 1
    return done


def _note_visitors(waiting: Iterable[Partition], zone: str) -> None:
    """Before the rounds: a process that dies afterwards notes them again, which changes nothing."""
    found: dict[tuple[str, str], set[str]] = {}
    for partition in waiting:
        for content in partition.waiting.values():
            for scopes, hour, who in visitors_of(content):
                day = day_of(hour, zone)
                for scope in scopes:
                    found.setdefault((scope, day), set()).update(who)
                    found.setdefault((scope, day[:7]), set()).update(who)
    for (scope, period), seen in found.items():
        store.merge_visitors(scope, period, Sketch.of(seen))


def finish(rounds: Rounds, now: datetime) -> Rounds:
    """Carry out a round that a process left unfinished."""
    return carry_out(rounds, now) if rounds.plan is not None else rounds


def planned(partitions: Iterable[Partition]) -> Plan:
    """One round of as many of the waiting items as fit."""
    sums, folded, items = Sums(), dict[str, list[str]](), 0
    for partition in partitions:
        known = {record for content in partition.folded for record in ids_of(content)}
        for name, content in partition.waiting.items():
            if sums.size >= FULL_BYTES or items >= FULL_ITEMS:
                return Plan(sums.result, folded)
            sums.take(content, known)
            folded.setdefault(partition.pk, []).append(name)
            items += 1
    return Plan(sums.result, folded)


def carry_out(rounds: Rounds, now: datetime) -> Rounds:
    """Every step may be repeated, and by several processes at once."""
    if rounds.plan is None or rounds.zone is None:
        return rounds
    for scope, kind, which, counts in rounds.plan.totals(rounds.zone):
        sk = kpi_keys.hour_total(which) if kind == "hour" else kpi_keys.day_total(which)
        store.add(kpi_keys.totals(scope), sk, counts, rounds.number)
    for pk, names in rounds.plan.folded.items():
        store.mark_folded(pk, names, rounds.number, now)
    return store.end_round(rounds)
