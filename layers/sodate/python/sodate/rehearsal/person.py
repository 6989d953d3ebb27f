"""One imagined or real person: what is stored about a lead, in memory."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sodate.activities.activity import Activity
from sodate.facts.lead_facts import LeadFacts
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.scoring.score_state import ScoreState

_MILLISECOND = timedelta(milliseconds=1)


@dataclass
class Person:
    """`form`: through which the person came. `review`: when score or segments may change by time alone. `log`: the
    activities that scenarios look for. `notified`: when sales was told last, and who; `notifications`.
    `is_new`: no segment was looked at yet.
    `clicked`: first click on the email of a run with an experiment, by broadcast and occurrence.
    `together`: scenarios that the person was in at the same time. `got`: emails, by source and step.
    """

    profile: Profile
    state: ContactState
    form: str | None = None
    score: ScoreState = field(default_factory=ScoreState)
    facts: LeadFacts = field(default_factory=LeadFacts)
    is_new: bool = True
    log: list[Activity] = field(default_factory=list)
    review: int | None = None
    notified: tuple[datetime, str] | None = None
    notifications: int = 0
    together: set[tuple[str, str]] = field(default_factory=set)
    got: Counter[tuple[str, str]] = field(default_factory=Counter)
    clicked: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _latest: datetime | None = None
    _activities: int = 0

    @property
    def id(self) -> str:
        return self.state.lead_id

    def activity(self, type_: str, at: datetime, about: Mapping[str, Any]) -> Activity:
        """A new activity, later than the one before it: the order of a person's activities is never in doubt."""
        if self._latest is not None and at <= self._latest:
            at = self._latest + _MILLISECOND
        self._latest = at
        self._activities += 1
        return Activity(self.id, type_, at, f"{self._activities:016x}", dict(about))

    def change(self, values: Mapping[str, Any]) -> None:
        """Set values of the profile, by path."""
        changed = {name: dict(getattr(self.profile, name)) for name in ("primary", "secondary", "source")}
        for path, value in values.items():
            group, _, name = path.partition(".")
            changed[group][name] = value
        primary, secondary, source = changed.values()
        self.profile = replace(self.profile, primary=primary, secondary=secondary, source=source)

    def earlier(self, since: datetime) -> Iterator[Activity]:
        """Logged activities later than `since`, the newest first."""
        for activity in reversed(self.log):
            if activity.at <= since:
                return
            yield activity


#: Called with everything that is decided: person, time, scenario or broadcast, step, decision.
Witness = Callable[[str, datetime, str, str, str], None]
