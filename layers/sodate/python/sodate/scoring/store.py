"""SCORE items: a lead's score and the state that the engine continues from. And the progress of replays.

SCORE is separate from STATE: a score write must never contend with the claim of an email (docs/decisions/0053).
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, TableItem, decode, encode, row, values
from sodate.dynamodb.statement import Statement, number
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.facts.lead_facts import StoredFacts
from sodate.leads.lead import Totals
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.replay_progress import ReplayOptions, TaskResult
from sodate.scoring.score_state import ScoreState, dumped, loaded
from sodate.scoring.view import View

#: How long the progress of a replay is kept.
REPLAY_KEPT = timedelta(days=14)


class ScoreItem(TableItem, discriminator="score"):
    """`totals` are as of `at`, before later decay. `due_minute`: minute (since 1970) of the pending due entry.

    `facts_json`, `segments_version`, `segments_due_minute`: see `StoredFacts`.
    """

    state_json = UnicodeAttribute()
    at = UnicodeAttribute()
    total = NumberAttribute()
    totals: JSONAttribute = JSONAttribute()
    hot = BooleanAttribute()
    rank = UnicodeAttribute()
    phase = UnicodeAttribute()
    stage = UnicodeAttribute()
    rules_version = NumberAttribute()
    due_minute = NumberAttribute(null=True)
    facts_json = UnicodeAttribute(null=True)
    segments_version = NumberAttribute(null=True)
    segments_due_minute = NumberAttribute(null=True)
    #: The lead that stays, of a merged one: what it reached is no figure of its own any more (`kpis.contribution`).
    merged_into = UnicodeAttribute(null=True)
    version = NumberAttribute()

    @property
    def lead_id(self) -> str:
        return keys.lead_id_of(self.pk)

    @property
    def score_state(self) -> ScoreState:
        return loaded(self.state_json)


class ReplayItem(TableItem, discriminator="replay"):
    """Progress of one segment of a replay. `position`: the last key processed. `ended`: None while the segment runs.

    `next_task`: its number; `asked_for`: number of the last task whose message was
    sent. `notify`: whether sales is notified of leads that become hot. `announce`: whether segments that a lead enters
    or leaves are events.
    """

    segments = NumberAttribute()
    rules_version = NumberAttribute()
    notify = BooleanAttribute()
    announce = BooleanAttribute(default=False)
    next_task = NumberAttribute(default=0)
    asked_for = NumberAttribute(default=0)
    position: JSONAttribute = JSONAttribute(null=True)
    leads = NumberAttribute(default=0)
    changed = NumberAttribute(default=0)
    hot = NumberAttribute(default=0)
    unreadable = NumberAttribute(default=0)
    ended = UnicodeAttribute(null=True)
    began = UnicodeAttribute()
    at = UnicodeAttribute()


@dataclass(frozen=True)
class ScoreSnapshot:
    """The part of a SCORE item that rescoring needs. `version` 0: no item yet."""

    version: int = 0
    state_json: str = ""
    hot: bool = False
    rules_version: int = 0
    due_minute: int | None = None
    facts: StoredFacts = field(default_factory=StoredFacts)
    merged_into: str | None = None

    @property
    def score_state(self) -> ScoreState:
        return loaded(self.state_json)


def load_snapshot(lead_id: str) -> ScoreSnapshot:
    return snapshot_of(table.get(keys.lead(lead_id), keys.SCORE, consistent=True))


def load_recent_snapshots(lead_ids: Iterable[str]) -> dict[str, ScoreSnapshot]:
    """Many items in one eventually consistent read. A write based on a stale one fails its version condition."""
    wanted = list(lead_ids)
    items = table.get_many((keys.lead(lead_id), keys.SCORE) for lead_id in wanted)
    return {lead_id: snapshot_of(items.get((keys.lead(lead_id), keys.SCORE))) for lead_id in wanted}


def snapshot_of(score: Row | None) -> ScoreSnapshot:
    """None: the lead has no SCORE item."""
    if score is None:
        return ScoreSnapshot()
    stored = values(ScoreItem, score)
    if "state_json" not in stored:  # written before 2026-11-26: rules version 0 makes the next rescoring replay the log
        return ScoreSnapshot(stored["version"], hot=stored["hot"])
    facts = StoredFacts(stored.get("facts_json"), stored.get("segments_version", 0), stored.get("segments_due_minute"))
    return ScoreSnapshot(
        version=stored["version"],
        state_json=stored["state_json"],
        hot=stored["hot"],
        rules_version=stored["rules_version"],
        due_minute=stored.get("due_minute"),
        facts=facts,
        merged_into=stored.get("merged_into"),
    )


@dataclass(frozen=True)
class Bookkeeping:
    """What a SCORE item has beside the score state."""

    version: int
    rules_version: int
    due_minute: int | None
    facts: StoredFacts
    merged_into: str | None = None


def score_row(lead_id: str, score_state: ScoreState, engine: ScoringEngine, beside: Bookkeeping) -> Row:
    """The SCORE item as DynamoDB JSON; it is written for every engagement."""
    view = engine.view(score_state, score_state.now)
    return row(
        ScoreItem,
        keys.lead(lead_id),
        keys.SCORE,
        state_json=dumped(score_state),
        at=keys.stamp(moment(score_state.now)),
        total=view.total,
        totals=recorded(view),
        hot=score_state.hot,
        rank=score_state.rank.value,
        phase=engine.rules.phases[score_state.phase].id,
        stage=score_state.stage.value,
        rules_version=beside.rules_version,
        version=beside.version,
        due_minute=beside.due_minute,
        merged_into=beside.merged_into,
        **_facts_attributes(beside.facts),
    )


def _facts_attributes(facts: StoredFacts) -> dict[str, Any]:
    if facts.facts_json is None:
        return {}
    return {
        "facts_json": facts.facts_json,
        "segments_version": facts.segments_version,
        "segments_due_minute": facts.due_minute,
    }


_SAME_VERSION = Statement((), ScoreItem.version == number("was"))


def put_score(score: Row, was: int) -> None:
    """Write the item if it is still at version `was` (0: if it does not exist).

    Raises: `ConditionFailed` after a concurrent write.
    """
    if was:
        table.put_row(score, _SAME_VERSION, was=was)
    else:
        table.put_row(score, ScoreItem.pk.does_not_exist())


def mark_merged(lead_id: str, stays: str | None) -> None:
    """`stays`: the lead into which this one was merged; None: it is a lead of its own again.

    The new version makes a concurrent rescoring read the item again. No effect without a score.
    """
    path = ScoreItem.merged_into
    actions = [path.remove() if stays is None else path.set(stays), ScoreItem.version.add(1)]
    with suppress(ConditionFailed):
        table.update(ScoreItem(keys.lead(lead_id), keys.SCORE), actions, ScoreItem.pk.exists())


def as_write(score: Row, was: int) -> Put:
    """`put_score` as one part of a transaction."""
    item = decode(ScoreItem, score)
    return Put(item, ScoreItem.version == was if was else ScoreItem.pk.does_not_exist())


def recorded_state(score: Row | None) -> tuple[ScoreState | None, int]:
    """The stored state, None when the item has none, and the version of the rules that it was made with (0: none)."""
    stored = values(ScoreItem, score or {})
    text = stored.get("state_json")
    return loaded(text) if text else None, stored.get("rules_version", 0)


def moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def recorded(view: View) -> dict[str, list[int]]:
    """By category (`""` for overall): attribute plus, attribute minus, behaviour plus, behaviour minus."""
    return {name: _as_list(totals) for name, totals in {"": view.overall, **view.by_category}.items()}


def _as_list(totals: Totals) -> list[int]:
    return [totals.attribute_plus, totals.attribute_minus, totals.behaviour_plus, totals.behaviour_minus]


def find_score(lead_id: str) -> ScoreItem | None:
    """None too for an item without a state, which the next rescoring replaces."""
    item = table.find(ScoreItem, keys.lead(lead_id), keys.SCORE)
    return item if item is not None and item.state_json else None


# -- replay of all scores ----------------------------------------------------------------------------------------------


def scores_of(lead_ids: Iterable[str]) -> list[ScoreItem]:
    """Eventually consistent; leads without a score are left out."""
    return [decode(ScoreItem, score) for score in table.get_many((keys.lead(x), keys.SCORE) for x in lead_ids).values()]


def begin_replay(job: str, segments: int, rules_version: int, now: datetime, options: ReplayOptions) -> None:
    table.put_many(
        [
            encode(
                ReplayItem(
                    keys.replay(job),
                    keys.replay_segment(number),
                    segments=segments,
                    rules_version=rules_version,
                    notify=options.notify,
                    announce=options.announce,
                    began=keys.stamp(now),
                    at=keys.stamp(now),
                    ttl=int((now + REPLAY_KEPT).timestamp()),
                )
            )
            for number in range(segments)
        ]
    )


def find_segment(job: str, segment: int) -> ReplayItem | None:
    return table.find(ReplayItem, keys.replay(job), keys.replay_segment(segment))


def segments_of(job: str) -> list[ReplayItem]:
    return table.query(ReplayItem, keys.replay(job))


def note_request(job: str, segment: int, task_number: int) -> None:
    """Record that the message of this task was sent."""
    key = ReplayItem(keys.replay(job), keys.replay_segment(segment))
    with suppress(ConditionFailed):  # a later message was sent
        table.update(key, [ReplayItem.asked_for.set(task_number)], ReplayItem.asked_for < task_number)


def save_progress(segment_item: ReplayItem, result: TaskResult, now: datetime) -> bool:
    """False when another delivery of the same message saved first and continues."""
    counted = {
        "leads": result.leads,
        "changed": result.changed,
        "hot": result.hot,
        "unreadable": len(result.unreadable),
    }
    actions = [getattr(ReplayItem, name).add(count) for name, count in counted.items() if count]
    actions += [ReplayItem.next_task.set(int(segment_item.next_task) + 1), ReplayItem.at.set(keys.stamp(now))]
    if result.position is not None:
        actions.append(ReplayItem.position.set(result.position))
    if result.ended is not None:
        actions.append(ReplayItem.ended.set(result.ended))
    key = ReplayItem(segment_item.pk, segment_item.sk)
    try:
        table.update(key, actions, ReplayItem.next_task == segment_item.next_task)
    except ConditionFailed:
        return False
    return True
