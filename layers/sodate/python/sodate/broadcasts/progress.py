"""What became of each email of a run, read from the ledger: a count that no repetition can make wrong.

The batches of a run name its leads, each has at most one send, and its ledger item has the outcome.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sodate.broadcasts.run import Run
from sodate.broadcasts.store import Batch, batches_of, settle_batch
from sodate.email.ledger.store import SendItem, find_sends

#: No ledger item yet, or one that says that the email comes later.
WAITING = "waiting"
_OPEN = ("planned", "sending")
_AT_ONCE = 10


@dataclass
class Progress:
    """`states`: emails by state of the ledger, or `waiting`. `reasons`: of skipped and failed ones, without details."""

    emails: int = 0
    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def open(self) -> int:
        return self.states[WAITING] + self.states["sending"]

    def count(self, send: SendItem | None) -> None:
        self.emails += 1
        state = WAITING if send is None or send.state == "planned" else send.state
        self.states[state] += 1
        if send is not None and state in ("skipped", "failed"):
            self.reasons[str(send.reason or "").partition(":")[0]] += 1


def progress_of(run: Run) -> Progress:
    """Reads one ledger item per lead: for an operator, not for a request. Each lead is counted once."""
    result, seen = Progress(), set[str]()
    batches = list(batches_of(run))
    for start in range(0, len(batches), _AT_ONCE):
        leads = [one for batch in batches[start : start + _AT_ONCE] for one in batch.leads if one not in seen]
        leads = list(dict.fromkeys(leads))
        seen.update(leads)
        for send in _sends(run, leads):
            result.count(send)
    return result


def settle(run: Run, has_time: Callable[[], bool]) -> bool | None:
    """True when every email of the run has an outcome, False when one has not, None when the time was too short.

    A batch whose emails all have one is marked, and not read again.
    """
    is_settled, batches = True, 0
    for batch in batches_of(run):
        batches += 1
        if batch.settled:
            continue
        if not has_time():
            return None
        if _is_settled(run, batch):
            settle_batch(run, batch)
        else:
            is_settled = False
    return is_settled and batches == run.batches


def _is_settled(run: Run, batch: Batch) -> bool:
    return all(send is not None and send.state not in _OPEN for send in _sends(run, batch.leads))


def _sends(run: Run, leads: Iterable[str]) -> list[SendItem | None]:
    return find_sends([(lead_id, run.send_id(lead_id)) for lead_id in leads])
