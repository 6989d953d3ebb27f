"""Lint rules of scoring: every rule can apply and has an effect; hot and every phase can be reached."""

import math
from collections.abc import Iterator

from sodate.authoring.lint.context import Context, template_docs
from sodate.authoring.lint.references import written_tests
from sodate.conditions.language import ActivityTest, AllOf, AnyOf, AttributeTest, Condition, ScoreTest
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.scoring.rules import RuleSet, ScoreRule


def links_are_in_some_mail(context: Context) -> Iterator[Problem]:
    bodies = [mail.template.html for mail in context.finished()]
    if len(bodies) < len(template_docs(context)):
        return
    for doc, path, test in written_tests(context):
        link = test.link_contains if isinstance(test, ActivityTest) else None
        if link and not any(link in body for body in bodies):
            message = Message("no template has a link with `{link}`", link=link)
            hint = Message("correct it, or add the link to a mail")
            yield doc.problem((*path, "link_contains"), message, hint, "link-exists", severity="warning")


def rules_have_an_effect(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    if doc is None or doc.model is None:
        return
    for index, rule in enumerate(doc.model.rules):
        path = ("rules", index)
        if rule.points == 0:
            message = Message("rule `{id}` gives 0 points, so it has no effect", id=rule.id)
            yield doc.problem(
                (*path, "points"), message, Message("give it points or remove it"), "no-effect", severity="warning"
            )
        elif rule.max_points is not None and rule.max_points < abs(rule.points):
            message = Message(
                "rule `{id}` gives {points} points but is capped at {max_points}",
                id=rule.id,
                points=rule.points,
                max_points=rule.max_points,
            )
            yield doc.problem((*path, "max_points"), message, Message("raise the cap or lower the points"), "no-effect",
                              severity="warning")  # fmt: skip
        elif rule.per is not None and rule.max_times is not None and rule.per.times > rule.max_times:
            message = Message(
                "rule `{id}` counts {max_times} times ever, so `per` never limits it",
                id=rule.id,
                max_times=rule.max_times,
            )
            yield doc.problem((*path, "per"), message, Message("remove one of them"), "no-effect", severity="warning")


def groups_have_rules(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    if doc is None or doc.model is None:
        return
    for position, group in enumerate(doc.model.groups):
        if not any(rule.group == group.id for rule in doc.model.rules):
            path = ("groups", position)
            message, hint = (
                Message("no rule is in group `{id}`", id=group.id),
                Message("remove it, or name it in a rule"),
            )
            yield doc.problem(path, message, hint, "no-effect", severity="warning")


def categories_have_rules(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    if doc is None or doc.model is None:
        return
    used = {rule.category for rule in doc.model.rules if rule.category}
    for position, category in enumerate(doc.model.categories):
        if category.id not in used:
            message = Message("no rule is in category `{id}`", id=category.id)
            hint = did_you_mean(category.id, used, Message("remove it, or name it in a rule"))
            yield doc.problem(("categories", position, "id"), message, hint, "no-effect", severity="warning")


def rules_do_not_repeat(context: Context) -> Iterator[Problem]:
    """Two rules with the same condition add up silently, or cancel each other with opposite points."""
    doc = context.book.rules
    seen: dict[Condition, ScoreRule] = {}
    for index, rule in enumerate(doc.model.rules if doc and doc.model else ()):
        before = seen.setdefault(rule.when, rule)
        if doc and before is not rule:
            says = (
                Message("cancel each other")
                if before.points * rule.points < 0
                else Message("count the same thing twice")
            )
            message = Message("rules `{rule}` and `{other_rule}` {says}", rule=before.id, other_rule=rule.id, says=says)
            yield doc.problem(
                ("rules", index, "when"), message, Message("make one rule of them"), "same-rule", severity="warning"
            )


def hot_can_be_reached(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    if doc and doc.model and most_points(doc.model) < doc.model.hot.threshold:
        most = most_points(doc.model)
        message = Message("no lead can be hot: the rules give at most {most:g} points", most=most)
        hint = Message("lower the threshold or raise the points")
        yield doc.problem(("hot", "threshold"), message, hint, "hot-reachable", severity="warning")


def most_points(rules: RuleSet) -> float:
    """Unlimited activities count as infinite; of rules that compare one attribute only the best counts."""
    best: dict[str, float] = {}
    grouped: dict[str, float] = {}
    total = 0.0
    for rule in rules.rules:
        if rule.points <= 0:
            continue
        points = rule.points * _times(rule)
        points = min(points, rule.max_points) if rule.max_points is not None else points
        if rule.group is not None:
            grouped[rule.group] = grouped.get(rule.group, 0) + points
        elif isinstance(rule.when, AttributeTest) and rule.when.contains is None and rule.when.present is None:
            best[rule.when.attribute] = max(best.get(rule.when.attribute, 0), points)
        else:
            total += points
    caps = {group.id: group.max_points for group in rules.groups}
    most = total + sum(best.values()) + sum(min(points, caps[name]) for name, points in grouped.items())
    return min(most, rules.ceiling) if rules.ceiling is not None else most


def _times(rule: ScoreRule) -> float:
    if not rule.is_behaviour:
        return 1
    return rule.max_times if rule.max_times is not None else math.inf


def phases_can_be_reached(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    if doc is None or doc.model is None:
        return
    most, phases = most_points(doc.model), doc.model.phases
    for index, phase in enumerate(phases):
        path = ("phases", index, "when")
        needs = _needs(phase.when) if phase.when else -math.inf
        if needs > most:
            message = Message(
                "nobody reaches `{id}`: it needs {needs:g} points, the rules give {most:g}",
                id=phase.id,
                needs=needs,
                most=most,
            )
            yield doc.problem(
                path, message, Message("lower it or raise the points"), "phase-reachable", severity="warning"
            )
        for other in phases[index + 1 :]:
            enough = _enough(other.when)
            if phase.when and enough is not None and enough <= needs:
                message = Message(
                    "nobody stays in `{phase}`: whoever reaches it is in `{later_phase}` at once",
                    phase=phase.id,
                    later_phase=other.id,
                )
                hint = Message("later phases need more points")
                yield doc.problem(path, message, hint, "phase-reachable", severity="warning")
                break


def _needs(condition: Condition) -> float:
    """The lowest total score that can satisfy the condition."""
    if isinstance(condition, AnyOf):
        return min(map(_needs, condition.any))
    if isinstance(condition, AllOf):
        return max(map(_needs, condition.all))
    enough = _enough(condition)
    return enough if enough is not None else -math.inf


def _enough(condition: Condition | None) -> float | None:
    """The total score that alone satisfies the condition; None when it depends on anything else."""
    if isinstance(condition, ScoreTest) and condition.score == "total" and condition.category is None:
        return condition.at_least
    return None


def phases_differ(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    seen: set[str] = set()
    for index, phase in enumerate(doc.model.phases if doc and doc.model else ()):
        if doc and phase.id in seen:
            message = Message("the phase `{id}` is there twice", id=phase.id)
            yield doc.problem(("phases", index, "id"), message, Message("give each its own id"), "phase-twice")
        seen.add(phase.id)


RULES = (
    links_are_in_some_mail,
    rules_have_an_effect,
    groups_have_rules,
    categories_have_rules,
    rules_do_not_repeat,
    hot_can_be_reached,
    phases_can_be_reached,
    phases_differ,
)
