"""Assumptions from what leads did: rates of answers, habits and sales, over the last days of the log. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType, DoneBy
from sodate.dynamodb import keys
from sodate.rehearsal.assumptions import Assumptions, Emails, Habit, SalesAnswers, Sending
from sodate.rehearsal.store import Sent, StoredLead

#: From this many emails on, a template has rates of its own.
_ENOUGH = 200
_MOST_VALUES = 20
_NO_HABIT = {
    ActivityType.FORM_SUBMITTED, ActivityType.OPT_IN_CONFIRMED, ActivityType.UNSUBSCRIBED,
    ActivityType.PREFERENCES_CHANGED, ActivityType.MAIL_OPENED, ActivityType.MAIL_CLICKED,
    ActivityType.MAIL_COMPLAINED, ActivityType.MEETING_SET,
}  # fmt: skip
_HABITS = [type_ for type_ in ActivityType if type_.done_by is not DoneBy.OTHERS and type_ not in _NO_HABIT]

_ANSWERS = (ActivityType.MAIL_OPENED, ActivityType.MAIL_CLICKED)
_OUTCOMES = (ActivityType.MEETING_SET, ActivityType.DEAL_WON, ActivityType.DEAL_LOST)


def learnt(leads: Iterable[StoredLead], days: int, now: datetime, sending: Sending) -> Assumptions:
    """`days`: of the log, before `now`. What nothing is known of keeps its default. `sending`: is not in the log."""
    begin = now - timedelta(days=days)
    counted = _Counted(begin)
    for lead in leads:
        counted.add(lead)
    return Assumptions(
        emails=counted.emails(None) or Emails(),
        templates={name: rates for name in sorted(counted.sent) if (rates := counted.emails(name, _ENOUGH))},
        habits=tuple(counted.habits(days)),
        sales=counted.sales(),
        sending=sending,
    )


class _Counted:
    def __init__(self, begin: datetime) -> None:
        self.begin = begin
        self.people = 0
        self.sent: dict[str, Counter[str]] = defaultdict(Counter)
        self.types: Counter[str] = Counter()
        self.values: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))

    def add(self, lead: StoredLead) -> None:
        self.people += 1
        recent = [one for one in lead.log if one.at >= self.begin]
        for sent in lead.sent:
            if sent.at >= keys.stamp(self.begin):
                self.sent[sent.template].update(["sent", sent.state])
        self._add_answers(recent, lead.sent)
        for one in recent:
            self.types[one.type] += 1
            for name, value in one.about.items():
                self.values[one.type][name][str(value)] += 1

    def _add_answers(self, recent: list[Activity], sent: list[Sent]) -> None:
        """An email counts once, however often it is opened or clicked."""
        seen = set[tuple[str, object]]()
        for one in recent:
            template, send = one.about.get("template"), one.about.get("send")
            if template and one.type in _ANSWERS and (one.type, send) not in seen:
                self.sent[template][one.type] += 1
                seen.add((one.type, send))
        if sent and any(one.type == ActivityType.UNSUBSCRIBED for one in recent):
            self.sent[max(sent, key=lambda one: one.at).template]["unsubscribed"] += 1

    def emails(self, template: str | None, least: int = 1) -> Emails | None:
        """None: too few were sent. `template` None: of all."""
        names = self.sent if template is None else {template: self.sent[template]}
        total = sum((names[name] for name in names), Counter[str]())
        sent, opened = total["sent"], total[ActivityType.MAIL_OPENED.value]
        delivered = sent - total["bounced"]
        if sent < least or not delivered:
            return None
        return Emails(
            bounced=_percent(total["bounced"], sent),
            opened=_percent(opened, delivered),
            clicked=_percent(total[ActivityType.MAIL_CLICKED.value], opened),
            unsubscribed=_percent(total["unsubscribed"], delivered),
            complained=_percent(total["complained"], delivered),
        )

    def habits(self, days: int) -> Iterable[Habit]:
        for type_ in _HABITS:
            per_week = self.types[type_.value] / max(self.people, 1) * 7 / days
            if per_week > 0:
                about = {
                    name: tuple(value[:200] for value, _ in self.values[type_.value][name].most_common(_MOST_VALUES))
                    for name in type_.attributes
                    if self.values[type_.value][name]
                }
                yield Habit(activity=type_, per_week=min(per_week, 100), about=about)

    def sales(self) -> SalesAnswers:
        accepted, rejected = self.types[ActivityType.SALES_ACCEPTED], self.types[ActivityType.SALES_REJECTED]
        met, won, lost = (self.types[one] for one in _OUTCOMES)
        known: dict[str, Any] = {}
        if accepted + rejected:
            known["accepted"] = _percent(accepted, accepted + rejected)
        if accepted:
            known["meeting"] = _percent(met, accepted)
        if won + lost:
            known["won"] = _percent(won, won + lost)
        return SalesAnswers(**known)


def _percent(part: int, whole: int) -> float:
    return round(min(100.0, 100 * part / whole), 3) if whole else 0.0
