"""Runs of broadcasts within the days of a rehearsal: audience, times and exclusions by production's rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sodate.broadcasts.audience import Candidate, by_group, left_out
from sodate.broadcasts.broadcast import Broadcast, occurrence_of
from sodate.broadcasts.cells import variant_of
from sodate.broadcasts.decide_variant import first_look
from sodate.broadcasts.schedule import instants, next_local, next_time_of, sender_instant, waves
from sodate.email.delivery.broadcast_message import MAIN
from sodate.email.eligibility.decide import Defer
from sodate.experiments.decision import Outcome, Verdict, decide
from sodate.experiments.intervals import Count
from sodate.rehearsal.agenda import BROADCAST
from sodate.rehearsal.email import Email
from sodate.rehearsal.mailer import Mailer
from sodate.rehearsal.person import Person
from sodate.rehearsal.sending_rate import SendingRate
from sodate.rehearsal.setting import Setting

#: The list of members is read this long before the first email.
_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class BroadcastRuns:
    setting: Setting
    mailer: Mailer
    sending_rate: SendingRate
    people: dict[str, Person]

    def plan(self, begin: datetime, end: datetime) -> None:
        mailing = self.setting.definitions.mailing
        for broadcast in self.setting.definitions.broadcasts:
            for local in self._occurrences(broadcast, begin, end):
                if instants(broadcast, mailing, local)[0] < begin:
                    continue
                for wave in waves(broadcast, mailing, local):
                    self.setting.agenda.plan(wave - _AHEAD, partial(self._begin, broadcast, local, wave))

    def _occurrences(self, broadcast: Broadcast, begin: datetime, end: datetime) -> Iterator[datetime]:
        mailing, at = self.setting.definitions.mailing, begin
        while True:
            local = next_local(broadcast, mailing, at)
            if local is None or sender_instant(mailing, local) >= end:
                return
            yield local
            at = sender_instant(mailing, local)

    def _begin(self, broadcast: Broadcast, local: datetime, wave: datetime, now: datetime) -> None:
        mailing, occurrence = self.setting.definitions.mailing, occurrence_of(local)
        candidates = map(_candidate, self.people.values())
        for group, names in by_group(candidates, broadcast, mailing, local, wave).items():
            if group.cell == MAIN:
                at = first_look(broadcast, mailing, occurrence)
                self.setting.agenda.plan(at, partial(self._decide, broadcast, occurrence, names))
            else:
                self._plan(broadcast, occurrence, group.cell or None, group.at, names)

    def _decide(self, broadcast: Broadcast, occurrence: str, waiting: list[str], now: datetime) -> None:
        """Which variant those get who waited; the default where the rehearsal counts no success (`metric`)."""
        experiment = broadcast.experiment
        if experiment is None:
            return
        verdict, answers = Verdict(Outcome.NOBODY_CHOSE), self.setting.figures.variants
        if experiment.winner == "automatic" and experiment.metric == "click":
            counts = {
                one.id: Count(
                    answers[broadcast.id, occurrence, one.id, "delivered"],
                    answers[broadcast.id, occurrence, one.id, "clicked"],
                )
                for one in experiment.variants
            }
            verdict = decide(experiment, experiment.arms, counts, at_horizon=True)
        variant = experiment.variant(verdict.variant or experiment.default)
        self.setting.figures.decided[broadcast.id, occurrence] = f"{verdict.outcome}: {variant.id}"
        at = next_time_of(variant, self.setting.definitions.mailing, now)
        self._plan(broadcast, occurrence, variant.id, at, waiting)

    def _plan(self, broadcast: Broadcast, occurrence: str, variant: str | None, at: datetime, names: list[str]) -> None:
        template = variant_of(broadcast.experiment, variant).template or broadcast.template
        for name in names:
            email = Email(
                broadcast.id, "", occurrence, template, broadcast.topic, at + timedelta(hours=broadcast.valid_hours),
                is_broadcast=True, variant=variant,
            )  # fmt: skip
            self.setting.agenda.plan(at, partial(self._send, self.people[name], broadcast, email), BROADCAST)

    def _send(self, person: Person, broadcast: Broadcast, email: Email, now: datetime) -> None:
        later = self.sending_rate.take(now)
        if later is not None:
            self.setting.figures.deferred[broadcast.id, SendingRate.REASON] += 1
            self.setting.agenda.plan(later, partial(self._send, person, broadcast, email), BROADCAST)
            return
        reason = left_out(_candidate(person), broadcast)
        if reason is not None:
            self.setting.figures.skipped[broadcast.id, reason] += 1
            self.setting.witness(person.id, now, broadcast.id, "", f"skip:{reason}")
            return
        decision = self.mailer.decide(person, email, now)
        if isinstance(decision, Defer):
            self.setting.agenda.plan(decision.until, partial(self._send, person, broadcast, email), BROADCAST)
        elif decision is None:
            self.mailer.send(person, email, now)


def _candidate(person: Person) -> Candidate:
    return Candidate(person.id, person.state, frozenset(person.facts.segments))
