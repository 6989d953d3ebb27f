"""Imagined people: who they are, when they come, and what they do without an email."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import log
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.dynamodb import keys
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.rehearsal.assumptions import Assumptions, Days, Habit
from sodate.rehearsal.chance import Chance
from sodate.rehearsal.definitions import Rehearsed
from sodate.rehearsal.person import Person
from sodate.rehearsal.sample_file import DAY
from sodate.rehearsal.store import StoredLead

_LONG_AGO = timedelta(days=400)


@dataclass(frozen=True)
class Arrival:
    """`at`: when the person comes; None: was there before, and did `past`. `confirms`: when, or never."""

    person: Person
    at: datetime | None
    confirms: datetime | None
    past: list[Activity]


def imagined(
    number: int, definitions: Rehearsed, assumptions: Assumptions, chance: Chance, span: tuple[datetime, datetime]
) -> Iterator[Arrival]:
    """`number` people, the same ones for the same arguments."""
    for index in range(number):
        yield arrival_of(f"person-{index + 1}", {}, definitions, assumptions, chance, span)


def arrival_of(
    name: str, given: dict[str, str], definitions: Rehearsed, assumptions: Assumptions, chance: Chance,
    span: tuple[datetime, datetime],
) -> Arrival:  # fmt: skip
    """`given`: fields of the profile by path, and `form`, `time_zone` and `day`; what is missing is drawn."""
    begin = span[0]
    people = assumptions.people
    form = given.get("form") or _form(name, definitions, assumptions, chance)
    zone = given.get("time_zone") or (chance.by_weight(people.time_zones, name, "zone") if people.time_zones else None)
    is_existing = DAY not in given and chance.happens(people.existing, name, "existing")
    at = None if is_existing else _arrives(name, given, chance, span)
    past = _past(name, form, assumptions, chance, begin) if is_existing else []
    created = keys.stamp(past[0].at) if past else ""
    profile = _profile(name, {**_drawn(name, assumptions, chance, begin), **given}, created)
    topics = _topics(definitions, form)
    state = ContactState(name, name, topics=dict.fromkeys(topics, "confirmed" if is_existing else "pending"), zone=zone)
    confirms = None
    if at is not None and chance.happens(people.opt_in, name, "opt_in"):
        confirms = at + chance.after(timedelta(minutes=people.minutes_to_opt_in), name, "confirms")
    return Arrival(Person(profile, state, form), at, confirms, past)


def stored(lead: StoredLead) -> Arrival:
    """A lead of a stage, as it is. Whoever is in a scenario now is taken for through with it."""
    state = lead.state
    through = {name: replace(one, step=one.steps) for name, one in state.enrollments.items() if not one.is_complete}
    person = Person(lead.profile, state.enroll(through))
    return Arrival(person, None, None, sorted(lead.log, key=lambda one: one.position))


def next_habit(habit: Habit, name: str, time: int, chance: Chance) -> tuple[timedelta, dict[str, Any]]:
    """How long until the person does it for the `time`-th time after the one before, and with which attributes."""
    what = (name, habit.activity.value, time)
    about = {key: chance.one_of(values, *what, key) for key, values in habit.about.items()}
    return chance.after(timedelta(weeks=1) / habit.per_week * log(2), *what), about  # the median of this mean


def _arrives(name: str, given: dict[str, str], chance: Chance, span: tuple[datetime, datetime]) -> datetime:
    begin, end = span
    if DAY in given:
        return begin + timedelta(days=int(given[DAY]), hours=24 * chance.number(name, "arrives"))
    return begin + (end - begin) * chance.number(name, "arrives")


def _form(name: str, definitions: Rehearsed, assumptions: Assumptions, chance: Chance) -> str | None:
    weights = assumptions.people.forms or dict.fromkeys(definitions.forms, 1.0)
    return chance.by_weight(weights, name, "form") if weights else None


def _topics(definitions: Rehearsed, form: str | None) -> list[str]:
    known = definitions.forms.get(form or "")
    if known is not None and known.consent is not None:
        return list(known.consent.topics)
    return [topic.id for topic in definitions.mailing.topics] if form is None else []


def _past(name: str, form: str | None, assumptions: Assumptions, chance: Chance, begin: datetime) -> list[Activity]:
    """The form long ago, and one page view within the last days."""
    quiet = timedelta(days=assumptions.people.quiet_for_days) * chance.number(name, "quiet")
    seen = begin - quiet - timedelta(minutes=1)
    came = seen - _LONG_AGO * chance.number(name, "came") - timedelta(minutes=1)
    about = {"form": form} if form else {}
    return [
        Activity(name, ActivityType.FORM_SUBMITTED.value, came, f"{0:015x}a", about),
        Activity(name, ActivityType.PAGE_VIEWED.value, seen, f"{0:015x}b", {}),
    ]


def _drawn(name: str, assumptions: Assumptions, chance: Chance, begin: datetime) -> dict[str, str]:
    drawn = {}
    for path, values in assumptions.people.fields.items():
        if isinstance(values, Days):
            first, last = values.in_days
            day = begin + timedelta(days=first + int(chance.number(name, path) * (last - first + 1)))
            drawn[path] = day.date().isoformat()
        else:
            drawn[path] = chance.by_weight(values, name, path)
    return drawn


def _profile(name: str, fields: dict[str, str], created: str) -> Profile:
    groups: dict[str, dict[str, Any]] = {"primary": {}, "secondary": {}, "source": {}, "company": {}}
    for path, value in fields.items():
        group, _, field = path.partition(".")
        if group in groups and field:
            groups[group][field] = value
    address = str(groups["primary"].get("email") or f"{name}@example.jp")
    primary, secondary, source, company = groups.values()
    return Profile(name, address, address, "ja", primary, secondary, source, created=created, company=company)
