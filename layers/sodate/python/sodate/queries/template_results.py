"""What the emails of one template brought, per version of it. Pure: from the ledger and the log of one lead at a time.

Every figure counts emails, never events, so a redelivered event changes none. An activity that a robot did, or of which
nobody can tell (`activities.verdict`), counts for no person; an email with such activities only is counted apart.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.activities.verdict import robots_in
from sodate.conditions.one_activity import OneActivity
from sodate.conditions.one_line_parser import parse_one_line
from sodate.conditions.one_line_tokens import OneLineError
from sodate.errors import Invalid
from sodate.experiments.experiment import Experiment
from sodate.experiments.success import Window, success_in, success_of
from sodate.messages import Message


class Figure(StrEnum):
    """What is true of an email; docs/templates.md has the definitions."""

    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    SOFT_BOUNCED = "soft_bounced"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    CONVERTED = "converted"
    STILL_OPEN = "still_open"
    """The time for a conversion is not over."""


#: State of the ledger → what it says of the email. A complaint proves the delivery.
_OF_STATE = {
    "delivered": (Figure.DELIVERED,),
    "soft_bounced": (Figure.SOFT_BOUNCED,),
    "bounced": (Figure.BOUNCED,),
    "complained": (Figure.DELIVERED, Figure.COMPLAINED),
}
_REACTIONS: dict[str, Figure] = {
    ActivityType.MAIL_OPENED: Figure.OPENED,
    ActivityType.MAIL_CLICKED: Figure.CLICKED,
    ActivityType.UNSUBSCRIBED: Figure.UNSUBSCRIBED,
}


@dataclass(frozen=True)
class SentEmail:
    """An email that SES accepted. `version`: of its template; 0: not recorded."""

    send_id: str
    version: int
    state: str
    at: datetime


@dataclass
class VersionResults:
    """`links` and `links_by_robots`: emails in which the link was clicked."""

    people: Counter[Figure] = field(default_factory=Counter)
    robots_only: Counter[Figure] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)
    links_by_robots: Counter[str] = field(default_factory=Counter)

    def robot_share(self, figure: Figure) -> float | None:
        """Of the emails with such an activity, those with robots' only; None: there is none."""
        every = self.people[figure] + self.robots_only[figure]
        return self.robots_only[figure] / every if every else None

    def __iadd__(self, other: "VersionResults") -> "VersionResults":
        for name, counter in vars(other).items():
            getattr(self, name).update(counter)
        return self


def results_of(
    email: SentEmail, log: Sequence[Activity], conversion: Experiment, now: datetime, name_of: Callable[[str], str]
) -> VersionResults:
    """Of one email. `log`: of its lead, in order, at least since the email. `name_of`: names a clicked URL."""
    results, robots = VersionResults(), robots_in(log)
    reactions, clicks = defaultdict[Figure, set[bool]](set), defaultdict[str, set[bool]](set)
    for one in log:
        if one.about.get("send") == email.send_id and one.type in _REACTIONS:
            reactions[_REACTIONS[one.type]].add(one.key not in robots)
            if one.type == ActivityType.MAIL_CLICKED:
                clicks[name_of(str(one.about.get("link", "")))].add(one.key not in robots)
    results.people.update([Figure.SENT, *_said_of(email, reactions)])
    end = email.at + conversion.horizon
    success = success_in(log, success_of(conversion, send=email.send_id), Window(email.at, end))
    reactions[Figure.CONVERTED] = {True} if success.is_one else {False} if success.by_robot else set()
    reactions[Figure.STILL_OPEN] = {True} if end > now else set()
    _count(results.people, results.robots_only, reactions)
    _count(results.links, results.links_by_robots, clicks)
    return results


def _said_of(email: SentEmail, reactions: Iterable[Figure]) -> tuple[Figure, ...]:
    """An opened email was delivered, even without a delivery report."""
    if email.state in ("sent", "delayed") and not {Figure.OPENED, Figure.CLICKED}.isdisjoint(reactions):
        return (Figure.DELIVERED,)
    return _OF_STATE.get(email.state, ())


def _count(people: Counter[Any], robots_only: Counter[Any], by_person: dict[Any, set[bool]]) -> None:
    people.update(name for name, persons in by_person.items() if True in persons)
    robots_only.update(name for name, persons in by_person.items() if persons == {False})


def conversion_of(text: str | None, days: int) -> Experiment:
    """What counts as a conversion, as an experiment has it. `text`: a condition on one line; None: a meeting.

    Raises: `Invalid` when it is no single activity.
    """
    hours = days * 24
    if text is None:
        return Experiment(metric="meeting", decide_after_hours=hours)
    try:
        activity = TypeAdapter(OneActivity).validate_python(parse_one_line(text))
        return Experiment(metric="conversion", conversion=activity, decide_after_hours=hours)
    except (OneLineError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.message
        raise Invalid(
            Message(
                "{text!r}: {reason}; write one activity, for example `did form_submitted(form = demo)`",
                text=text,
                reason=reason,
            )
        ) from error
