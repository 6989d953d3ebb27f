"""Answers about segments for the command line: who is in one, who would enter or leave with another definition, why.

A preview reads the whole table, lead by lead: it is for an operator, never for a request.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sodate.conditions.language import tests
from sodate.conditions.words import in_words
from sodate.dynamodb import keys
from sodate.dynamodb.item import Row
from sodate.errors import NotFound
from sodate.facts.evaluation import LeadView, Scored, Sources
from sodate.leads.contact_state import ContactState
from sodate.leads.store import to_state
from sodate.messages import Message
from sodate.scoring.replay import Case, cases, partitions
from sodate.scoring.rescore import Rules
from sodate.scoring.scored import LeadScore
from sodate.scoring.store import snapshot_of
from sodate.segments.membership import Segments
from sodate.segments.segment import Segment


@dataclass(frozen=True)
class Person:
    """A lead in the sample. `reasons`: each predicate of the condition in words, and whether it holds."""

    lead_id: str
    email: str
    reasons: tuple[tuple[str, bool], ...]
    is_member: bool


@dataclass
class Preview:
    """Figures of one segment over all leads. `sample`: the first members; `moving`: the first who enter or leave."""

    segment: str
    leads: int = 0
    members: int = 0
    entering: int = 0
    leaving: int = 0
    sample: list[Person] = field(default_factory=list)
    moving: list[Person] = field(default_factory=list)
    predicates: Counter[str] = field(default_factory=Counter)
    """In how many leads each predicate holds: one that never does is easily a typing error."""

    def count(self, *, is_member: bool, was: bool) -> None:
        self.leads += 1
        self.members += is_member
        self.entering += is_member and not was
        self.leaving += was and not is_member


def preview(segment_id: str, segments: Segments, rules: Rules, now: datetime, sample: int = 10) -> Preview:
    """Evaluate every lead from scratch under `segments`, against the membership that is stored.

    Raises: `NotFound` for a segment that `segments` does not have.
    """
    segment = find_segment(segment_id, segments.definitions.segments)
    result = Preview(segment.id)
    for items, _ in partitions():
        for case in cases(items):
            view = _view(case, items, segments, rules, now)
            members_of = set(segments.decide(view, None).members)
            is_member, was = segment.id in members_of, segment.id in _stored_members(items)
            result.count(is_member=is_member, was=was)
            reasons = tuple(_reasons(segment, replace(view, members=members_of)))
            result.predicates.update(words for words, holds in reasons if holds)
            person = Person(case.profile.lead_id, case.profile.address, reasons, is_member)
            if is_member and len(result.sample) < sample:
                result.sample.append(person)
            if is_member != was and len(result.moving) < sample:
                result.moving.append(person)
    return result


def find_segment(segment_id: str, segments: Sequence[Segment]) -> Segment:
    """Raises: `NotFound`."""
    for segment in segments:
        if segment.id == segment_id:
            return segment
    known = ", ".join(segment.id for segment in segments) or "none"
    raise NotFound(Message("there is no segment {segment_id!r}; known: {known}", segment_id=segment_id, known=known))


def _view(case: Case, items: list[Row], segments: Segments, rules: Rules, now: datetime) -> LeadView:
    contact = _contact(case.profile.lead_id, items)
    log = [activity for activity in case.log if activity.at <= now]

    def scored() -> Scored:
        return LeadScore(rules.engine, rules.engine.replay(case.profile, log, now))

    sources = Sources(lambda: case.profile, lambda: contact, scored)
    facts, minute = segments.fold.replay(log), int(now.timestamp()) // 60
    definitions = segments.definitions
    return LeadView(case.profile.lead_id, facts, (), minute, sources, definitions.time_zone, definitions.calendar)


def _contact(lead_id: str, items: list[Row]) -> ContactState:
    state = next((item for item in items if item["sk"]["S"] == keys.STATE), None)
    return to_state(state) if state is not None else ContactState(lead_id, "")


def _stored_members(items: list[Row]) -> set[str]:
    score = next((item for item in items if item["sk"]["S"] == keys.SCORE), None)
    return set(snapshot_of(score).facts.facts.segments)


def _reasons(segment: Segment, view: LeadView) -> Iterator[tuple[str, bool]]:
    """Each predicate of the condition in words, and whether it holds."""
    for test in tests(segment.when) if segment.when is not None else ():
        yield in_words(test), view.holds(test)
