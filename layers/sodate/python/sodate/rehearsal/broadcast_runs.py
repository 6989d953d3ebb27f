"""Runs of broadcasts within the days of a rehearsal: audience, times and exclusions by production's rules."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sodate.broadcasts.advance import AHEAD
from sodate.broadcasts.audience import Candidate, by_group, left_out
from sodate.broadcasts.broadcast import Broadcast, occurrence_of
from sodate.broadcasts.cells import variant_of
from sodate.broadcasts.decide_variant import LOOK_AGAIN, first_look, is_complete
from sodate.broadcasts.measure import UNREPORTED
from sodate.broadcasts.schedule import decides_at, exposure, instants, next_local, next_time_of, sender_instant, waves
from sodate.broadcasts.variants import BroadcastExperiment, Variant
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

#: Id and occurrence of a broadcast.
Run = tuple[str, str]


@dataclass(frozen=True)
class BroadcastRuns:
    """`_samples`: of a run, by variant: the leads of the sample, and when the email of each left; None: not yet."""

    setting: Setting
    mailer: Mailer
    sending_rate: SendingRate
    people: dict[str, Person]
    _samples: dict[Run, dict[str, dict[str, datetime | None]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(dict))
    )

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
                if group.cell:
                    self._samples[broadcast.id, occurrence][group.cell].update(dict.fromkeys(names))
                self._plan(broadcast, occurrence, variant, group.at, names, cell=group.cell or None)

    def _decide(self, broadcast: Broadcast, local: datetime, waiting: list[str], now: datetime) -> None:
        """Which variant those get who waited."""
        experiment, occurrence, mailing = broadcast.experiment, occurrence_of(local), self.setting.definitions.mailing
        if experiment is None:
            return
        verdict = self._verdict(broadcast, experiment, local, now)
        if not verdict.is_final:
            self.setting.agenda.plan(now + LOOK_AGAIN, partial(self._decide, broadcast, local, waiting))
            return
        variant = experiment.variant(verdict.variant or experiment.default)
        self.setting.figures.decided[broadcast.id, occurrence] = f"{verdict.outcome}:{variant.id}"
        released = due_minute(now, now)  # by the run's next task
        at = due_minute(next_time_of(variant, mailing, now), released)
        self._plan(broadcast, occurrence, variant, at, waiting)

    def _verdict(
        self, broadcast: Broadcast, experiment: BroadcastExperiment, local: datetime, now: datetime
    ) -> Verdict:
        """Without a winner where the rehearsal counts no success (`metric`)."""
        if experiment.winner == "by_person":
            return Verdict(Outcome.NOBODY_CHOSE)
        mailing, until = self.setting.definitions.mailing, now - UNREPORTED
        horizon = decides_at(broadcast, mailing, local)
        counts, still_open = self._look(broadcast, experiment, local, until)
        has_waited = until >= horizon + timedelta(hours=broadcast.valid_hours)
        is_over = is_complete(still_open, sum(one.leads for one in counts.values()))
        at_horizon = has_waited or (until >= horizon and is_over)
        if experiment.metric != "click":
            return Verdict(Outcome.NOBODY_CHOSE if at_horizon else Outcome.TOO_EARLY)
        return decide(experiment, experiment.arms, counts, at_horizon=at_horizon)

    def _look(
        self, broadcast: Broadcast, experiment: BroadcastExperiment, local: datetime, until: datetime
    ) -> tuple[dict[str, Count], int]:
        """Of the leads that were seen for the time of the look; and how many were not yet."""
        run, counts, still_open = (broadcast.id, occurrence_of(local)), dict[str, Count](), 0
        seen_for = exposure(broadcast, self.setting.definitions.mailing, local, until)
        for variant in experiment.variants:
            ends = {name: sent and sent + seen_for for name, sent in self._samples[run][variant.id].items()}
            seen = {name: end for name, end in ends.items() if end is not None and end <= until}
            still_open += len(ends) - len(seen)
            clicks = ((self.people[name].clicked.get(run), end) for name, end in seen.items())
            counts[variant.id] = Count(len(seen), sum(click is not None and click <= end for click, end in clicks))
        return counts, still_open

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
            sample = self._samples[broadcast.id, email.number][email.variant]
            sample[person.id] = now
            if reason is not None or decision is not None:
                del sample[person.id]
        if reason is not None:
            self.setting.figures.skipped[broadcast.id, reason] += 1
            self.setting.witness(person.id, now, broadcast.id, "", f"skip:{reason}")
        elif decision is None:
            self.mailer.send(person, email, now)


def _candidate(person: Person) -> Candidate:
    return Candidate(person.id, person.state, frozenset(person.facts.segments))
