"""What happens to a lead and starts, ends or continues an enrollment: a trigger matches one activity. Pure."""

from functools import lru_cache
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, Discriminator, Field, Tag

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.conditions.evaluate import About, matcher
from sodate.conditions.language import ActivityTest
from sodate.conditions.one_activity import OneActivity
from sodate.playbook.model import NarrowedByEachKey, Slug

Feedback = Literal["accepted", "rejected", "meeting_set", "won", "lost"]
_FEEDBACK: dict[Feedback, ActivityType] = {
    "accepted": ActivityType.SALES_ACCEPTED,
    "rejected": ActivityType.SALES_REJECTED,
    "meeting_set": ActivityType.MEETING_SET,
    "won": ActivityType.DEAL_WON,
    "lost": ActivityType.DEAL_LOST,
}


class SegmentEntered(NarrowedByEachKey):
    segment_entered: Slug


class SegmentLeft(NarrowedByEachKey):
    segment_left: Slug


class SalesFeedback(NarrowedByEachKey):
    feedback: tuple[Feedback, ...] = Field(min_length=1, max_length=5)


class Reply(NarrowedByEachKey):
    """The lead answered an email of this scenario or any other."""

    reply: Literal[True]


class _Keyed(Protocol):
    """An enrollment's key: the name of the activity attribute, and its value; None: the scenario has no key."""

    @property
    def key(self) -> tuple[str, str] | None: ...


_HEADS = ("activity", "segment_entered", "segment_left", "feedback", "reply")


def head_among(heads: tuple[str, ...], value: Any) -> str | None:
    """The one key of `heads` that a YAML mapping or a model has, as the tag of its kind; None when it has not one.

    A tag is in angle brackets, so that `playbook.explain` can leave it out of the paths of problems.
    """
    names = type(value).model_fields if isinstance(value, BaseModel) else value if isinstance(value, dict) else ()
    found = [head for head in heads if head in names]
    return f"<{found[0]}>" if len(found) == 1 else None


Trigger = Annotated[
    Annotated[OneActivity, Tag("<activity>")]
    | Annotated[SegmentEntered, Tag("<segment_entered>")]
    | Annotated[SegmentLeft, Tag("<segment_left>")]
    | Annotated[SalesFeedback, Tag("<feedback>")]
    | Annotated[Reply, Tag("<reply>")],
    Discriminator(
        lambda value: head_among(_HEADS, value),
        custom_error_type="trigger_kind",
        custom_error_message="write exactly one of " + ", ".join(f"`{head}`" for head in _HEADS),
    ),
]


@lru_cache(maxsize=1024)
def types_of(trigger: Trigger) -> frozenset[str]:
    """Activity types that the trigger can match."""
    match trigger:
        case ActivityTest():
            return frozenset((str(trigger.activity),))
        case SegmentEntered():
            return frozenset((str(ActivityType.SEGMENT_ENTERED),))
        case SegmentLeft():
            return frozenset((str(ActivityType.SEGMENT_LEFT),))
        case SalesFeedback():
            return frozenset(str(_FEEDBACK[each]) for each in trigger.feedback)
        case Reply():
            return frozenset((str(ActivityType.EMAIL_REPLIED),))


def matches(trigger: Trigger, activity: Activity, enrollment: _Keyed | None = None) -> bool:
    """Whether the activity is what the trigger names.

    Of an enrollment with a key, an activity that names another key (another seminar) does not match; one that names
    none does, unless the trigger has `same_key`.
    """
    return (
        activity.type in types_of(trigger)
        and _details_match(trigger, activity.about)
        and _key_matches(trigger, activity.about, enrollment)
    )


def _details_match(trigger: Trigger, about: About) -> bool:
    if isinstance(trigger, ActivityTest):
        details = _matcher(trigger)
        return details is None or details(about)
    segment = getattr(trigger, "segment_entered", None) or getattr(trigger, "segment_left", None)
    return segment is None or about.get("segment") == segment


def _key_matches(trigger: Trigger, about: About, enrollment: _Keyed | None) -> bool:
    if enrollment is None or enrollment.key is None:
        return True
    name, value = enrollment.key
    if isinstance(trigger, ActivityTest) and trigger.same_key is not None:
        return about.get(trigger.same_key) == value
    return about.get(name) in (None, value)


_matcher = lru_cache(maxsize=1024)(matcher)
