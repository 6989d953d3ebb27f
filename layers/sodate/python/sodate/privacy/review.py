"""Walks over the table and applies the ends of the data policy; lists inactive leads.

It never erases a lead: `privacy_review` and the command do, when the playbook says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sodate.consent.data_policy import DataPolicy
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row
from sodate.leads.contact_state import Block
from sodate.privacy.find import kind_of
from sodate.privacy.retention import Stored, end_of, is_inactive
from sodate.privacy.store import end_item, find_review, keep_review
from sodate.scoring.replay import partitions

#: A round through the table begins so long after the last one began.
ROUND_EVERY = timedelta(days=7)


@dataclass
class Review:
    """`ended`: items that got an end, or would. `inactive`: ids of leads that are proposed for erasure."""

    leads: int = 0
    ended: int = 0
    inactive: list[str] = field(default_factory=list)


def review(policy: DataPolicy, now: datetime, *, apply: bool) -> Review:
    """Reads the whole table, eventually consistent. A repeat changes nothing.

    Raises: `Transient`.
    """
    done = Review()
    for rows, _ in partitions():
        _look_at(rows, policy, now, done, apply=apply)
    return done


def continue_review(
    policy: DataPolicy, now: datetime, has_time: Callable[[], bool], *, most_inactive: int | None = None
) -> Review:
    """Apply the ends from where the last run stopped, as long as `has_time`, and until `most_inactive` leads are found.
    Without effect while no round is due.

    Raises: `Transient`; the next run begins at the last position that was stored.
    """
    done, last = Review(), find_review()
    is_resumed = last is not None and last.position is not None
    if not policy.ends_anything or not (is_resumed or last is None or _is_due(last.begun, now)):
        return done
    begun = last.begun if last is not None and is_resumed else keys.stamp(now)
    for rows, position in partitions(last.position if last else None):
        _look_at(rows, policy, now, done, apply=True)
        if not has_time() or len(done.inactive) == most_inactive:
            keep_review(begun, position)
            return done
    keep_review(begun, None)
    return done


def _is_due(begun: str, now: datetime) -> bool:
    return datetime.fromisoformat(begun) + ROUND_EVERY <= now


def is_still_inactive(lead_id: str, policy: DataPolicy, now: datetime) -> bool:
    """As a review says it, of one lead, consistently read."""
    done = Review()
    _look_at(list(table.rows_of(keys.lead(lead_id))), policy, now, done, apply=False)
    return done.inactive == [lead_id]


def _look_at(rows: list[Row], policy: DataPolicy, now: datetime, done: Review, *, apply: bool) -> None:
    items = [(row, stored) for row in rows if (stored := _stored(row)) is not None]
    for row, stored in items:
        end = end_of(stored, policy, now)
        done.ended += end is not None and (not apply or end_item(row, end))
    profile = next((row for row in rows if kind_of(row) == "profile"), None)
    state = next((row for row in rows if kind_of(row) == "state"), {})
    if profile is None or state.get("blocked", {}).get("S") == Block.MERGED:
        return  # a merged lead goes with the one that stays
    done.leads += 1
    created = datetime.fromisoformat(profile["created"]["S"])
    if is_inactive(created, [stored for _, stored in items], policy, now):
        done.inactive.append(keys.lead_id_of(profile["pk"]["S"]))


def _stored(row: Row) -> Stored | None:
    kind = kind_of(row)
    if kind not in ("submission", "activity") or "at" not in row:
        return None
    ttl = int(row["ttl"]["N"]) if "ttl" in row else None
    is_quarantined = not row["pk"]["S"].startswith(keys.lead(""))
    type_ = row["type"]["S"] if "type" in row else ""
    return Stored(kind, datetime.fromisoformat(row["at"]["S"]), ttl, type_, is_quarantined)
