"""The funnel of leads by campaign, segment, source, owner or form, and where they left: a fold over all leads. Pure.

A segment's members change, a campaign's sources are the playbook's, and an owner may be another tomorrow, so no counter
can follow them. Stages are counted by the function that the counters use: over all leads, both give the same.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sodate.activities.activity import Activity
from sodate.activities.catalog import attributes_of, label_of
from sodate.activities.verdict import by_people
from sodate.kpis.contribution import hour_of_minute
from sodate.kpis.funnel import FunnelStage, stages_of
from sodate.kpis.funnel_counts import counts_of_stages
from sodate.kpis.period import Period, day_of
from sodate.reports.funnel import LeavingPoint
from sodate.reports.log_folds import is_engagement
from sodate.scoring.score_state import FUNNEL

_LONGEST = 120
_WON = len(FUNNEL)


class Dimension(StrEnum):
    """By what the leads of a funnel are divided. A lead may be in several segments, and in one of each other at most.

    `source` is the `utm_source` of the post that made the lead, `campaign` the one that acquired it by its definition.
    """

    CAMPAIGN = "campaign"
    SEGMENT = "segment"
    SOURCE = "source"
    OWNER = "owner"
    FORM = "form"


Group = tuple[Dimension, str]


@dataclass(frozen=True)
class Touchpoint:
    """What a lead did last: the type of the activity, and its page, link, form, … or nothing."""

    type: str
    item: str
    at: datetime


@dataclass(frozen=True)
class FunnelLead:
    """`stages`: the minutes (since 1970) in which it first reached each stage. `groups`: where it belongs now."""

    stages: Sequence[int]
    groups: Collection[Group] = ()
    last: Touchpoint | None = None


@dataclass(frozen=True)
class Wanted:
    """`zone`: of the days. `subject`: only leads of this group. `by`: also divided so. `silent_since`: see `left`."""

    period: Period
    zone: str
    subject: Group | None = None
    by: tuple[Dimension, ...] = ()
    silent_since: datetime | None = None

    def has(self, minute: int) -> bool:
        return date.fromisoformat(day_of(hour_of_minute(minute), self.zone)) in self.period


class FunnelFold:
    """`counts`: of the whole (None) and of each group. `visitors`: hashes, by group; of campaigns only.

    `left`: stage and last touchpoint of the leads that came in the period, did nothing since `silent_since`, and were
    not won.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.counts: defaultdict[Group | None, Counter[str]] = defaultdict(Counter)
        self.visitors: defaultdict[Group | None, set[str]] = defaultdict(set)
        self.left: Counter[tuple[str, str, str]] = Counter()

    def count(self, lead: FunnelLead) -> None:
        wanted = self.wanted
        if not lead.stages or (wanted.subject is not None and wanted.subject not in lead.groups):
            return
        added: Counter[str] = Counter()
        for minute, counts in counts_of_stages(lead.stages):
            if wanted.has(minute):
                added.update(counts)
        for group in (None, *self._divisions(lead)):
            self.counts[group].update(added)
        if self._has_left(lead) and lead.last is not None:
            stage = FUNNEL[min(len(lead.stages), _WON) - 1]
            self.left[stage, lead.last.type, lead.last.item] += 1

    def count_visitor(self, visitor: str, groups: Iterable[Group]) -> None:
        """`visitor`: a hash. `groups`: those of one of its visits in the period."""
        for group in groups:
            if group[0] in self.wanted.by:
                self.visitors[group].add(visitor)
            if group == self.wanted.subject:
                self.visitors[None].add(visitor)

    def merge(self, other: "FunnelFold") -> None:
        for group, counts in other.counts.items():
            self.counts[group].update(counts)
        for group, seen in other.visitors.items():
            self.visitors[group] |= seen
        self.left.update(other.left)

    def stages(self, group: Group | None = None) -> list[FunnelStage]:
        return stages_of(self.counts[group])

    def ids(self, dimension: Dimension) -> list[str]:
        """Of the groups that leads came to in the period; most leads first."""
        leads = {
            group[1]: counts["cohort_lead"]
            for group, counts in self.counts.items()
            if group is not None and group[0] is dimension and counts["cohort_lead"]
        }
        return sorted(leads, key=lambda one: (-leads[one], one))

    def points(self, language: str, most: int = 20) -> list[LeavingPoint]:
        """The most frequent first."""
        ordered = sorted(self.left.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
        return [LeavingPoint(_label(type_, item, language), leads, stage) for (stage, type_, item), leads in ordered]

    def _divisions(self, lead: FunnelLead) -> list[Group]:
        """Of a lead that is in no group of a kind: the group without an id, so that the rows are the whole."""
        divisions = [one for one in lead.groups if one[0] in self.wanted.by]
        return divisions + [(one, "") for one in self.wanted.by if one not in {dimension for dimension, _ in divisions}]

    def _has_left(self, lead: FunnelLead) -> bool:
        silent_since = self.wanted.silent_since
        if silent_since is None or len(lead.stages) >= _WON or not self.wanted.has(lead.stages[0]):
            return False
        return lead.last is not None and lead.last.at < silent_since


def _label(type_: str, item: str, language: str) -> str:
    return f"{label_of(type_, language)}: {item}" if item else label_of(type_, language)


def last_touchpoint(log: Iterable[Activity]) -> Touchpoint | None:
    """The latest thing that the lead did itself; what robots did is nothing. `log`: all of it, in order."""
    engagements = [one for one in by_people(log) if is_engagement(one)]
    if not engagements:
        return None
    latest = engagements[-1]
    names = attributes_of(latest.type)
    item = next((str(latest.about[name]) for name in names if latest.about.get(name)), "")
    return Touchpoint(latest.type, item[:_LONGEST], latest.at)


def groups_of(
    origin: Mapping[str, str], segments: Iterable[str], owner: str | None, campaign: str | None
) -> set[Group]:
    """`origin`: what the score state keeps of the post that made the lead."""
    groups = {(Dimension.SEGMENT, one) for one in segments}
    single = {
        Dimension.CAMPAIGN: campaign,
        Dimension.OWNER: owner,
        Dimension.SOURCE: origin.get("source"),
        Dimension.FORM: origin.get("form"),
    }
    return groups | {(dimension, id_) for dimension, id_ in single.items() if id_}
