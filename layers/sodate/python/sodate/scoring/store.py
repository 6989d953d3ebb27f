"""SCORE items: what a lead's log came to, and what the fold needs to go on from there. Written by `scoring` alone.

It is not part of STATE: a score must never compete with the claim of a mail for one item (docs/decisions/0053).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from sodate.dynamodb import base, bulk, keys
from sodate.dynamodb.base import TableItem
from sodate.dynamodb.transaction import Put
from sodate.leads.lead import Totals
from sodate.scoring.fold import Fold
from sodate.scoring.memory import Memory, dumped, loaded
from sodate.scoring.view import View


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


@dataclass(frozen=True)
class Held:
    """What of a SCORE item the next fold needs. `version` 0: there is none yet."""

    version: int = 0
    memory: str = ""
    hot: bool = False
    rules_version: int = 0
    turns_at: int | None = None

    @property
    def remembered(self) -> Memory:
        return loaded(self.memory)


def held_now(lead_id: str) -> Held:
    return _held(bulk.get(keys.lead(lead_id), keys.SCORE, consistent=True))


def held_lately(lead_ids: Iterable[str]) -> dict[str, Held]:
    """Many in one call, perhaps a second old: whoever writes on it is told by the condition."""
    wanted = list(lead_ids)
    found = bulk.get_many((keys.lead(lead_id), keys.SCORE) for lead_id in wanted)
    return {lead_id: _held(found.get((keys.lead(lead_id), keys.SCORE))) for lead_id in wanted}


def _held(raw: bulk.Raw | None) -> Held:
    if raw is None:
        return Held()
    turns_at = raw.get("turns_at", {}).get("N")
    return Held(
        version=int(raw["version"]["N"]),
        memory=raw["memory"]["S"],
        hot=raw["hot"]["BOOL"],
        rules_version=int(raw["rules_version"]["N"]),
        turns_at=int(turns_at) if turns_at is not None else None,
    )


def score_raw(
    lead_id: str, memory: Memory, fold: Fold, *, rules_version: int, version: int, turns_at: int | None
) -> bulk.Raw:
    """As `ScoreItem` writes it, without a model in between: this is written for every engagement."""
    view = fold.view(memory, memory.now)
    found = {
        "pk": {"S": keys.lead(lead_id)},
        "sk": {"S": keys.SCORE},
        "kind": {"S": "score"},
        "memory": {"S": dumped(memory)},
        "at": {"S": keys.stamp(moment(memory.now))},
        "total": {"N": str(view.total)},
        "totals": {"S": json.dumps(recorded(view), separators=(",", ":"))},
        "hot": {"BOOL": memory.hot},
        "rank": {"S": memory.rank},
        "phase": {"S": fold.rules.phases[memory.phase].id},
        "stage": {"S": memory.stage},
        "rules_version": {"N": str(rules_version)},
        "version": {"N": str(version)},
    }
    return found | ({"turns_at": {"N": str(turns_at)}} if turns_at is not None else {})


def put_score(raw: bulk.Raw, was: int) -> None:
    """Raises `ConditionFailed` when somebody wrote it since version `was`."""
    request: dict[str, Any] = {"TableName": TableItem.Meta.table_name, "Item": raw}
    if was:
        values = {":was": {"N": str(was)}}
        request |= {"ConditionExpression": "version = :was", "ExpressionAttributeValues": values}
    else:
        request["ConditionExpression"] = "attribute_not_exists(pk)"
    bulk.call("PutItem", request)


def as_write(raw: bulk.Raw, was: int) -> Put:
    """The same as part of a transaction."""
    item = ScoreItem.from_raw_data(raw)
    return Put(item, ScoreItem.version == was if was else ScoreItem.pk.does_not_exist())


def moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def recorded(view: View) -> dict[str, list[int]]:
    """Attribute plus and minus, behaviour plus and minus; `""` is over all, then each category."""
    return {name: _as_list(totals) for name, totals in {"": view.overall, **view.by_category}.items()}


def _as_list(totals: Totals) -> list[int]:
    return [totals.attribute_plus, totals.attribute_minus, totals.behaviour_plus, totals.behaviour_minus]


def find_score(lead_id: str) -> ScoreItem | None:
    return base.find(ScoreItem, keys.lead(lead_id), keys.SCORE)
