"""Whom sales would have to call, and what it answers, by the assumptions."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sodate.activities.catalog import ActivityType
from sodate.rehearsal.person import Person
from sodate.rehearsal.setting import Setting
from sodate.sales.choose import choices
from sodate.sales.definition import Owner
from sodate.scenarios.advance import CreateCallTask, Effect, SendSignal

#: Without `sales.yaml`: a signal has no owner.
NOBODY = "-"
_AFTER_ACCEPTANCE = timedelta(days=2)


@dataclass
class SalesTeam:
    """`open`: signals that an owner has not finished. `rotation`: number of the latest signal of each owner."""

    setting: Setting
    open: Counter[str] = field(default_factory=Counter)
    rotation: Counter[str] = field(default_factory=Counter)

    def notify(self, person: Person, now: datetime) -> None:
        """Sales is told of the person. While it is working on the person, that causes no second call."""
        sales = self.setting.definitions.sales
        quiet = timedelta(days=sales.quiet_days) if sales is not None else timedelta(0)
        if person.notified is not None and now < person.notified[0] + quiet:
            return
        owner = self._owner(person, now)
        person.notified = (now, owner)
        self.open[owner] += 1
        figures = self.setting.figures
        figures.signals[figures.day(now), owner] += 1
        person.notifications += 1
        what = (person.id, "sales", person.notifications)
        answers = self.setting.assumptions.sales
        at = now + self.setting.chance.after(timedelta(days=answers.days_to_answer), *what, "when")
        self.setting.agenda.plan(at, partial(self._answer, person, what))

    def act(self, person: Person, effects: Iterable[Effect], now: datetime) -> None:
        """Call tasks and signals of a scenario: one signal, whatever their number."""
        wanted = [effect for effect in dict.fromkeys(effects) if isinstance(effect, CreateCallTask | SendSignal)]
        if not wanted:
            return
        self.notify(person, now)
        owner, figures = person.notified[1] if person.notified else NOBODY, self.setting.figures
        for effect in wanted:
            if isinstance(effect, CreateCallTask):
                figures.calls[figures.day(effect.due), owner] += 1

    def _owner(self, person: Person, now: datetime) -> str:
        sales = self.setting.definitions.sales
        if sales is None:
            return NOBODY
        today = self.setting.figures.day(now)

        def is_away(owner: Owner) -> bool:
            return owner.away_until is not None and today <= owner.away_until

        for choice in choices(person.profile, sales, is_away):
            for owner in sorted(choice.owners, key=lambda one: self.rotation[one.id]):
                if choice.ignore_capacity or owner.capacity is None or self.open[owner.id] < owner.capacity:
                    self.rotation[owner.id] = max(self.rotation.values(), default=0) + 1
                    return owner.id
        raise AssertionError("the last choice takes every lead")

    def _answer(self, person: Person, what: tuple[object, ...], now: datetime) -> None:
        answers, chance = self.setting.assumptions.sales, self.setting.chance
        if not chance.happens(answers.accepted, *what, "accepted"):
            self._say(person, ActivityType.SALES_REJECTED, now, is_last=True)
            return
        has_meeting = chance.happens(answers.meeting, *what, "meeting")
        self._say(person, ActivityType.SALES_ACCEPTED, now, is_last=not has_meeting)
        if has_meeting:
            self.setting.agenda.plan(now + _AFTER_ACCEPTANCE, partial(self._meet, person, what))

    def _meet(self, person: Person, what: tuple[object, ...], now: datetime) -> None:
        is_won = self.setting.chance.happens(self.setting.assumptions.sales.won, *what, "won")
        self._say(person, ActivityType.MEETING_SET, now, is_last=False)
        outcome = ActivityType.DEAL_WON if is_won else ActivityType.DEAL_LOST
        at = now + self.setting.chance.after(timedelta(days=14), *what, "deal")
        self.setting.agenda.plan(at, partial(self._close, person, outcome))

    def _close(self, person: Person, outcome: ActivityType, now: datetime) -> None:
        self._say(person, outcome, now, is_last=True)

    def _say(self, person: Person, type_: ActivityType, now: datetime, *, is_last: bool) -> None:
        self.setting.figures.sales_answers[type_.value] += 1
        if is_last and person.notified is not None:
            self.open[person.notified[1]] -= 1
        self.setting.happen(person, type_, {}, now)
