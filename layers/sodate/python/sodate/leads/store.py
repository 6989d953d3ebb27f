"""PROFILE, STATE and owner items. STATE stays below 1 KB, so that each send decision costs one write unit."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.dynamodb import base, bulk, keys, transaction
from sodate.dynamodb.base import TableItem
from sodate.dynamodb.transaction import Put
from sodate.errors import NotFound
from sodate.leads.lead import Enrollment, Profile, State


class ProfileItem(TableItem, discriminator="profile"):
    mailbox = UnicodeAttribute()
    address = UnicodeAttribute()
    language = UnicodeAttribute()
    primary: MapAttribute[str, Any] = MapAttribute(default=dict)
    secondary: MapAttribute[str, Any] = MapAttribute(default=dict)
    source: MapAttribute[str, Any] = MapAttribute(default=dict)
    owner = UnicodeAttribute(null=True)
    created = UnicodeAttribute()
    updated = UnicodeAttribute(null=True)
    flags: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    external: MapAttribute[str, Any] = MapAttribute(null=True)
    imported: MapAttribute[str, Any] = MapAttribute(null=True)


class StateItem(TableItem, discriminator="state"):
    address_key = UnicodeAttribute()
    language = UnicodeAttribute()
    blocked = UnicodeAttribute(null=True)
    topics: MapAttribute[str, Any] = MapAttribute(default=dict)
    opt_in_mails = NumberAttribute(default=0)
    opt_in_mail_at = UnicodeAttribute(null=True)
    enrollments: MapAttribute[str, Any] = MapAttribute(default=dict)
    zone = UnicodeAttribute(null=True)
    pause_until = UnicodeAttribute(null=True)
    frequency = UnicodeAttribute(null=True)
    opted_out_at = UnicodeAttribute(null=True)
    mailed: ListAttribute[Any] = ListAttribute(of=NumberAttribute, null=True)
    mailed_in: MapAttribute[str, Any] = MapAttribute(default=dict)


class OwnerItem(TableItem, discriminator="owner"):
    """Uniqueness of an address or external id: the first conditional put decides which lead owns it."""

    lead_id = UnicodeAttribute()


def state_key(lead_id: str) -> StateItem:
    """Key of the STATE item for an update; no read."""
    return StateItem(keys.lead(lead_id), keys.STATE)


def profile_key(lead_id: str) -> ProfileItem:
    return ProfileItem(keys.lead(lead_id), keys.PROFILE)


def owner_of(address_key: str) -> str | None:
    item = base.find(OwnerItem, keys.address_owner(address_key), keys.OWNER)
    return item.lead_id if item else None


def owner_item(address_key: str, lead_id: str) -> OwnerItem:
    return OwnerItem(keys.address_owner(address_key), keys.OWNER, lead_id=lead_id)


def find_state(lead_id: str) -> State | None:
    item = base.find(StateItem, keys.lead(lead_id), keys.STATE)
    return to_state(item) if item else None


def load_state(lead_id: str) -> State:
    state = find_state(lead_id)
    if state is None:
        raise NotFound(f"lead {lead_id} does not exist (any more)")
    return state


def load_profile(lead_id: str) -> Profile:
    item = base.find(ProfileItem, keys.lead(lead_id), keys.PROFILE)
    if item is None:
        raise NotFound(f"lead {lead_id} does not exist (any more)")
    return _to_profile(item)


def _to_profile(item: ProfileItem) -> Profile:
    return Profile(
        lead_id=keys.lead_id_of(item.pk),
        mailbox=item.mailbox,
        address=item.address,
        language=item.language,
        primary=item.primary.as_dict(),
        secondary=item.secondary.as_dict(),
        source=item.source.as_dict(),
        owner=item.owner,
        created=item.created,
        flags=tuple(item.flags or ()),
        updated=item.updated,
        external=item.external.as_dict() if item.external else {},
        imported=item.imported.as_dict() if item.imported else {},
    )


def external_owner_item(source: str, external_key: str, lead_id: str) -> OwnerItem:
    return OwnerItem(keys.external_owner(source, external_key), keys.OWNER, lead_id=lead_id)


def states_of(lead_ids: Iterable[str]) -> dict[str, State]:
    """STATE of many leads, strongly consistent; missing leads are left out."""
    items = bulk.get_many(((keys.lead(lead_id), keys.STATE) for lead_id in lead_ids), consistent=True)
    states = [to_state(StateItem.from_raw_data(item)) for item in items.values()]
    return {state.lead_id: state for state in states}


def every_lead(*also: type[TableItem]) -> Iterator[tuple[Profile, dict[type[TableItem], TableItem]]]:
    """Scan the whole table. Yields each profile with the items of the types `also` of the same lead."""
    items = base.scan(TableItem, TableItem.kind.is_in(ProfileItem, *also))
    for _, group in groupby(items, key=lambda item: item.pk):
        by_type = {type(item): item for item in group}
        profile = by_type.get(ProfileItem)
        if isinstance(profile, ProfileItem):
            yield _to_profile(profile), by_type


def profiles_of(lead_ids: Iterable[str], *, consistent: bool = False) -> dict[str, Profile]:
    """Profiles of many leads, eventually consistent unless `consistent`; missing leads are left out."""
    items = bulk.get_many(((keys.lead(lead_id), keys.PROFILE) for lead_id in lead_ids), consistent=consistent)
    profiles = [profile_from_raw(item) for item in items.values()]
    return {profile.lead_id: profile for profile in profiles}


def profile_from_raw(raw: bulk.Raw) -> Profile:
    item = bulk.plain({"M": raw})
    return Profile(
        lead_id=keys.lead_id_of(item["pk"]),
        mailbox=item["mailbox"],
        address=item["address"],
        language=item["language"],
        primary=item.get("primary") or {},
        secondary=item.get("secondary") or {},
        source=item.get("source") or {},
        owner=item.get("owner"),
        created=item["created"],
        flags=tuple(item.get("flags") or ()),
        updated=item.get("updated"),
        external=item.get("external") or {},
        imported=item.get("imported") or {},
    )


def profile_item(profile: Profile) -> ProfileItem:
    return ProfileItem(
        keys.lead(profile.lead_id),
        keys.PROFILE,
        mailbox=profile.mailbox,
        address=profile.address,
        language=profile.language,
        primary=profile.primary,
        secondary=profile.secondary,
        source=profile.source,
        owner=profile.owner,
        created=profile.created,
        flags=list(profile.flags) or None,
        updated=profile.updated,
        external=profile.external or None,
        imported=profile.imported or None,
    )


def to_state(item: StateItem) -> State:
    return State(
        lead_id=keys.lead_id_of(item.pk),
        address_key=item.address_key,
        language=item.language,
        blocked=item.blocked,
        topics=item.topics.as_dict(),
        opt_in_mails=int(item.opt_in_mails),
        opt_in_mail_at=item.opt_in_mail_at,
        enrollments={name: from_map(value) for name, value in item.enrollments.as_dict().items()},
        zone=item.zone,
        pause_until=item.pause_until,
        frequency=item.frequency,
        opted_out_at=item.opted_out_at,
        mailed=_minutes(item.mailed),
        mailed_in={topic: _minutes(minutes) for topic, minutes in item.mailed_in.as_dict().items()},
    )


def take_address(address_key: str, lead_id: str, erased_owner: str | None) -> Put:
    """Make `lead_id` the owner of the address. `erased_owner`: the erased lead that owned it before, if any."""
    item = owner_item(address_key, lead_id)
    return transaction.put_new(item) if erased_owner is None else Put(item, OwnerItem.lead_id == erased_owner)


def state_item(state: State) -> StateItem:
    return StateItem(
        keys.lead(state.lead_id),
        keys.STATE,
        address_key=state.address_key,
        language=state.language,
        blocked=state.blocked,
        topics=state.topics,
        opt_in_mails=state.opt_in_mails,
        opt_in_mail_at=state.opt_in_mail_at,
        enrollments={name: to_map(enrollment) for name, enrollment in state.enrollments.items()},
        zone=state.zone,
        pause_until=state.pause_until,
        frequency=state.frequency,
        opted_out_at=state.opted_out_at,
        mailed=list(state.mailed) or None,
        mailed_in={topic: list(minutes) for topic, minutes in state.mailed_in.items()},
    )


def _minutes(stored: Iterable[Any] | None) -> tuple[int, ...]:
    return tuple(int(minute) for minute in stored or ())


def changes(before: State, after: State) -> list[Action]:
    """Update actions for topics, enrollments, opt-in counters and time zone; claims write their own attributes."""
    actions: list[Action] = [
        StateItem.topics[topic].set(status)
        for topic, status in after.topics.items()
        if before.topics.get(topic) != status
    ]
    actions += [
        StateItem.enrollments[name].set(to_map(enrollment))
        for name, enrollment in after.enrollments.items()
        if before.enrollments.get(name) != enrollment
    ]
    if after.opt_in_mail_at and after.opt_in_mails != before.opt_in_mails:
        actions += [StateItem.opt_in_mails.set(after.opt_in_mails), StateItem.opt_in_mail_at.set(after.opt_in_mail_at)]
    if after.zone is not None and after.zone != before.zone:
        actions.append(StateItem.zone.set(after.zone))
    return actions


def as_it_was(state: State, topics: Iterable[str]) -> Condition:
    """True while the block and these topics, on which a consent decision depends, are unchanged."""
    blocked = StateItem.blocked.does_not_exist() if state.blocked is None else StateItem.blocked == state.blocked
    # An erased lead must not come back as an empty item.
    condition: Condition = StateItem.address_key.exists() & blocked
    for topic in topics:
        status, stored = state.topics.get(topic), StateItem.topics[topic]
        condition &= stored.does_not_exist() if status is None else stored == status
    return condition


def no_opt_out_since(state: State) -> Condition:
    """True while no opt-out was written since `state` was read, even one that changed neither block nor topics."""
    stored = StateItem.opted_out_at
    return stored.does_not_exist() if state.opted_out_at is None else stored == state.opted_out_at


def to_map(enrollment: Enrollment) -> dict[str, Any]:
    return {
        "id": enrollment.id,
        "v": enrollment.version,
        "step": enrollment.step,
        "since": enrollment.since,
        "n": enrollment.steps,
    }


def from_map(value: dict[str, Any]) -> Enrollment:
    return Enrollment(
        id=value["id"], version=int(value["v"]), step=int(value["step"]), since=value["since"], steps=int(value["n"])
    )
