"""Items of experiments: what was decided, and who took which arm of a scenario.

A decision is written once by the experiment itself, and replaced by people only. An arm is written once, in the
transaction in which the enrollment takes it, so that no redelivery counts it twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem, values
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.errors import Conflict
from sodate.experiments.decision import ExperimentName
from sodate.experiments.intervals import Count
from sodate.messages import Message

AUTOMATIC = "automatic"


class DecisionItem(TableItem, discriminator="decision"):
    variant = UnicodeAttribute()
    outcome = UnicodeAttribute()
    by = UnicodeAttribute()
    because = UnicodeAttribute(null=True)
    at = UnicodeAttribute()
    counts: JSONAttribute = JSONAttribute(null=True)
    earlier: JSONAttribute = JSONAttribute(null=True)


@dataclass(frozen=True)
class Decision:
    """`outcome`: an `experiments.decision.Outcome`. `by`: a person, or `automatic`. `counts`: on which it was decided.

    `earlier`: the decisions that it replaces, the latest first.
    """

    variant: str
    outcome: str
    by: str
    at: str
    because: str | None = None
    counts: Mapping[str, Count] = field(default_factory=dict)
    earlier: tuple["Decision", ...] = ()


def find_decision(name: ExperimentName) -> Decision | None:
    item = table.find(DecisionItem, keys.experiment(name.source, name.of), keys.decision(name.part))
    return None if item is None else _decision({**item.attribute_values, "earlier": item.earlier or []})


def put_first(name: ExperimentName, decision: Decision) -> Decision:
    """The decision that stands: this one, or the one that was stored before."""
    try:
        table.put_new(_item(name, decision))
    except ConditionFailed:
        return find_decision(name) or decision
    return decision


def replace_decision(name: ExperimentName, before: Decision | None, decision: Decision) -> None:
    """Raises: `Conflict` when it is no longer the one that was read."""
    unchanged = DecisionItem.at.does_not_exist() if before is None else DecisionItem.at == before.at
    try:
        table.put(_item(name, decision), unchanged)
    except ConditionFailed as error:
        raise Conflict(Message("{name} was decided meanwhile: look at it again, then choose", name=name)) from error


def _item(name: ExperimentName, decision: Decision) -> DecisionItem:
    return DecisionItem(keys.experiment(name.source, name.of), keys.decision(name.part), **asdict(decision))


def _decision(stored: Mapping[str, Any]) -> Decision:
    counts = {variant: Count(**count) for variant, count in (stored.get("counts") or {}).items()}
    earlier = tuple(_decision(one) for one in stored.get("earlier") or ())
    return Decision(
        stored["variant"], stored["outcome"], stored["by"], stored["at"], stored.get("because"), counts, earlier
    )


# -- who took which arm ------------------------------------------------------------------------------------------------

_PAGE = 500


class ArmItem(TableItem, discriminator="arm"):
    arm = UnicodeAttribute()
    at = UnicodeAttribute()
    version = NumberAttribute()


@dataclass(frozen=True)
class TakenArm:
    """`version`: of the scenario, whose weights decided."""

    lead_id: str
    arm: str
    at: datetime
    version: int


def arm_taken(name: ExperimentName, enrollment: str, taken: TakenArm) -> Put:
    """`enrollment`: its name; a lead may have several with keys."""
    item = ArmItem(
        keys.arms(name.source, name.of, name.part),
        keys.arm(enrollment, taken.lead_id),
        arm=taken.arm,
        at=keys.stamp(taken.at),
        version=taken.version,
    )
    return Put(item)


def arms_taken(name: ExperimentName) -> Iterator[TakenArm]:
    """All of them, in no order of time: for an operator's command."""
    after: str | None = None
    while True:
        rows, after = table.page(keys.arms(name.source, name.of, name.part), after, _PAGE)
        for stored in (values(ArmItem, row) for row in rows):
            lead_id, at = keys.lead_id_of_arm(stored["sk"]), datetime.fromisoformat(stored["at"])
            yield TakenArm(lead_id, stored["arm"], at, int(stored["version"]))
        if after is None:
            return
