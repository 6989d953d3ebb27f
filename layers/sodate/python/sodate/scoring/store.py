"""SCORE items: what a lead's log came to, and what the fold needs to go on from there. Written by `scoring` alone.

It is not part of STATE: a score must never compete with the claim of a mail for one item (docs/decisions/0053).
"""

from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from sodate.leads.lead import Totals
from sodate.scoring.fold import Fold, View
from sodate.scoring.memory import Memory, dumped, loaded
from sodate.table import base, keys
from sodate.table.base import TableItem


class ScoreItem(TableItem, discriminator="score"):
    """`totals` are as they were at `at`; what fades has faded since. `turns_at`: the minute of its due entry."""

    memory = UnicodeAttribute()
    at = UnicodeAttribute()
    total = NumberAttribute()
    totals: JSONAttribute = JSONAttribute()
    hot = BooleanAttribute()
    rank = UnicodeAttribute()
    phase = UnicodeAttribute()
    stage = UnicodeAttribute()
    rules_version = NumberAttribute()
    turns_at = NumberAttribute(null=True)
    version = NumberAttribute()

    @property
    def lead_id(self) -> str:
        return keys.lead_id_of(self.pk)

    @property
    def remembered(self) -> Memory:
        return loaded(self.memory)


def score_item(
    lead_id: str, memory: Memory, fold: Fold, *, rules_version: int, version: int, **facts: Any
) -> ScoreItem:
    view = fold.view(memory, memory.now)
    return ScoreItem(
        keys.lead(lead_id),
        keys.SCORE,
        memory=dumped(memory),
        at=keys.stamp(moment(memory.now)),
        total=view.total,
        totals=recorded(view),
        hot=memory.hot,
        rank=memory.rank,
        phase=fold.rules.phases[memory.phase].id,
        stage=memory.stage,
        rules_version=rules_version,
        version=version,
        **facts,
    )


def moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def recorded(view: View) -> dict[str, list[int]]:
    """Attribute plus and minus, behaviour plus and minus; `""` is over all, then each category."""
    return {name: _as_list(totals) for name, totals in {"": view.overall, **view.by_category}.items()}


def _as_list(totals: Totals) -> list[int]:
    return [totals.attribute_plus, totals.attribute_minus, totals.behaviour_plus, totals.behaviour_minus]


def find_score(lead_id: str) -> ScoreItem | None:
    return base.find(ScoreItem, keys.lead(lead_id), keys.SCORE)
