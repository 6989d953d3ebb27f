"""Step 2 of the send protocol: one conditional write on STATE decides whether this email may be sent.

Opt-outs, complaints and bounces write the same item, so DynamoDB orders them before or after the claim. The claim
advances the enrollment to its next step, so the same step can never be claimed twice. Nothing is read before the
write: a rejected claim returns the current item, from which the caller derives the reason.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from sodate.dynamodb import base, bulk, keys, transaction
from sodate.dynamodb.base import ConditionFailed
from sodate.dynamodb.transaction import Put, Update
from sodate.email.delivery.ledger import StepRef
from sodate.email.delivery.store import SendItem, settled_step
from sodate.errors import Transient
from sodate.leads.lead import State
from sodate.leads.store import StateItem, state_key, to_state
from sodate.scenarios.caps import PREFERENCE, Limit, minutes, minutes_needed

#: Position of the enrollment relative to a step. `here`: at this step. `behind`: an earlier step was deferred and must
#: be sent first. `ahead`: this step was claimed. `gone`: the enrollment or the lead no longer exists.
StepPosition = Literal["here", "behind", "ahead", "gone"]
#: The list of email minutes is cut only when it is this much longer than needed, so that the extra write is rare.
_SLACK = 4
#: Index of the ledger write in the transaction of `skip_step`.
_LEDGER = 1


@dataclass(frozen=True)
class ClaimRejected:
    """A claim whose condition was false. `state` is the current state; None when the lead does not exist."""

    state: State | None


@dataclass(frozen=True)
class Claims:
    """The claims of one batch: same topic, same frequency caps, same time."""

    topic: str
    limits: Sequence[Limit]
    now: datetime

    def claim(self, ref: StepRef, time_zone: str | None) -> ClaimRejected | None:
        """None exactly once per step of an enrollment: this caller sends the email.

        `time_zone`: the one the step was planned with. A claim with another one is rejected, so the step is planned
        again.
        """
        names, values = self._names(ref), self._values(ref)
        same_time_zone = "#zone = :zone" if time_zone else "attribute_not_exists(#zone)"
        if time_zone:
            values[":zone"] = {"S": time_zone}
        try:
            updated = bulk.update(
                keys.lead(ref.lead_id), keys.STATE, self._expression, f"{self._condition} AND {same_time_zone}",
                names, values, "UPDATED_NEW",
            )  # fmt: skip
        except ConditionFailed as error:
            return ClaimRejected(to_state(StateItem.from_raw_data(error.old)) if error.old else None)
        self._cut(ref, updated)
        return None

    @property
    def _by_topic(self) -> int:
        return minutes_needed(self.limits, self.topic)

    @property
    def _expression(self) -> str:
        sets = [
            "#enrollments.#enrollment.#step = :then",
            "#mailed = list_append(:minute, if_not_exists(#mailed, :none))",
        ]
        if self._by_topic:
            sets.append("#mailed_in.#topic = list_append(:minute, if_not_exists(#mailed_in.#topic, :none))")
        return f"SET {', '.join(sets)}"

    @property
    def _condition(self) -> str:
        terms = [
            "attribute_not_exists(#blocked)",
            "#topics.#topic = :confirmed",
            "#enrollments.#enrollment.#id = :id",
            "#enrollments.#enrollment.#step = :step",
            "(attribute_not_exists(#pause) OR #pause <= :now)",
            "(attribute_not_exists(#frequency) OR attribute_not_exists(#mailed[0]) OR "
            + " OR ".join(
                f"(#frequency = :{preference} AND #mailed[0] <= :{preference}_ago)" for preference in PREFERENCE
            )
            + ")",
        ]
        for number, limit in enumerate(self.limits):
            path = f"{'#mailed' if limit.topic is None else '#mailed_in.#topic'}[{limit.at_most - 1}]"
            terms.append(f"(attribute_not_exists({path}) OR {path} <= :limit{number})")
        return " AND ".join(terms)

    def _names(self, ref: StepRef) -> dict[str, str]:
        names = {
            "#enrollments": "enrollments",
            "#enrollment": ref.sequence,
            "#step": "step",
            "#id": "id",
            "#blocked": "blocked",
            "#topics": "topics",
            "#topic": self.topic,
            "#pause": "pause_until",
            "#frequency": "frequency",
            "#mailed": "mailed",
            "#zone": "zone",
        }
        if any(limit.topic is not None for limit in self.limits):
            names["#mailed_in"] = "mailed_in"
        return names

    def _values(self, ref: StepRef) -> dict[str, bulk.Raw]:
        values: dict[str, bulk.Raw] = {
            ":then": {"N": str(ref.step + 1)},
            ":step": {"N": str(ref.step)},
            ":id": {"S": ref.enrollment_id},
            ":confirmed": {"S": "confirmed"},
            ":now": {"S": keys.stamp(self.now)},
            ":minute": {"L": [{"N": str(minutes(self.now))}]},
            ":none": {"L": []},
        }
        for preference, per in PREFERENCE.items():
            values[f":{preference}"] = {"S": preference}
            values[f":{preference}_ago"] = {"N": str(Limit(None, per, 1).horizon(self.now))}
        for number, limit in enumerate(self.limits):
            values[f":limit{number}"] = {"N": str(limit.horizon(self.now))}
        return values

    def _cut(self, ref: StepRef, updated: bulk.Raw) -> None:
        """Remove minutes that no cap needs. A concurrent claim only moves them further back in the list."""
        ends = []
        for path, stored, needed in (
            ("#mailed", updated.get("mailed"), minutes_needed(self.limits, None)),
            ("#mailed_in.#topic", updated.get("mailed_in", {}).get("M", {}).get(self.topic), self._by_topic),
        ):
            length = len(stored["L"]) if stored else 0
            if needed and length > needed + _SLACK:
                ends += [f"{path}[{index}]" for index in range(needed, length)]
        if ends:
            names = {"#mailed": "mailed", "#mailed_in": "mailed_in", "#topic": self.topic}
            used = {name: real for name, real in names.items() if any(name in end for end in ends)}
            try:
                bulk.update(
                    keys.lead(ref.lead_id), keys.STATE, f"REMOVE {', '.join(ends)}", "attribute_exists(pk)", used, {}
                )
            except (ConditionFailed, Transient):
                return  # the lead was erased, or the table is busy: the next claim cuts


def release(ref: StepRef, claimed: datetime) -> None:
    """Undo a claim whose email certainly did not leave; its minute then counts for no cap.

    When another email was claimed since, the minute stays: caps may over-count, never under-count.
    """
    enrollment, claimed_here = _at(ref, ref.step + 1)
    back, newest = enrollment["step"].set(ref.step), StateItem.mailed[0]
    try:
        base.update(state_key(ref.lead_id), [back, newest.remove()], claimed_here & (newest == minutes(claimed)))
    except ConditionFailed:
        with suppress(ConditionFailed):
            base.update(state_key(ref.lead_id), [back], claimed_here)


def skip_step(send: SendItem, ref: StepRef, reason: str, now: datetime) -> bool:
    """Advance to the next step without an email: ledger and enrollment in one write.

    So an enrollment whose step was skipped continues when the lead may be emailed again. False when the enrollment is
    not at this step; the ledger stays unchanged, because the email may have been sent.
    """
    enrollment, condition = _at(ref, ref.step)
    advanced = Update(state_key(ref.lead_id), [enrollment["step"].set(ref.step + 1)], condition)
    skipped = settled_step(send, "skipped", reason, now)
    try:
        transaction.commit([advanced, Put(skipped, SendItem.rank.does_not_exist() | (SendItem.rank < skipped.rank))])
    except ConditionFailed as error:
        return set(error.failed) == {_LEDGER} and _advance(ref)
    return True


def _advance(ref: StepRef) -> bool:
    """The ledger already has a final state of this step, though its claim was released: advance the enrollment only."""
    enrollment, condition = _at(ref, ref.step)
    try:
        base.update(state_key(ref.lead_id), [enrollment["step"].set(ref.step + 1)], condition)
    except ConditionFailed:
        return False
    return True


def step_position(state: State | None, ref: StepRef) -> StepPosition:
    enrollment = state.enrollments.get(ref.sequence) if state else None
    if enrollment is None or enrollment.id != ref.enrollment_id:
        return "gone"
    if enrollment.step == ref.step:
        return "here"
    return "behind" if enrollment.step < ref.step else "ahead"


def permanent_rejection(state: State, topic: str) -> str | None:
    """Reason code of a permanent rejection, from the state that rejected the claim; None: a later claim may succeed."""
    if state.blocked is not None:
        return f"blocked:{state.blocked}"
    if state.topics.get(topic) != "confirmed":
        return f"consent:{state.topics.get(topic, 'none')}"
    return None


def _at(ref: StepRef, step: int) -> tuple[Path, Condition]:
    enrollment = StateItem.enrollments[ref.sequence]
    return enrollment, (enrollment["id"] == ref.enrollment_id) & (enrollment["step"] == step)
