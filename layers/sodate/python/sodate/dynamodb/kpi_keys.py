"""Builds and parses the key strings of the counters (room `kpis`)."""

from datetime import datetime

from sodate.dynamodb.keys import minute

DELTAS = "KPIDELTA#"
TOTALS = "KPITOTAL#"
FOLDED = "FOLDED#"
CHANGES = "CHANGES#"
HOURS = "H#"
DAYS = "D#"
VISITORS = "V#"
#: Hour of a figure that has no time: how many are in a phase at this moment.
NOW = "NOW"
ROUND = ("KPIROUND", "STATE")
#: Of a stream record that does not say when it was written.
_NO_MINUTE = "00000000T0000"


def delta_partition(written: datetime | None, shard: int) -> str:
    return f"{DELTAS}{minute(written) if written is not None else _NO_MINUTE}#{shard}"


def delta(content_hash: str) -> str:
    return f"{CHANGES}{content_hash}"


def folded(round_number: int) -> str:
    return f"{FOLDED}{round_number:012d}"


def totals(scope: str) -> str:
    return f"{TOTALS}{scope}"


def scope_of(pk: str) -> str:
    return pk.removeprefix(TOTALS)


def hour_total(hour: str) -> str:
    return f"{HOURS}{hour}"


def day_total(day: str) -> str:
    return f"{DAYS}{day}"


def visitors(period: str) -> str:
    """`period`: a day (`2026-11-27`) or a month (`2026-11`)."""
    return f"{VISITORS}{period}"


def period_of(sk: str) -> str:
    return sk.partition("#")[2]
