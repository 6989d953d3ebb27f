"""One activity as another system sends it. Pure: what is wrong is found before anything is read or written."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sodate.activities.declared import DeclaredActivities
from sodate.activities.kinds import ActivityKind, kind_named
from sodate.errors import Invalid
from sodate.imports.cells import BadCell, moment
from sodate.intake.lead_ref import LeadRef, read_lead_ref
from sodate.messages import Message, joined

MOST_ENTRIES = 100
_KEYS = ("lead", "type", "at", "about", "id")
#: Clocks of other systems run ahead.
AHEAD = timedelta(minutes=5)
_LONGEST_ID = 200


@dataclass(frozen=True)
class ActivityEntry:
    """`id`: the source's own, by which a repeat is known; None: by lead, type, time and content."""

    lead: LeadRef
    kind: ActivityKind
    at: datetime
    about: Mapping[str, object]
    id: str | None = None


def read_entry(raw: object, declared: DeclaredActivities, zone: ZoneInfo) -> ActivityEntry:
    """`zone`: of a time without an offset.

    Raises: `Invalid`, its code the field that is wrong.
    """
    if not isinstance(raw, Mapping):
        raise Invalid("an activity is an object with `lead`, `type` and `at`", "activity")
    unknown = [str(name)[:40] for name in raw if name not in _KEYS]
    if unknown:
        raise Invalid(f"an activity has {', '.join(_KEYS)}; what a type knows besides goes into `about`", unknown[0])
    type_, at, about = raw.get("type"), raw.get("at"), raw.get("about", {})
    if not isinstance(type_, str):
        raise Invalid(Message("`type`: write the name of an activity, such as seminar_attended"), "type")
    if not isinstance(about, Mapping):
        raise Invalid(Message("`about` is an object with the attributes of the activity"), "about")
    kind = kind_named(type_, declared)
    kind.read_about(about)
    return ActivityEntry(read_lead_ref(raw.get("lead")), kind, read_time(at, zone), dict(about), read_id(raw.get("id")))


def read_time(value: object, zone: ZoneInfo, name: str = "at") -> datetime:
    """Raises: `Invalid`, its code the name of the field."""
    if not isinstance(value, str):
        raise Invalid(Message("`{name}`: write a time such as 2026-12-04T15:00:00+09:00", name=name), name)
    text = unicodedata.normalize("NFKC", value[:60]).strip()
    try:
        return moment(text.replace("T", " ").replace("t", " "), zone)
    except BadCell as error:
        raise Invalid(joined("", [f"`{name}`: ", str(error)]), name) from error


def read_id(value: object) -> str | None:
    """Raises: `Invalid` with the code `id`."""
    if value is None:
        return None
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not 0 < len(text) <= _LONGEST_ID:
        raise Invalid(Message("`id`: write text of at most {most} characters", most=_LONGEST_ID), "id")
    return text
