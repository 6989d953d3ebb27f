"""How fast we may mail, and whether at all: one small item that the dispatcher keeps and every sender asks.

SES says the rate. A sender reserves a slot for each bulk call by one conditional write and waits for it, so the slots
of all senders together never exceed the rate, however many there are. A stopped account is a flag on the same item: the
senders see it before they claim, the dispatcher looks once a minute whether SES takes mail again.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from sodate.table import bulk, keys
from sodate.table.base import ConditionFailed, TableItem

LARGEST_BULK = 50
#: SES gives a new account one mail a second.
SANDBOX_RATE = 1.0
#: After a stop one mail a minute shows whether SES takes mail again.
TRIAL_RATE = 1 / 60
#: Slots lie this much further apart than the rate asks for: room for a sender that wakes late and for the way to SES,
#: so that even then no second holds a call too many.
SLACK = 1.03
#: A slot is never "now": by the time its reservation is known it would have passed, and its successors come on time.
_AHEAD = timedelta(milliseconds=25)
#: Whoever is later than this at its slot takes another one. Less than `SLACK` leaves free in a second.
_LATE = timedelta(milliseconds=20)
_TRIES = 5
#: Whoever would wait longer than this for a slot puts its messages back instead.
PATIENCE = timedelta(seconds=10)


class PaceItem(TableItem, discriminator="pace"):
    """`next_slot` in microseconds since the epoch: before it no mail may leave. `rate` in mails a second."""

    rate = NumberAttribute()
    next_slot = NumberAttribute(null=True)
    stopped = UnicodeAttribute(null=True)
    held = UnicodeAttribute(null=True)


@dataclass(frozen=True)
class Pace:
    """`stopped`: why the account takes no mail at all. `held`: why we hold marketing mail back ourselves."""

    rate: float = SANDBOX_RATE
    next_slot: datetime | None = None
    stopped: str | None = None
    held: str | None = None

    @property
    def bulk_size(self) -> int:
        """Mails of one bulk call: a twentieth of a second's worth, so that slots stay even; 1 to 50."""
        return max(1, min(LARGEST_BULK, floor(self.rate / 20)))

    @property
    def slot(self) -> timedelta:
        """Time between two bulk calls; a whole number of them fits into a second, so no window has one too many."""
        calls = floor(self.rate / self.bulk_size) if self.rate >= 1 else self.rate
        return timedelta(microseconds=ceil(1_000_000 * SLACK / calls))

    def room(self, span: timedelta) -> int:
        """How many mails fit into so much time."""
        return max(0, span // self.slot) * self.bulk_size

    def is_crowded(self, now: datetime) -> bool:
        return self.next_slot is not None and self.next_slot > now + PATIENCE


def look() -> Pace:
    """A second old at most; absent before the first tick."""
    item = bulk.get(keys.sending_account(), keys.PACE)
    return _pace(item) if item else Pace()


def wait_for_turn(pace: Pace, clock: Callable[[], datetime], sleep: Callable[[float], None]) -> bool:
    """True at the moment at which the caller may send (a bulk call, or one mail); False when that is too far away."""
    for _ in range(_TRIES):
        slot = reserve(pace, clock())
        if slot is None:
            return False
        sleep(max(0.0, (slot - clock()).total_seconds()))
        if clock() <= slot + _LATE:
            return True
    return False


def reserve(pace: Pace, now: datetime) -> datetime | None:
    """The next free slot, a moment from now at the earliest. None when it is too far away."""
    first, names = now + _AHEAD, {"#next": "next_slot", "#kind": "kind"}
    moment, step = {"N": str(_micro(first))}, pace.slot // timedelta(microseconds=1)
    free = {":first": moment, ":then": {"N": str(_micro(first) + step)}, ":kind": {"S": "pace"}}
    busy = {":first": moment, ":step": {"N": str(step)}, ":far": {"N": str(_micro(now + PATIENCE))}}
    queued = "#next > :first AND #next <= :far"
    while True:
        with suppress(ConditionFailed):  # most often others have slots ahead of us
            told = _update("SET #next = #next + :step", queued, {"#next": "next_slot"}, busy)
            return _moment(int(told["next_slot"]["N"]) - step)
        try:
            _update("SET #next = :then, #kind = :kind", "attribute_not_exists(#next) OR #next <= :first", names, free)
        except ConditionFailed as error:
            if int((error.old or {})["next_slot"]["N"]) > _micro(now + PATIENCE):
                return None
        else:
            return first


def stop(reason: str) -> None:
    """SES said that the account sends nothing for now. The first reason stays."""
    names, values = {"#stopped": "stopped", "#kind": "kind"}, {":why": {"S": reason}, ":kind": {"S": "pace"}}
    with suppress(ConditionFailed):
        _update("SET #stopped = :why, #kind = :kind", "attribute_not_exists(#stopped)", names, values)


def keep(pace: Pace) -> None:
    """What the dispatcher found out. Reserved slots stay reserved: whoever holds one is about to send."""
    names = {"#rate": "rate", "#stopped": "stopped", "#held": "held", "#kind": "kind"}
    sets = ["#rate = :rate", "#kind = :kind"]
    values = {":rate": {"N": str(pace.rate)}, ":kind": {"S": "pace"}}
    gone = []
    for name, reason in (("stopped", pace.stopped), ("held", pace.held)):
        if reason is None:
            gone.append(f"#{name}")
        else:
            sets.append(f"#{name} = :{name}")
            values[f":{name}"] = {"S": reason[:200]}
    removed = f" REMOVE {', '.join(gone)}" if gone else ""
    _update(f"SET {', '.join(sets)}{removed}", None, names, values)


def _update(expression: str, condition: str | None, names: dict[str, str], values: dict[str, bulk.Raw]) -> bulk.Raw:
    return bulk.update(keys.sending_account(), keys.PACE, expression, condition, names, values, "UPDATED_NEW")


def _pace(item: bulk.Raw) -> Pace:
    found = bulk.plain({"M": item})
    next_slot = found.get("next_slot")
    return Pace(
        float(found.get("rate", SANDBOX_RATE)),
        _moment(int(next_slot)) if next_slot is not None else None,
        found.get("stopped"),
        found.get("held"),
    )


def _micro(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _moment(micro: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)
