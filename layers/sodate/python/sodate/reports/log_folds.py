"""What the reports of segments, scenarios and sales count of each lead. Pure: sums, so leads may come in any order."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.activities.catalog import is_engagement as ends_inactivity
from sodate.reports.lead_record import LeadRecord
from sodate.reports.sales import SalesFigures, SignalFigures
from sodate.reports.scenario import ScenarioRow
from sodate.reports.segment import SegmentRow

_RESULTS = frozenset({ActivityType.MEETING_SET.value, ActivityType.DEAL_WON.value, ActivityType.DEAL_LOST.value})
Groups = defaultdict[str, Counter[str]]


def is_engagement(activity: Activity) -> bool:
    """Also of a type that a playbook declares as one."""
    return ends_inactivity(activity.type, activity.about)


class SegmentFold:
    """Members now, and who entered or left in the period, by segment."""

    def __init__(self) -> None:
        self.numbers: Groups = defaultdict(Counter)
        self.phases: Groups = defaultdict(Counter)
        self.stages: Groups = defaultdict(Counter)

    def count(self, lead: LeadRecord) -> None:
        engaged = any(map(is_engagement, lead.log))
        for segment in lead.segments:
            self.numbers[segment].update(members=1, engaged=int(engaged))
            self.phases[segment][lead.phase or ""] += 1
            self.stages[segment][lead.stage or ""] += 1
        for activity in lead.log:
            if activity.type in (ActivityType.SEGMENT_ENTERED, ActivityType.SEGMENT_LEFT):
                change = "entered" if activity.type == ActivityType.SEGMENT_ENTERED else "left"
                self.numbers[str(activity.about.get("segment"))][change] += 1

    def merge(self, other: "SegmentFold") -> None:
        for name in ("numbers", "phases", "stages"):
            _add(getattr(self, name), getattr(other, name))

    def rows(self, titles: Mapping[str, str]) -> list[SegmentRow]:
        """`titles`: of the live segments, in order; only these have a row."""
        return [
            SegmentRow(
                id=segment,
                title=title,
                by_phase=dict(self.phases[segment]),
                by_stage=dict(self.stages[segment]),
                **{name: self.numbers[segment][name] for name in ("members", "engaged", "entered", "left")},
            )
            for segment, title in titles.items()
        ]


class ScenarioFold:
    """Enrollments that began, ended or reached a goal in the period, by scenario."""

    def __init__(self) -> None:
        self.entered: Counter[str] = Counter()
        self.ended: Groups = defaultdict(Counter)
        self.goals: Groups = defaultdict(Counter)

    def count(self, lead: LeadRecord) -> None:
        logged, stored = Counter[str](), Counter(lead.began)
        for activity in lead.log:
            scenario, reason = str(activity.about.get("scenario", "")), str(activity.about.get("reason", ""))
            match activity.type:
                case ActivityType.SCENARIO_ENTERED:
                    logged[scenario] += 1
                case ActivityType.SCENARIO_ENDED:
                    self.ended[scenario][reason.partition(":")[0]] += 1
                case ActivityType.GOAL_REACHED:
                    self.goals[scenario][reason] += 1
        self.entered.update(logged | stored)

    def merge(self, other: "ScenarioFold") -> None:
        self.entered.update(other.entered)
        _add(self.ended, other.ended)
        _add(self.goals, other.goals)

    def row(self, scenario: str, version: int, status: str, inside: int) -> ScenarioRow:
        return ScenarioRow(
            scenario,
            version,
            status,
            self.entered[scenario],
            inside,
            dict(self.ended[scenario]),
            dict(self.goals[scenario]),
        )


class SalesFold:
    def __init__(self) -> None:
        self.signals: list[SignalFigures] = []
        self.calls: Counter[str] = Counter()
        self.results: Counter[str] = Counter()

    def count(self, lead: LeadRecord) -> None:
        self.signals += lead.signals
        for activity in lead.log:
            if activity.type == ActivityType.CALL_MADE:
                self.calls[str(activity.about.get("outcome") or "unknown")] += 1
            if activity.type in _RESULTS:
                self.results[activity.type] += 1

    def merge(self, other: "SalesFold") -> None:
        self.signals += other.signals
        self.calls.update(other.calls)
        self.results.update(other.results)

    def figures(self) -> SalesFigures:
        ordered = sorted(self.signals, key=lambda one: (one.at, one.owner or ""))
        return SalesFigures(ordered, self.calls, self.results)


def _add(to: Groups, more: Groups) -> None:
    for group, counter in more.items():
        to[group].update(counter)
