"""Items of the room `privacy`: who looked at a lead, merged leads, and requests of leads about their own data."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from sodate.dynamodb import keys, privacy_keys, table
from sodate.dynamodb.item import Row, TableItem
from sodate.dynamodb.table import ConditionFailed, Delete, Put, Update
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import OwnerItem, ProfileItem, StateItem, equal, profile_key, state_change, state_key
from sodate.scenarios.store import as_enrolled


class AccessItem(TableItem, discriminator="access"):
    """Somebody looked at the lead. `by`: IAM identity, user of the local machine, or owner of a link; never content."""

    at = UnicodeAttribute()
    by = UnicodeAttribute()
    command = UnicodeAttribute()


class RequestItem(TableItem, discriminator="privacyrequest"):
    """A lead asked, by the mailed link, for its erasure. `what`: `erase`. `came_back`: it opted in again since."""

    lead_id = UnicodeAttribute()
    what = UnicodeAttribute()
    at = UnicodeAttribute()
    came_back = BooleanAttribute(null=True)


class ReviewItem(TableItem, discriminator="privacyreview"):
    """How far the review has come. `position`: the last key that was looked at; None: the round is over.

    `erasures`: of another item for each day, how many were begun for one reason.
    """

    begun = UnicodeAttribute(null=True)
    position: JSONAttribute = JSONAttribute(null=True)
    erasures = NumberAttribute(null=True)


class MergeItem(TableItem, discriminator="merge"):
    """Everything that undoes a merge. `before`: of both leads, what the merge changed (`privacy.merging`)."""

    at = UnicodeAttribute()
    because = UnicodeAttribute()
    before: JSONAttribute = JSONAttribute()


def access_item(lead_id: str, key: str, entry: dict[str, Any], at: datetime, until: datetime) -> AccessItem:
    item = AccessItem(keys.lead(lead_id), privacy_keys.access(at, key), at=keys.stamp(at), **entry)
    item.ttl = int(until.timestamp())
    return item


def accesses_of(lead_id: str) -> list[AccessItem]:
    """Oldest first."""
    return table.query(AccessItem, keys.lead(lead_id), privacy_keys.ACCESSES)


# -- requests ----------------------------------------------------------------------------------------------------------

_REQUEST_KEPT = timedelta(days=90)


def put_request(lead_id: str, what: str, now: datetime) -> None:
    """A confirmed request. A repeat changes nothing: its time runs from the first one."""
    at, key = keys.stamp(now), privacy_keys.privacy_request(lead_id, what)
    item = RequestItem(privacy_keys.REQUESTS, key, lead_id=lead_id, what=what, at=at)
    item.ttl = int((now + _REQUEST_KEPT).timestamp())
    with suppress(ConditionFailed):
        table.put_new(item)


def requests() -> list[RequestItem]:
    """Oldest first."""
    return sorted(table.query(RequestItem, privacy_keys.REQUESTS), key=lambda item: item.at)


def find_request(lead_id: str, what: str) -> RequestItem | None:
    return table.find(RequestItem, privacy_keys.REQUESTS, privacy_keys.privacy_request(lead_id, what))


def mark_came_back(item: RequestItem) -> None:
    """It stays so when the lead opts out later: only a person can say what it wants."""
    with suppress(ConditionFailed):  # withdrawn meanwhile
        table.update(RequestItem(item.pk, item.sk), [RequestItem.came_back.set(True)], RequestItem.lead_id.exists())


def drop_request(item: RequestItem) -> None:
    """Also one that is gone already."""
    table.commit([Delete(RequestItem(item.pk, item.sk))])


# -- merges ------------------------------------------------------------------------------------------------------------

_GROUPS = {"primary": ProfileItem.primary, "secondary": ProfileItem.secondary}


def merge_item(stays: str, joins: str, because: str, before: Mapping[str, Any], now: datetime) -> MergeItem:
    key = privacy_keys.merge(joins)
    return MergeItem(keys.lead(stays), key, at=keys.stamp(now), because=because, before=dict(before))


def find_merge(stays: str, joins: str) -> MergeItem | None:
    return table.find(MergeItem, keys.lead(stays), privacy_keys.merge(joins))


def merges_of(lead_id: str) -> list[MergeItem]:
    return table.query(MergeItem, keys.lead(lead_id), privacy_keys.MERGES)


def unmerge_item(item: MergeItem) -> Delete:
    """Fails when the merge was undone before."""
    return Delete(item, MergeItem.at == item.at)


def state_with_times(before: ContactState, after: ContactState) -> Update:
    """As `state_change`, with the times of emails, while no email and no opt-out came in between."""
    change = state_change(before, after, {*before.topics, *after.topics})
    actions = list(change.actions)
    for name in ("mailed", "runs"):
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            path, stored = getattr(StateItem, name), list(now) if name == "mailed" else set(now)
            actions.append(path.set(stored) if stored else path.remove())
    if before.mailed_in != after.mailed_in:
        actions.append(StateItem.mailed_in.set({topic: list(minutes) for topic, minutes in after.mailed_in.items()}))
    same = equal(StateItem.mailed, list(before.mailed) or None) & equal(StateItem.opted_out_at, before.opted_out_at)
    return Update(change.item, actions, same if change.condition is None else change.condition & same)


def merged_away(before: ContactState, after: ContactState) -> Update:
    """The other lead: blocked, and in no scenario. Fails when its block or an enrollment was changed since."""
    unchanged = None
    for name in before.enrollments:
        same = as_enrolled(name, before.enrollments[name])
        unchanged = same if unchanged is None else unchanged & same
    return state_change(before, after, (), unchanged)


def block_change(state: ContactState, blocked: str | None) -> Update:
    """Fails when the block was changed since it was read."""
    path = StateItem.blocked
    unchanged = StateItem.address_key.exists() & equal(path, state.blocked)
    return Update(state_key(state.lead_id), [path.remove() if blocked is None else path.set(blocked)], unchanged)


def moved_owners(owned: Iterable[tuple[str, str]], giver: str, taker: str) -> list[Put]:
    """They fail when another lead owns one of them by now."""
    return [Put(OwnerItem(pk, sk, lead_id=taker), OwnerItem.lead_id == giver) for pk, sk in owned]


def profile_filled(after: ContactState, filled: Mapping[str, Any]) -> list[Update]:
    """With the wish not to be recorded of `after`, which the sender reads in the profile."""
    lead_id, paths = after.lead_id, [(_path(path), value) for path, value in filled.items()]
    actions = [path.set(value) for path, value in paths] + _recorded(after)
    return [Update(profile_key(lead_id), actions, ProfileItem.created.exists())] if actions else []


def profile_unfilled(after: ContactState, profile: Profile, filled: Mapping[str, Any]) -> list[Update]:
    """What was changed since stays."""
    unchanged = [path for path, value in filled.items() if profile.attribute(path) == value]
    actions = [_path(path).remove() for path in unchanged] + _recorded(after)
    return [Update(profile_key(profile.lead_id), actions, ProfileItem.created.exists())] if actions else []


def _recorded(after: ContactState) -> list[Any]:
    return [ProfileItem.tracking.set(after.tracking) if after.tracking else ProfileItem.tracking.remove()]


def _path(path: str) -> Any:
    group, _, name = path.partition(".")
    return _GROUPS[group][name]


# -- retention ---------------------------------------------------------------------------------------------------------


def find_review() -> ReviewItem | None:
    return table.find(ReviewItem, privacy_keys.REVIEW, keys.POSITION)


def keep_review(begun: str, position: Row | None) -> None:
    table.put(ReviewItem(privacy_keys.REVIEW, keys.POSITION, begun=begun, position=position))


_DAY_KEPT = timedelta(days=2)


def count_erasure(because: str, most: int, now: datetime) -> bool:
    """Count one erasure of this day; False when the day has `most` for this reason."""
    item = ReviewItem(privacy_keys.REVIEW, privacy_keys.erasures_of_day(because, now))
    actions = [
        ReviewItem.erasures.add(1),
        ReviewItem.kind.set(ReviewItem),
        ReviewItem.ttl.set(int((now + _DAY_KEPT).timestamp())),
    ]
    try:
        table.update(item, actions, ReviewItem.erasures.does_not_exist() | (ReviewItem.erasures < most))
    except ConditionFailed:
        return False
    return True


def erasures_begun(because: str, now: datetime) -> int:
    """Of this day, as `count_erasure` counts them."""
    row = table.get(privacy_keys.REVIEW, privacy_keys.erasures_of_day(because, now), consistent=True)
    return int(row["erasures"]["N"]) if row is not None and "erasures" in row else 0


def end_item(row: Row, ttl: int) -> bool:
    """Give the item an end. False when it is gone."""
    item = TableItem(row["pk"]["S"], row["sk"]["S"])
    try:
        table.update(item, [TableItem.ttl.set(ttl)], TableItem.pk.exists())
    except ConditionFailed:
        return False
    return True
