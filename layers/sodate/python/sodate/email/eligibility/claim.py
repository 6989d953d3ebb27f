"""Step 2 of the send protocol: one conditional write on STATE decides whether this email may be sent.

Opt-outs, complaints and bounces write the same item, so DynamoDB orders them before or after the claim. The claim also
makes the state change of the email's source, for example advances an enrollment, so the same email can never be claimed
twice. Nothing is read before the write: a rejected claim returns the current item, from which the caller derives the
reason.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sodate.dynamodb import keys, table
from sodate.dynamodb.statement import Statement
from sodate.dynamodb.table import ConditionFailed, Put, Update
from sodate.email.eligibility import store
from sodate.email.eligibility.caps import PREFERENCE, Limit, minutes, minutes_needed
from sodate.email.eligibility.store import Guard
from sodate.email.ledger.store import SendItem, ranks_higher, settled_step
from sodate.errors import Transient
from sodate.leads.contact_state import ContactState
from sodate.leads.store import to_state

#: The list of email minutes is cut only when it is this much longer than needed, so that the extra write is rare.
_SLACK = 4
#: Index of the ledger write in the transaction of `skip`.
_LEDGER = 1


@dataclass(frozen=True)
class ClaimRejected:
    """A claim whose condition was false. `state` is the current state; None when the lead does not exist."""

    state: ContactState | None


@dataclass(frozen=True)
class Claims:
    """The claims of one batch: same topic, same frequency caps, same source, same time."""

    topic: str
    limits: Sequence[Limit]
    guard: Guard
    now: datetime
    _statements: dict[bool, Statement] = field(default_factory=dict)

    def claim(self, lead_id: str, time_zone: str | None, of_source: dict[str, Any]) -> ClaimRejected | None:
        """None exactly once per email: this caller sends it.

        `time_zone`: the one the email was planned with. A claim with another one is rejected, so the email is planned
        again. `of_source`: values of the guard's parameters.
        """
        parameters = {**self._parameters, **of_source, "time_zone": time_zone}
        try:
            mailed, mailed_in = store.claim(lead_id, self._statement(has_time_zone=time_zone is not None), parameters)
        except ConditionFailed as error:
            return ClaimRejected(to_state(error.old) if error.old else None)
        self._cut(lead_id, mailed, mailed_in.get(self.topic, 0))
        return None

    def _statement(self, *, has_time_zone: bool) -> Statement:
        if has_time_zone not in self._statements:
            self._statements[has_time_zone] = store.claim_statement(
                self.topic, self.limits, self.guard, has_time_zone=has_time_zone
            )
        return self._statements[has_time_zone]

    @cached_property
    def _parameters(self) -> dict[str, Any]:
        """Equal for every claim of the batch."""
        return {
            "now": keys.stamp(self.now),
            "minute": [minutes(self.now)],
            **{preference: Limit(None, per, 1).horizon(self.now) for preference, per in PREFERENCE.items()},
            **{f"limit{index}": limit.horizon(self.now) for index, limit in enumerate(self.limits)},
        }

    def _cut(self, lead_id: str, mailed: int, mailed_in: int) -> None:
        """Remove minutes that no cap needs. A concurrent claim only moves them further back in the list."""
        over_all, by_topic = minutes_needed(self.limits, None), minutes_needed(self.limits, self.topic)
        old = range(over_all, mailed) if mailed > over_all + _SLACK else range(0)
        old_in_topic = range(by_topic, mailed_in) if by_topic and mailed_in > by_topic + _SLACK else range(0)
        if old or old_in_topic:
            # When the lead was erased, or the table is busy, the next claim cuts.
            with suppress(ConditionFailed, Transient):
                store.cut_minutes(lead_id, self.topic, old, old_in_topic)


def release(undone: Update, claimed: datetime) -> None:
    """Undo a claim whose email certainly did not leave; its minute then counts for no cap. `undone`: by the source.

    When another email was claimed since, the minute stays: caps may over-count, never under-count.
    """
    try:
        store.release(undone, minutes(claimed))
    except ConditionFailed:
        with suppress(ConditionFailed):
            table.update(undone.item, undone.actions, undone.condition)


def skip(send: SendItem, advance: Update, reason: str, now: datetime) -> bool:
    """Go on without this email: ledger and the state change of the source in one write.

    So an enrollment whose step was skipped continues when the lead may be emailed again. False when it is not this
    email's turn; the ledger stays unchanged, because the email may have been sent.
    """
    skipped = settled_step(send, "skipped", reason, now)
    try:
        table.commit([advance, Put(skipped, ranks_higher(skipped))])
    except ConditionFailed as error:
        return set(error.failed) == {_LEDGER} and _advance_only(advance)
    return True


def _advance_only(advance: Update) -> bool:
    """The ledger already has a final state of this email, though its claim was released."""
    try:
        table.update(advance.item, advance.actions, advance.condition)
    except ConditionFailed:
        return False
    return True
