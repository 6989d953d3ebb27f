"""Scoring: every rule can fire, hot can be reached, and so can every phase."""

import math
from collections.abc import Iterator

from sodate.forms.definition import FormField
from sodate.playbook.problem import Problem, did_you_mean
from sodate.scoring.fold import attribute_holds
from sodate.scoring.rules import PhaseCondition, RuleSet, ScoreRule, When

from sodate_cli.playbook.lint.context import Context
from sodate_cli.playbook.lint.references import written_conditions


def attributes_are_collected(context: Context) -> Iterator[Problem]:
    doc = context.book.rules if context.all_forms_are_valid else None
    for path, when in written_conditions(context):
        if doc and when.attribute and when.attribute not in context.form_fields:
            message = f"no form fills `{when.attribute}`, so this never holds"
            hint = did_you_mean(when.attribute, context.form_fields, "add `maps_to` to a form field")
            yield doc.problem((*path, "attribute"), message, hint, "attribute-collected", severity="warning")


def values_are_offered(context: Context) -> Iterator[Problem]:
    """An attribute filled only by choice fields has the values of their choices and no other."""
    doc = context.book.rules if context.all_forms_are_valid else None
    for path, when in written_conditions(context):
        offered = _offered([field for _, field in context.form_fields.get(when.attribute or "", [])])
        if doc is None or offered is None:
            continue
        for key, value, test in _tests(when):
            if not any(attribute_holds(test, choice) for choice in offered):
                message = f"no form offers `{value}` for {when.attribute}, so this never holds"
                yield doc.problem((*path, key), message, did_you_mean(value, offered), "value-offered")


def _offered(fields: list[FormField]) -> set[str] | None:
    if not fields or not all(field.choices for field in fields):
        return None
    return {choice.value for field in fields for choice in field.choices}


def _tests(when: When) -> Iterator[tuple[str, str, When]]:
    if when.equals is not None:
        yield "equals", when.equals, when
    if when.contains is not None:
        yield "contains", when.contains, when
    for value in when.any_of or ():
        yield "any_of", value, When(attribute=when.attribute, equals=value)


def links_are_in_some_mail(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    bodies = [mail.template.html for mail in context.finished()]
    if doc is None or len(bodies) < len(context.book.templates):
        return
    for path, when in written_conditions(context):
        if when.link_contains and not any(when.link_contains in body for body in bodies):
            message = f"no template has a link with `{when.link_contains}`"
            hint = "correct it, or add the link to a mail"
            yield doc.problem((*path, "link_contains"), message, hint, "link-exists", severity="warning")


def hot_can_be_reached(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    if doc and doc.model and most_points(doc.model) < doc.model.hot.threshold:
        most = most_points(doc.model)
        message = f"no lead can be hot: the rules give at most {most:g} points"
        hint = "lower the threshold or raise the points"
        yield doc.problem(("hot", "threshold"), message, hint, "hot-reachable", severity="warning")


def most_points(rules: RuleSet) -> float:
    """Unlimited activities count as infinite; of rules that compare one attribute only the best counts."""
    best: dict[str, int] = {}
    total = 0.0
    for rule in rules.rules:
        if rule.points <= 0:
            continue
        if rule.when.attribute and (rule.when.equals is not None or rule.when.any_of is not None):
            best[rule.when.attribute] = max(best.get(rule.when.attribute, 0), rule.points)
        else:
            total += rule.points * _times(rule)
    return total + sum(best.values())


def _times(rule: ScoreRule) -> float:
    if rule.when.attribute:
        return 1
    return rule.max_times if rule.max_times is not None else math.inf


def phases_can_be_reached(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    if doc is None or doc.model is None:
        return
    most, phases = most_points(doc.model), doc.model.phases
    for index, phase in enumerate(phases):
        path = ("phases", index, "when")
        if phase.when and _needs(phase.when) > most:
            message = f"nobody reaches `{phase.id}`: it needs {_needs(phase.when):g} points, the rules give {most:g}"
            yield doc.problem(path, message, "lower it or raise the points", "phase-reachable", severity="warning")
        later = [p for p in phases[index + 1 :] if p.when and phase.when and _only_total(p.when)]
        for other in later:
            if phase.when and other.when and (other.when.total_at_least or 0) <= _needs(phase.when):
                message = f"nobody stays in `{phase.id}`: whoever reaches it is in `{other.id}` at once"
                hint = "later phases need more points"
                yield doc.problem(path, message, hint, "phase-reachable", severity="warning")
                break


def _needs(condition: PhaseCondition) -> float:
    """The fewest points that can satisfy it."""
    here = float(condition.total_at_least if condition.total_at_least is not None else -math.inf)
    options = [_needs(option) for option in condition.any or ()]
    return max(here, min(options)) if options else here


def _only_total(condition: PhaseCondition) -> bool:
    return condition.total_at_least is not None and condition.activity is None and not condition.any


def phases_look_at_activities(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    for path, when in written_conditions(context):
        if doc and path[0] == "phases" and when.attribute:
            message = "a phase looks at points and activities, not at attributes"
            hint = "give the attribute points and use `total_at_least`"
            yield doc.problem((*path, "attribute"), message, hint, "phase-activity")


def phases_differ(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    seen: set[str] = set()
    for index, phase in enumerate(doc.model.phases if doc and doc.model else ()):
        if doc and phase.id in seen:
            message = f"the phase `{phase.id}` is there twice"
            yield doc.problem(("phases", index, "id"), message, "give each its own id", "phase-twice")
        seen.add(phase.id)


RULES = (
    attributes_are_collected,
    values_are_offered,
    links_are_in_some_mail,
    hot_can_be_reached,
    phases_can_be_reached,
    phases_look_at_activities,
    phases_differ,
)
