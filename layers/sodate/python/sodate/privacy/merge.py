"""Merges two leads by a person's word, and undoes it. Never by guess: nothing calls this but a command.

The other lead's items stay where they are; the lead that stays gets a copy of each of its activities, marked with where
it comes from, so that every fold over one log is right and no counter counts twice. To undo is to remove the copies.
Its place in its company and in deals goes to the lead that stays, and comes back; its enrollments end and stay ended.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item, copies_of, copy_activities
from sodate.companies.merge_leads import give_membership_back, move_membership
from sodate.deals.move_contacts import Merge, give_contacts_back, move_contacts
from sodate.dynamodb import keys, privacy_keys, table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import Conflict, NotFound, Transient
from sodate.leads.contact_state import Block
from sodate.leads.store import load_profile, load_state
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.privacy.merging import Before, before_merge, check, gaps, merged_state, unmerged_state
from sodate.privacy.store import (
    MergeItem,
    block_change,
    find_merge,
    merge_item,
    merged_away,
    merges_of,
    moved_owners,
    profile_filled,
    profile_unfilled,
    state_with_times,
    unmerge_item,
)
from sodate.scenarios.end_all import MERGED, end_all
from sodate.scoring.store import mark_merged
from sodate.segments.membership_update import Occasion
from sodate.segments.refresh import Live, refresh

_TRIES = 5
#: (source, id in that system) → the key under which its owner is stored.
ExternalKey = Callable[[str, str], str]


@dataclass(frozen=True)
class Merged:
    """`copied`: activities that the lead that stays has of the other one now, or that were taken from it."""

    stays: str
    joins: str
    copied: int
    is_repeat: bool = False


@dataclass(frozen=True)
class Merger:
    definitions: Definitions
    external_key: ExternalKey
    now: datetime

    def merge(self, stays: str, joins: str, because: str) -> Merged:
        """Repeated for the same pair, it copies what was logged of the other lead since.

        Raises: `NotFound`; `Invalid` for one and the same lead; `Conflict` for a lead that is merged or has merged
        leads itself; `Transient`.
        """
        merged = find_merge(stays, joins)
        is_repeat = merged is not None
        if merged is None:
            merged = self._write_merge(stays, joins, because)
        move_membership(stays, joins, self.now)
        move_contacts(_merge(merged), self.now)
        self._fold_anew(joins)  # the mark needs a score, and scoring may be behind
        mark_merged(joins, stays)
        copied = copy_activities(joins, stays)
        self._fold_anew(stays)
        return Merged(stays, joins, copied, is_repeat)

    def unmerge(self, stays: str, joins: str) -> Merged:
        """Raises: `NotFound` when they are not merged; `Transient`."""
        merged = find_merge(stays, joins)
        if merged is None:
            raise NotFound(Message("lead {joins} is not merged into lead {stays}", joins=joins, stays=stays))
        others = [one for each in merges_of(stays) if (one := _merge(each)).joins != joins]
        give_membership_back(stays, joins, [one.joins for one in others], self.now)
        give_contacts_back(_merge(merged), others, self.now)
        copies = copies_of(stays, joins)
        table.delete_many(copies)
        # Before the merge is gone: when this is cut off, the same command does all of it again.
        mark_merged(joins, None)
        for lead_id in (stays, joins):
            self._fold_anew(lead_id)
        self._write_unmerge(stays, joins)
        for lead_id in (stays, joins):  # with the profiles that they have again
            self._fold_anew(lead_id)
        return Merged(stays, joins, len(copies))

    def _fold_anew(self, lead_id: str) -> None:
        """The stream does it too, but copies that are gone are in no stream."""
        refresh(lead_id, Live.of(self.definitions), Occasion(has_copies=True), self.now)

    def _write_merge(self, stays: str, joins: str, because: str) -> MergeItem:
        if merges_of(joins):
            raise Conflict(
                Message(
                    "leads were merged into lead {joins}; undo that first, or merge in the other direction", joins=joins
                )
            )
        for _ in range(_TRIES):
            mine, theirs = load_state(stays), load_state(joins)
            check(mine, theirs)
            profile, other = load_profile(stays), load_profile(joins)
            filled = gaps(profile, other)
            before = before_merge(mine, theirs, filled, dict(other.external))
            after, (left, endings) = merged_state(mine, theirs), end_all(theirs, MERGED, self.now)
            item = merge_item(stays, joins, because, asdict(before), self.now)
            writes: list[Write] = [
                Put.new(item),
                state_with_times(mine, after),
                merged_away(theirs, replace(left, blocked=str(Block.MERGED))),
                *(Put(activity_item(one)) for one in endings),
                *moved_owners(self._owner_keys(before), joins, stays),
                *profile_filled(after, filled),
                Put(activity_item(self._activity(stays, joins, ActivityType.LEAD_MERGED, because))),
                Put(activity_item(self._merged_into(stays, joins, because))),
            ]
            if _committed(writes):
                return item
        raise Transient(Message("the leads change too fast; run the same command again"))

    def _write_unmerge(self, stays: str, joins: str) -> None:
        for _ in range(_TRIES):
            item = find_merge(stays, joins)
            if item is None:
                return  # a concurrent unmerge
            if _committed(self._unmerge_writes(item, stays, joins)):
                return
        raise Transient(Message("the leads change too fast; run the same command again"))

    def _unmerge_writes(self, item: MergeItem, stays: str, joins: str) -> list[Write]:
        before, mine, theirs = Before(**item.before), load_state(stays), load_state(joins)
        after = unmerged_state(mine, before)
        writes: list[Write] = [
            unmerge_item(item),
            state_with_times(mine, after),
            *moved_owners(self._owner_keys(before), stays, joins),
            *profile_unfilled(after, load_profile(stays), before.filled),
            Put(activity_item(self._activity(stays, joins, ActivityType.LEAD_UNMERGED, item.because))),
        ]
        # A stronger block came meanwhile, such as a complaint about an email of before: it stays.
        return [*writes, block_change(theirs, before.joins)] if theirs.blocked == Block.MERGED else writes

    def _owner_keys(self, before: Before) -> list[tuple[str, str]]:
        owned = [(keys.address_owner(before.address_key), keys.OWNER)] if before.address_key else []
        for source, external_id in before.external.items():
            owned.append((keys.external_owner(source, self.external_key(source, external_id)), keys.OWNER))
        return owned

    def _activity(self, stays: str, joins: str, type_: ActivityType, because: str) -> Activity:
        key = activity_key(type_, joins, keys.stamp(self.now))
        return Activity(stays, type_.value, self.now, key, {"reason": because, "lead": joins})

    def _merged_into(self, stays: str, joins: str, because: str) -> Activity:
        """Figures of the merged lead belong to the lead that stays: who reads the one finds the other."""
        key = activity_key(ActivityType.MERGED_INTO, stays, keys.stamp(self.now))
        return Activity(joins, ActivityType.MERGED_INTO.value, self.now, key, {"reason": because, "into": stays})


def _merge(merged: MergeItem) -> Merge:
    joins = privacy_keys.merged_lead_of(merged.sk)
    return Merge(keys.lead_id_of(merged.pk), joins, f"{merged.sk}:{merged.at}")


def _committed(writes: Sequence[Write]) -> bool:
    """False when a concurrent change made a condition false."""
    try:
        table.commit(writes)
    except ConditionFailed:
        return False
    return True
