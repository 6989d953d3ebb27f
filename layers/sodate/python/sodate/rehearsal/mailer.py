"""Whether an email leaves, by production's rules."""

from dataclasses import dataclass, field
from datetime import datetime

from sodate.email.eligibility.caps import limits, with_email
from sodate.email.eligibility.decide import Defer, Rules, Skip, before_claim, may_claim, not_now, waits
from sodate.email.ledger.reason import Reason
from sodate.rehearsal.answers import Answers
from sodate.rehearsal.email import Email
from sodate.rehearsal.person import Person
from sodate.rehearsal.sending_rate import SendingRate
from sodate.rehearsal.setting import Setting


@dataclass
class Mailer:
    setting: Setting
    answers: Answers
    sending_rate: SendingRate
    _rules: dict[tuple[str, bool], Rules] = field(default_factory=dict)

    def decide(self, person: Person, email: Email, now: datetime) -> Skip | Defer | None:
        """None: the email leaves now. Nothing of the person changes."""
        rules = self._rules_of(email.topic, skips=email.skips_over_cap)
        decision = before_claim(person.id, email.valid_until, person.state.zone, rules, now)
        if decision is None and email.goes_after is not None:
            decision = waits(email.goes_after, now)
        if decision is None and not may_claim(person.state, email.topic, rules.limits, now):
            decision = not_now(person.state, email.valid_until, rules, now)
        self._count(person, email, decision, now)
        return decision

    def send(self, person: Person, email: Email, now: datetime) -> None:
        """The email leaves: it counts for the caps, and the person answers it, or does not."""
        known = self._rules_of(email.topic, skips=False).limits
        person.state = with_email(person.state, known, email.topic, now)
        person.got[email.source, email.step] += 1
        self.setting.figures.count_sent(email.source, now)
        self.sending_rate.count_sent(now)
        self.answers.plan(person, email, now)

    def ended(self, person: Person, source: str, step: str, now: datetime) -> None:
        """An email was planned, and then its enrollment ended: production lists it as skipped."""
        reason = Reason.ENROLLMENT_ENDED.value
        self.setting.figures.skipped[source, reason] += 1
        self.setting.witness(person.id, now, source, step, f"skip:{reason}")

    def _count(self, person: Person, email: Email, decision: Skip | Defer | None, now: datetime) -> None:
        figures, word = self.setting.figures, "send"
        if isinstance(decision, Skip):
            figures.skipped[email.source, decision.reason] += 1
            word = f"skip:{decision.reason}"
        elif isinstance(decision, Defer):
            figures.deferred[email.source, decision.reason] += 1
            word = f"defer:{decision.reason}"
        self.setting.witness(person.id, now, email.source, email.step, word)

    def _rules_of(self, topic: str, *, skips: bool) -> Rules:
        """`skips`: an email over a cap is skipped instead of deferred."""
        if (topic, skips) not in self._rules:
            mailing = self.setting.definitions.mailing
            rules = Rules(topic, mailing, limits(mailing.caps, topic), Reason.ENROLLMENT_ENDED, skips)
            self._rules[topic, skips] = rules
        return self._rules[topic, skips]
