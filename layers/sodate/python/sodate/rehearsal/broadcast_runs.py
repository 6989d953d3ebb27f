"""Runs of broadcasts within the days of a rehearsal: audience, times and exclusions by production's rules."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sodate.broadcasts.advance import AHEAD
from sodate.broadcasts.audience import Candidate, by_group, left_out
from sodate.broadcasts.broadcast import Broadcast, occurrence_of
from sodate.broadcasts.cells import variant_of
from sodate.broadcasts.decide_variant import LOOK_AGAIN, first_look, is_complete
from sodate.broadcasts.schedule import decides_at, instants, next_local, next_time_of, sender_instant, waves
from sodate.broadcasts.variants import Variant
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
from sodate.scheduling.store import due_minute


@dataclass(frozen=True)
class BroadcastRuns:
    """`_open`: emails of a run's sample that have not left yet."""

    setting: Setting
    mailer: Mailer
    sending_rate: SendingRate
    people: dict[str, Person]
    _open: Counter[tuple[str, str]] = field(default_factory=Counter)

    def plan(self, begin: datetime, end: datetime) -> None:
        mailing = self.setting.definitions.mailing
        for broadcast in self.setting.definitions.broadcasts:
            for local in self._occurrences(broadcast, begin, end):
                if instants(broadcast, mailing, local)[0] < begin:
                    continue
                for wave in waves(broadcast, mailing, local):
                    self.setting.agenda.plan(wave - AHEAD, partial(self._begin, broadcast, local, wave))

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
                self.setting.agenda.plan(at, partial(self._decide, broadcast, local, names))
            else:
                variant = variant_of(broadcast.experiment, group.cell or None)
                self._open[broadcast.id, occurrence] += len(names) if group.cell else 0
                self._plan(broadcast, occurrence, variant, group.at, names, cell=group.cell or None)

    def _decide(self, broadcast: Broadcast, local: datetime, waiting: list[str], now: datetime) -> None:
        """Which variant those get who waited; the default where the rehearsal counts no success (`metric`)."""
        experiment, occurrence, mailing = broadcast.experiment, occurrence_of(local), self.setting.definitions.mailing
        if experiment is None:
            return
        counts = {one.id: self._count(broadcast, occurrence, one.id) for one in experiment.variants}
        may_wait = now < decides_at(broadcast, mailing, local) + timedelta(hours=broadcast.valid_hours)
        if may_wait and not is_complete(
            self._open[broadcast.id, occurrence], sum(one.leads for one in counts.values())
        ):
            self.setting.agenda.plan(now + LOOK_AGAIN, partial(self._decide, broadcast, local, waiting))
            return
        verdict = Verdict(Outcome.NOBODY_CHOSE)
        if experiment.winner == "automatic" and experiment.metric == "click":
            verdict = decide(experiment, experiment.arms, counts, at_horizon=True)
        variant = experiment.variant(verdict.variant or experiment.default)
        self.setting.figures.decided[broadcast.id, occurrence] = f"{verdict.outcome}:{variant.id}"
        released = due_minute(now, now)  # by the run's next task
        at = due_minute(next_time_of(variant, mailing, now), released)
        self._plan(broadcast, occurrence, variant, at, waiting)

    def _count(self, broadcast: Broadcast, occurrence: str, variant: str) -> Count:
        answers = self.setting.figures.variants
        left = [answers[broadcast.id, occurrence, variant, answer] for answer in ("delivered", "bounced")]
        return Count(sum(left), answers[broadcast.id, occurrence, variant, "clicked"])

    def _plan(
        self, broadcast: Broadcast, occurrence: str, variant: Variant, at: datetime, names: list[str],
        cell: str | None = None,
    ) -> None:  # fmt: skip
        """`cell`: of the sample, whose answers the experiment counts."""
        for name in names:
            email = Email(
                broadcast.id, "", occurrence, variant.template or broadcast.template, broadcast.topic,
                at + timedelta(hours=broadcast.valid_hours), is_broadcast=True, variant=cell,
            )  # fmt: skip
            self.setting.agenda.plan(at, partial(self._send, self.people[name], broadcast, email), BROADCAST)

    def _send(self, person: Person, broadcast: Broadcast, email: Email, now: datetime) -> None:
        later = self.sending_rate.take(now)
        if later is not None:
            self.setting.figures.deferred[broadcast.id, SendingRate.REASON] += 1
            self.setting.agenda.plan(later, partial(self._send, person, broadcast, email), BROADCAST)
            return
        reason = left_out(_candidate(person), broadcast)
        decision = self.mailer.decide(person, email, now) if reason is None else None
        if isinstance(decision, Defer):
            self.setting.agenda.plan(decision.until, partial(self._send, person, broadcast, email), BROADCAST)
            return
        if email.variant is not None:
            self._open[broadcast.id, email.number] -= 1
        if reason is not None:
            self.setting.figures.skipped[broadcast.id, reason] += 1
            self.setting.witness(person.id, now, broadcast.id, "", f"skip:{reason}")
        elif decision is None:
            self.mailer.send(person, email, now)


def _candidate(person: Person) -> Candidate:
    return Candidate(person.id, person.state, frozenset(person.facts.segments))
