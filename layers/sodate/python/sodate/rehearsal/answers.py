"""What a person does with an email that left, by the assumptions."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from html import unescape

from sodate.activities.catalog import ActivityType
from sodate.dynamodb import keys
from sodate.leads.contact_state import Block
from sodate.rehearsal.email import Email
from sodate.rehearsal.person import Person
from sodate.rehearsal.setting import Setting

_MINUTE = timedelta(minutes=1)
_LINK = re.compile(r'href="(https?://[^"{}]+)"')


@dataclass
class Answers:
    setting: Setting
    _links: dict[str, list[str]] = field(default_factory=dict)

    def plan(self, person: Person, email: Email, now: datetime) -> None:
        what = (person.id, email.source, email.step, email.number)
        chance, emails = self.setting.chance, self.setting.assumptions.emails_of(email.template)
        if chance.happens(emails.bounced, *what, "bounced"):
            self.setting.agenda.plan(now + _MINUTE, partial(self._bounce, person, email))
            return
        self._count(email, "delivered")
        opened_at = now + chance.after(timedelta(minutes=emails.minutes_to_open), *what, "when")
        if chance.happens(emails.opened, *what, "opened"):
            clicks = chance.happens(emails.clicked, *what, "clicked")
            self.setting.agenda.plan(opened_at, partial(self._open, person, email, clicks=clicks))
        if chance.happens(emails.complained, *what, "complained"):
            self.setting.agenda.plan(opened_at + _MINUTE, partial(self._complain, person, email))
        elif chance.happens(emails.unsubscribed, *what, "unsubscribed"):
            self.setting.agenda.plan(opened_at + _MINUTE, partial(self._unsubscribe, person, email))

    def _open(self, person: Person, email: Email, now: datetime, *, clicks: bool) -> None:
        self._count(email, "opened")
        if clicks:
            self.setting.agenda.plan(now + _MINUTE, partial(self._click, person, email))
        self.setting.happen(person, ActivityType.MAIL_OPENED, _about(email), now)

    def _click(self, person: Person, email: Email, now: datetime) -> None:
        self._count(email, "clicked")
        if email.variant is not None:
            person.clicked.setdefault((email.source, email.number), now)
        links = self._links_of(email.template)
        what = (person.id, email.source, email.step, email.number, "link")
        link = {"link": self.setting.chance.one_of(links, *what)} if links else {}
        self.setting.happen(person, ActivityType.MAIL_CLICKED, {**_about(email), **link}, now)

    def _bounce(self, person: Person, email: Email, now: datetime) -> None:
        self._count(email, "bounced")
        person.state = person.state.block(Block.HARD_BOUNCE)
        self.setting.happen(person, ActivityType.MAIL_BOUNCED, _about(email), now)

    def _complain(self, person: Person, email: Email, now: datetime) -> None:
        self._count(email, "complained")
        person.state = person.state.block(Block.COMPLAINT)
        self.setting.happen(person, ActivityType.MAIL_COMPLAINED, _about(email), now)

    def _unsubscribe(self, person: Person, email: Email, now: datetime) -> None:
        """The one-click unsubscribe of the email, which is of everything."""
        if person.state.blocked is not None:
            return
        self._count(email, "unsubscribed")
        topics = tuple(sorted(person.state.topics))
        person.state = person.state.opt_out(topics, keys.stamp(now), of_everything=True)
        self.setting.happen(person, ActivityType.UNSUBSCRIBED, {}, now)

    def _count(self, email: Email, answer: str) -> None:
        self.setting.figures.answers[email.source, email.template, answer] += 1
        if email.variant is not None:
            self.setting.figures.variants[email.source, email.number, email.variant, answer] += 1

    def _links_of(self, template: str) -> list[str]:
        if template not in self._links:
            known = self.setting.definitions.templates.get(template)
            self._links[template] = sorted({unescape(link) for link in _LINK.findall(known.html)}) if known else []
        return self._links[template]


def _about(email: Email) -> dict[str, str]:
    about = {"template": email.template}
    return about if email.is_broadcast else {**about, "sequence": email.source}
