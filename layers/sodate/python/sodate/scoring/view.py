"""The score view: points per rule at one moment, and the totals that they add up to. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from sodate.conditions.language import ScoreTest
from sodate.leads.lead import Totals
from sodate.scoring.compiled_rules import CompiledRules
from sodate.scoring.rules import RuleSet
from sodate.scoring.score_state import ScoreState


@dataclass(frozen=True)
class Line:
    """Points of one rule (by number). `before_caps`: its points without the cap of its group."""

    rule: int
    points: int
    before_caps: int
    times: int


@dataclass(frozen=True)
class View:
    """Points per rule and their totals, as of one minute."""

    lines: tuple[Line, ...]
    by_category: dict[str, Totals]
    overall: Totals
    total: int
    """The sum of `overall`, clamped to the floor and the ceiling."""


def view_of(compiled: CompiledRules, score_state: ScoreState, minute: int) -> View:
    lines = _lines(compiled, score_state, minute)
    overall, categories = [0, 0, 0, 0], dict[str, list[int]]()
    for line in lines:
        rule = compiled.rules.rules[line.rule]
        kind = (2 if line.rule in compiled.behaviour else 0) + (rule.points < 0)
        overall[kind] += line.points
        if rule.category is not None:
            categories.setdefault(rule.category, [0, 0, 0, 0])[kind] += line.points
    overall[2] += score_state.adjusted_plus
    overall[3] += score_state.adjusted_minus
    by_category = {name: Totals(*values) for name, values in categories.items()}
    return View(tuple(lines), by_category, Totals(*overall), clamped(compiled.rules, sum(overall)))


def _lines(compiled: CompiledRules, score_state: ScoreState, minute: int) -> list[Line]:
    left = dict(compiled.group_caps)
    lines = []
    for number in sorted([*score_state.matching_rules, *score_state.rule_states]):
        rule, rule_state = compiled.rules.rules[number], score_state.rule_states.get(number)
        points = compiled.behaviour[number].worth(rule_state, minute) if rule_state is not None else rule.points
        given = points
        if rule.group is not None:
            given = max(-left[rule.group], min(points, left[rule.group]))
            left[rule.group] -= abs(given)
        if points or rule_state is None or rule_state.times:
            lines.append(Line(number, given, points, rule_state.times if rule_state is not None else 1))
    return lines


def sums_of(compiled: CompiledRules, score_state: ScoreState, minute: int) -> tuple[int, int]:
    """Attribute and behaviour totals, as `view_of` gives them, without its lines (hot path)."""
    if compiled.group_caps:
        overall = view_of(compiled, score_state, minute).overall
        return overall.attribute_plus + overall.attribute_minus, overall.behaviour_plus + overall.behaviour_minus
    rules, behaviour_rules = compiled.rules.rules, compiled.behaviour
    attributes = 0
    for number in score_state.matching_rules:
        attributes += rules[number].points
    behaviour = score_state.adjusted_plus + score_state.adjusted_minus
    for number, rule_state in score_state.rule_states.items():
        behaviour += behaviour_rules[number].worth(rule_state, minute)
    return attributes, behaviour


def clamped(rules: RuleSet, total: int) -> int:
    """The total within the rule set's floor and ceiling."""
    if rules.floor is not None and total < rules.floor:
        return rules.floor
    return rules.ceiling if rules.ceiling is not None and total > rules.ceiling else total


def total_of(view: View) -> int:
    return view.total


def behaviour_of(view: View) -> int:
    return view.overall.behaviour_plus + view.overall.behaviour_minus


def reader_of(test: ScoreTest) -> Callable[[View], int]:
    def read(view: View) -> int:
        if test.category is None and test.score == "total":
            return view.total
        totals = view.overall if test.category is None else view.by_category.get(test.category, Totals())
        return {
            "total": totals.total,
            "attribute": totals.attribute_plus + totals.attribute_minus,
            "behaviour": totals.behaviour_plus + totals.behaviour_minus,
            "attribute_plus": totals.attribute_plus,
            "attribute_minus": totals.attribute_minus,
            "behaviour_plus": totals.behaviour_plus,
            "behaviour_minus": totals.behaviour_minus,
        }[test.score]

    return read
