"""PROFILE, STATE and owner items. STATE stays below 1 KB, so that each send decision costs one write unit."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, TableItem, encode, values
from sodate.dynamodb.table import Put, Update
from sodate.errors import NotFound
from sodate.leads.contact_state import ContactState, Enrollment, Visit
from sodate.leads.lead import Profile
from sodate.messages import Message

#: Attributes of every item that no value object has.
_OF_EVERY_ITEM = ("pk", "sk", "ttl")


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
    tracking = UnicodeAttribute(null=True)
    company: MapAttribute[str, Any] = MapAttribute(null=True)


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
    tracking = UnicodeAttribute(null=True)
    opted_out_at = UnicodeAttribute(null=True)
    mailed: ListAttribute[Any] = ListAttribute(of=NumberAttribute, null=True)
    mailed_in: MapAttribute[str, Any] = MapAttribute(default=dict)
    runs = UnicodeSetAttribute(null=True)


class OwnerItem(TableItem, discriminator="owner"):
    """Uniqueness of an address or external id: the first conditional put decides which lead owns it."""

    lead_id = UnicodeAttribute()


def state_key(lead_id: str) -> StateItem:
    """Key of the STATE item for an update; no read."""
    return StateItem(keys.lead(lead_id), keys.STATE)


def profile_key(lead_id: str) -> ProfileItem:
    return ProfileItem(keys.lead(lead_id), keys.PROFILE)


def owner_of(address_key: str) -> str | None:
    item = table.find(OwnerItem, keys.address_owner(address_key), keys.OWNER)
    return item.lead_id if item else None


def owner_item(address_key: str, lead_id: str) -> OwnerItem:
    return OwnerItem(keys.address_owner(address_key), keys.OWNER, lead_id=lead_id)


def external_owner_item(source: str, external_key: str, lead_id: str) -> OwnerItem:
    return OwnerItem(keys.external_owner(source, external_key), keys.OWNER, lead_id=lead_id)


def take_address(address_key: str, lead_id: str, erased_owner: str | None) -> Put:
    """Make `lead_id` the owner of the address. `erased_owner`: the erased lead that owned it before, if any."""
    item = owner_item(address_key, lead_id)
    return Put.new(item) if erased_owner is None else Put(item, OwnerItem.lead_id == erased_owner)


# -- PROFILE -----------------------------------------------------------------------------------------------------------


def load_profile(lead_id: str) -> Profile:
    row = table.get(keys.lead(lead_id), keys.PROFILE, consistent=True)
    if row is None:
        raise NotFound(Message("lead {lead_id} does not exist (any more)", lead_id=lead_id))
    return to_profile(row)


def profiles_of(lead_ids: Iterable[str], *, consistent: bool = False) -> dict[str, Profile]:
    """Profiles of many leads, eventually consistent unless `consistent`; missing leads are left out."""
    rows = table.get_many(((keys.lead(lead_id), keys.PROFILE) for lead_id in lead_ids), consistent=consistent)
    profiles = [to_profile(row) for row in rows.values()]
    return {profile.lead_id: profile for profile in profiles}


def every_lead(*also: type[TableItem]) -> Iterator[tuple[Profile, dict[type[TableItem], TableItem]]]:
    """Scan the whole table. Yields each profile with the items of the types `also` of the same lead."""
    items = table.scan(TableItem, TableItem.kind.is_in(ProfileItem, *also))
    for _, group in groupby(items, key=lambda item: item.pk):
        by_type = {type(item): item for item in group}
        if ProfileItem in by_type:
            yield to_profile(encode(by_type[ProfileItem])), by_type


def to_profile(row: Row) -> Profile:
    stored = values(ProfileItem, row)
    flags, lead_id = tuple(stored.pop("flags", ())), keys.lead_id_of(stored["pk"])
    return Profile(lead_id=lead_id, flags=flags, **_own(stored))


def profile_item(profile: Profile) -> ProfileItem:
    stored = {name: value for name, value in asdict(profile).items() if name != "lead_id"}
    stored |= {name: stored[name] or None for name in ("external", "imported", "company")}
    stored["flags"] = list(profile.flags) or None
    return ProfileItem(keys.lead(profile.lead_id), keys.PROFILE, **stored)


def preference_change(state: ContactState) -> Update:
    actions = [ProfileItem.language.set(state.language), _set_or_remove(ProfileItem.tracking, state.tracking)]
    return Update(profile_key(state.lead_id), actions, ProfileItem.created.exists())


def _own(stored: dict[str, Any]) -> dict[str, Any]:
    """Without the attributes of every item."""
    return {name: value for name, value in stored.items() if name not in _OF_EVERY_ITEM}


# -- STATE -------------------------------------------------------------------------------------------------------------


def every_state() -> Iterator[ContactState]:
    """Scan the whole table, eventually consistent: only for a job that an operator starts."""
    return (to_state(encode(item)) for item in table.scan(StateItem))


def find_state(lead_id: str) -> ContactState | None:
    row = table.get(keys.lead(lead_id), keys.STATE, consistent=True)
    return to_state(row) if row else None


def load_state(lead_id: str) -> ContactState:
    if (state := find_state(lead_id)) is None:
        raise NotFound(Message("lead {lead_id} does not exist (any more)", lead_id=lead_id))
    return state


def states_of(lead_ids: Iterable[str]) -> dict[str, ContactState]:
    """STATE of many leads, strongly consistent; missing leads are left out."""
    rows = table.get_many(((keys.lead(lead_id), keys.STATE) for lead_id in lead_ids), consistent=True)
    states = [to_state(row) for row in rows.values()]
    return {state.lead_id: state for state in states}


def to_state(row: Row) -> ContactState:
    stored = values(StateItem, row)
    lead_id = keys.lead_id_of(stored["pk"])
    stored["enrollments"] = {name: from_map(value) for name, value in stored.get("enrollments", {}).items()}
    stored["mailed"] = tuple(stored.get("mailed", ()))
    stored["runs"] = frozenset(stored.get("runs", ()))
    stored["mailed_in"] = {topic: tuple(minutes) for topic, minutes in stored.get("mailed_in", {}).items()}
    return ContactState(lead_id=lead_id, **_own(stored))


def state_item(state: ContactState) -> StateItem:
    stored = {name: value for name, value in vars(state).items() if name != "lead_id"}
    stored["enrollments"] = {name: to_map(enrollment) for name, enrollment in state.enrollments.items()}
    stored["mailed"] = list(state.mailed) or None
    stored["runs"] = set(state.runs) or None
    stored["mailed_in"] = {topic: list(minutes) for topic, minutes in state.mailed_in.items()}
    return StateItem(keys.lead(state.lead_id), keys.STATE, **stored)


#: Attributes of STATE that are written as a whole; topics and enrollments are written one by one.
_SCALARS = (
    "address_key", "language", "blocked", "opt_in_mails", "opt_in_mail_at", "zone", "pause_until", "frequency",
    "tracking", "opted_out_at",
)  # fmt: skip


def state_change(
    before: ContactState, after: ContactState, topics: Iterable[str] = (), also: Condition | None = None
) -> Update:
    """The difference as one write, while block and `topics` are as in `before` and `also` holds.

    Without a difference the write has no effect, but carries the condition.
    """
    condition = as_it_was(before, topics)
    actions = changes(before, after) or [StateItem.language.set(StateItem.language)]
    return Update(state_key(before.lead_id), actions, condition if also is None else condition & also)


def changes(before: ContactState, after: ContactState) -> list[Action]:
    """Update actions for everything but the times of emails, which claims write."""
    actions = [
        _set_or_remove(getattr(StateItem, name), getattr(after, name))
        for name in _SCALARS
        if getattr(before, name) != getattr(after, name)
    ]
    actions += [
        _set_or_remove(StateItem.topics[topic], after.topics.get(topic))
        for topic in (after.topics | before.topics)
        if before.topics.get(topic) != after.topics.get(topic)
    ]
    actions += [
        _set_or_remove(StateItem.enrollments[name], enrollment and to_map(enrollment))
        for name in (after.enrollments | before.enrollments)
        if before.enrollments.get(name) != (enrollment := after.enrollments.get(name))
    ]
    return actions


def _set_or_remove(path: Any, value: Any) -> Action:
    action: Action = path.remove() if value is None else path.set(value)
    return action


def as_it_was(state: ContactState, topics: Iterable[str]) -> Condition:
    """True while the block and these topics, on which a consent decision depends, are unchanged."""
    # An erased lead must not come back as an empty item.
    condition: Condition = StateItem.address_key.exists() & equal(StateItem.blocked, state.blocked)
    for topic in topics:
        condition &= equal(StateItem.topics[topic], state.topics.get(topic))
    return condition


def no_opt_out_since(state: ContactState) -> Condition:
    """True while no opt-out was written since `state` was read, even one that changed neither block nor topics."""
    return equal(StateItem.opted_out_at, state.opted_out_at)


def enrollments_unchanged(state: ContactState, sequences: Iterable[str]) -> Condition | None:
    """True while each of these enrollments is the one of `state`, at any step, or is missing as there."""
    condition = None
    for name in sequences:
        current = state.enrollments.get(name)
        path = StateItem.enrollments[name]
        same = path.does_not_exist() if current is None else path["id"] == current.id
        condition = same if condition is None else condition & same
    return condition


def end_opt_in_wait(lead_id: str, opt_in_mail_at: str) -> None:
    """Forget the latest opt-in email, so that the next form post may request another at once.

    Raises: `ConditionFailed` when another opt-in email was planned since.
    """
    table.update(state_key(lead_id), [StateItem.opt_in_mail_at.remove()], StateItem.opt_in_mail_at == opt_in_mail_at)


def equal(path: Any, value: object) -> Condition:
    condition: Condition = path.does_not_exist() if value is None else path == value
    return condition


def to_map(enrollment: Enrollment) -> dict[str, Any]:
    """Without what is empty: STATE stays below 1 KB."""
    visit = enrollment.visit
    of_scenario = {
        "m": visit.number if visit else None,
        "e": visit.at if visit else None,
        "arms": dict(enrollment.arms) or None,
        "goals": sorted(enrollment.goals) or None,
        "end": enrollment.ended,
    }
    return {
        "id": enrollment.id,
        "v": enrollment.version,
        "step": enrollment.step,
        "since": enrollment.since,
        "n": enrollment.steps,
        **{name: value for name, value in of_scenario.items() if value is not None},
    }


def from_map(value: dict[str, Any]) -> Enrollment:
    return Enrollment(
        id=value["id"],
        version=int(value["v"]),
        step=int(value["step"]),
        since=value["since"],
        steps=int(value["n"]),
        visit=Visit(int(value["m"]), int(value["e"])) if "m" in value else None,
        arms=value.get("arms", {}),
        goals=frozenset(value.get("goals", ())),
        ended=value.get("end"),
    )
