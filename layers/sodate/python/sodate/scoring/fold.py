"""The score is a pure fold over the activity log and the profile: a replay gives the same numbers and the same reasons.

Order and duplicates cannot matter: activities are counted by their key, and caps count occurrences, not moments.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sodate.activities.activity import Activity
from sodate.leads.lead import Profile, Totals
from sodate.leads.text import fold as fold_text
from sodate.scoring.rules import PhaseCondition, RuleSet, ScoreRule, When


@dataclass(frozen=True)
class Reason:
    """One rule that counted: points a time × how many times, in words for sales."""

    rule: str
    label: str
    points: int
    times: int

    @property
    def total(self) -> int:
        return self.points * self.times


@dataclass(frozen=True)
class Score:
    totals: Totals
    phase: str
    hot: bool
    reasons: tuple[Reason, ...]


def score(profile: Profile, log: Iterable[Activity], rules: RuleSet, was_hot: bool) -> Score:
    """`was_hot` matters only between `cool_below` and `threshold`: there a lead stays what it was (hysteresis)."""
    activities = list({activity.key: activity for activity in log}.values())
    reasons = [reason for rule in rules.rules if (reason := _apply(rule, profile, activities)) is not None]
    totals = _totals(rules, reasons)
    hot = totals.total >= rules.hot.threshold or (was_hot and totals.total >= rules.hot.cool_below)
    ordered = tuple(sorted(reasons, key=lambda reason: -abs(reason.total)))
    return Score(totals, _phase(rules, totals, activities), hot, ordered)


def _apply(rule: ScoreRule, profile: Profile, activities: Sequence[Activity]) -> Reason | None:
    if rule.when.activity is None:
        times = int(_on_profile(rule.when, profile))
    else:
        times = sum(activity_matches(rule.when, activity) for activity in activities)
        times = min(times, rule.max_times) if rule.max_times is not None else times
    return Reason(rule.id, rule.label, rule.points, times) if times else None


def _on_profile(when: When, profile: Profile) -> bool:
    if when.not_ is not None:
        return not _on_profile(when.not_, profile)
    if when.all is not None or when.any is not None:
        held = [_on_profile(part, profile) for part in when.all or when.any or ()]
        return all(held) if when.all is not None else any(held)
    return attribute_holds(when, profile.attribute(when.attribute or ""))


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def attribute_holds(when: When, value: Any) -> bool:
    """Japanese input is compared folded: ﾌﾞﾁｮｳ is ブチョウ, Ａ is a."""
    values = [
        fold_text(str(item)) for item in (value if isinstance(value, list) else [value]) if item not in (None, "")
    ]
    if when.present is not None:
        return bool(values) == when.present
    if when.at_least is not None or when.less_than is not None:
        numbers = [number for value in values if (number := _number(value)) is not None]
        return any(
            (when.at_least is None or number >= when.at_least) and (when.less_than is None or number < when.less_than)
            for number in numbers
        )
    if when.equals is not None:
        return fold_text(when.equals) in values
    if when.any_of is not None:
        return any(fold_text(wanted) in values for wanted in when.any_of)
    return any(fold_text(when.contains or "") in item for item in values)


def activity_matches(when: When, activity: Activity) -> bool:
    about = activity.about
    return (
        activity.type == when.activity
        and (when.form is None or about.get("form") == when.form)
        and (when.template is None or about.get("template") == when.template)
        and (when.sequence is None or about.get("sequence") == when.sequence)
        and (when.link_contains is None or when.link_contains in str(about.get("link", "")))
    )


def _totals(rules: RuleSet, reasons: Sequence[Reason]) -> Totals:
    by_attribute = {rule.id for rule in rules.rules if rule.when.activity is None}

    def total(attribute: bool, plus: bool) -> int:
        return sum(r.total for r in reasons if (r.rule in by_attribute) == attribute and (r.points > 0) == plus)

    return Totals(total(True, True), total(True, False), total(False, True), total(False, False))


def _phase(rules: RuleSet, totals: Totals, activities: Sequence[Activity]) -> str:
    """The last phase whose condition holds."""
    reached = [phase.id for phase in rules.phases if phase.when is None or _holds(phase.when, totals, activities)]
    return reached[-1]


def _holds(condition: PhaseCondition, totals: Totals, activities: Sequence[Activity]) -> bool:
    wanted = condition.activity
    return (
        (condition.total_at_least is None or totals.total >= condition.total_at_least)
        and (wanted is None or any(activity_matches(wanted, activity) for activity in activities))
        and (condition.any is None or any(_holds(option, totals, activities) for option in condition.any))
    )
