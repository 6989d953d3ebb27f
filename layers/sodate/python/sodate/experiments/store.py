"""What was decided in an experiment: one item, written once by the experiment itself, and replaced by people only."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Conflict
from sodate.experiments.decision import ExperimentName
from sodate.experiments.intervals import Count

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
        raise Conflict(f"{name} was decided meanwhile: look at it again, then choose") from error


def _item(name: ExperimentName, decision: Decision) -> DecisionItem:
    return DecisionItem(keys.experiment(name.source, name.of), keys.decision(name.part), **asdict(decision))


def _decision(stored: Mapping[str, Any]) -> Decision:
    counts = {variant: Count(**count) for variant, count in (stored.get("counts") or {}).items()}
    earlier = tuple(_decision(one) for one in stored.get("earlier") or ())
    return Decision(
        stored["variant"], stored["outcome"], stored["by"], stored["at"], stored.get("because"), counts, earlier
    )
