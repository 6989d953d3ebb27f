"""Walks over the table and applies the ends of the data policy; lists inactive leads. Started by a person or a timer.

It never erases a lead: the command does, when the playbook says so and a person confirms.
"""

from dataclasses import dataclass
from datetime import datetime

from sodate.consent.data_policy import DataPolicy
from sodate.dynamodb import keys
from sodate.dynamodb.item import Row
from sodate.leads.contact_state import Block
from sodate.privacy.find import kind_of
from sodate.privacy.retention import Stored, end_of, is_inactive
from sodate.privacy.store import end_item
from sodate.scoring.replay import partitions


@dataclass
class Review:
    """`ended`: items that got an end, or would. `inactive`: ids of leads that are proposed for erasure."""

    leads: int
    ended: int
    inactive: list[str]


def review(policy: DataPolicy, now: datetime, *, apply: bool) -> Review:
    """Reads the whole table, eventually consistent. A repeat changes nothing.

    Raises: `Transient`.
    """
    done = Review(0, 0, [])
    for rows, _ in partitions():
        items = [(row, stored) for row in rows if (stored := _stored(row)) is not None]
        for row, stored in items:
            end = end_of(stored, policy, now)
            done.ended += end is not None and (not apply or end_item(row, end))
        profile = next((row for row in rows if kind_of(row) == "profile"), None)
        state = next((row for row in rows if kind_of(row) == "state"), {})
        if profile is None or state.get("blocked", {}).get("S") == Block.MERGED:
            continue  # a merged lead goes with the one that stays
        done.leads += 1
        created = datetime.fromisoformat(profile["created"]["S"])
        if is_inactive(created, [stored for _, stored in items], policy, now):
            done.inactive.append(keys.lead_id_of(profile["pk"]["S"]))
    return done


def _stored(row: Row) -> Stored | None:
    kind = kind_of(row)
    if kind not in ("submission", "activity") or "at" not in row:
        return None
    ttl = int(row["ttl"]["N"]) if "ttl" in row else None
    is_quarantined = not row["pk"]["S"].startswith(keys.lead(""))
    type_ = row["type"]["S"] if "type" in row else ""
    return Stored(kind, datetime.fromisoformat(row["at"]["S"]), ttl, type_, is_quarantined)
