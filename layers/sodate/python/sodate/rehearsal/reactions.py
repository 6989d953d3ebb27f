"""An activity happens: score, facts, segments, sales and scenarios react, in the order of `functions/scoring`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.rehearsal.course import Course
from sodate.rehearsal.person import Person
from sodate.rehearsal.sales_team import SalesTeam
from sodate.rehearsal.setting import Setting
from sodate.rehearsal.view import view_of
from sodate.scenarios.admission import may_react
from sodate.scheduling.store import due_minute
from sodate.segments.membership import CONTACT, LAST_ACTIVITY, PROFILE, SCORE, Change, may_change


@dataclass(frozen=True)
class Reactions:
    setting: Setting
    course: Course
    sales_team: SalesTeam

    def happen(self, person: Person, type_: ActivityType, about: Mapping[str, Any], at: datetime) -> None:
        activity, definitions = person.activity(type_.value, at, about), self.setting.definitions
        if activity.type in definitions.logged_types:
            person.log.append(activity)
        was_hot = person.score.hot
        changed = self._count(person, activity, type_)
        changes = self._membership(person, None if person.is_new else changed, at)
        if person.score.hot and not was_hot:
            self.sales_team.notify(person, at)
        if may_react(activity):
            self.course.react(person, activity, at)
        self._announce(person, changes, at)

    def changed(self, person: Person, now: datetime) -> None:
        """The profile has changed."""
        engine = self.setting.definitions.engine
        if engine is not None:
            compiled, score = engine.compiled, person.score
            score.matching_rules = compiled.matching_rules(person.profile)
            score.matching_predicates = compiled.matching_predicates(person.profile)
            engine.classifier.classify(score, score.now, "profile")
        self._announce(person, self._membership(person, {PROFILE, SCORE, CONTACT}, now), now)

    def begin(self, person: Person, past: list[Activity], now: datetime) -> None:
        """Score and facts of a person as of `now`. Membership by what the person did before is not announced."""
        definitions, engine = self.setting.definitions, self.setting.definitions.engine
        if engine is not None:
            person.score = engine.replay(person.profile, past, now)
        person.facts = definitions.fold.replay(past)
        person.log = [one for one in past if one.type in definitions.logged_types]
        if past:
            self._membership(person, None, now)

    def _count(self, person: Person, activity: Activity, type_: ActivityType) -> set[str]:
        """Score and facts. Returns what may have changed."""
        definitions, changed = self.setting.definitions, may_change(activity)
        engine = definitions.engine
        if engine is not None and engine.matters(activity):
            engine.add(person.score, activity)
        else:
            changed.discard(SCORE)
        if not type_.is_engagement:
            changed.discard(LAST_ACTIVITY)
        if definitions.fold.matters(activity):
            changed |= definitions.fold.add(person.facts, activity)
        return changed

    def _membership(self, person: Person, changed: set[str] | None, now: datetime) -> tuple[Change, ...]:
        """Segments that mention something of `changed`; None: all. Also plans when time alone changes something."""
        definitions, segments = self.setting.definitions, self.setting.definitions.segments
        due, changes, person.is_new = None, tuple[Change, ...](), False
        if segments is not None:
            zone = (segments.definitions.time_zone, segments.definitions.calendar)
            membership = segments.decide(view_of(person, definitions, now, zone), changed)
            person.facts.segments, changes, due = membership.members, membership.changes, membership.due
        engine = definitions.engine
        transition = engine.next_transition(person.score) if engine and (changed is None or SCORE in changed) else None
        self._review_at(person, [minute for minute in (due, transition) if minute is not None], now)
        return changes

    def _review_at(self, person: Person, minutes: list[int], now: datetime) -> None:
        """An earlier review that is planned already stays: it plans the next one."""
        minute = min(minutes, default=None)
        if minute is not None and (person.review is None or minute < person.review):
            person.review = minute
            at = due_minute(datetime.fromtimestamp(minute * 60, UTC), now)
            self.setting.agenda.plan(at, partial(self._review, person, minute))

    def _review(self, person: Person, minute: int, now: datetime) -> None:
        if person.review != minute:
            return
        person.review, engine = None, self.setting.definitions.engine
        if engine is not None:
            engine.settle(person.score, int(now.timestamp()) // 60)
        self._announce(person, self._membership(person, None, now), now)

    def _announce(self, person: Person, changes: tuple[Change, ...], now: datetime) -> None:
        for change in changes:
            type_ = ActivityType.SEGMENT_ENTERED if change.entered else ActivityType.SEGMENT_LEFT
            self.setting.happen(person, type_, {"segment": change.segment}, now)
