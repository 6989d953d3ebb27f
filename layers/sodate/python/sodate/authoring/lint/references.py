"""A definition that another file refers to must exist."""

from collections.abc import Iterator
from typing import Any

from sodate.authoring.lint.context import Context
from sodate.authoring.loader import Doc
from sodate.conditions.language import ActivityTest, AllOf, AnyOf, Condition, Not, Test, parts
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Path

_KINDS = {"form": "forms", "template": "templates", "sequence": "sequences"}


def form_topics_exist(context: Context) -> Iterator[Problem]:
    if context.topics is None:
        return
    for doc in context.book.forms:
        consent = doc.model.consent if doc.model else None
        for index, topic in enumerate(consent.topics if consent else ()):
            if topic not in context.topics:
                path: Path = ("consent", "topics", index)
                hint = did_you_mean(topic, context.topics)
                yield doc.problem(path, f"there is no topic `{topic}` in playbook.yaml", hint, "topic-exists")


def topics_exist(context: Context) -> Iterator[Problem]:
    if context.topics is None:
        return
    docs: list[Doc[Any]] = [*context.book.templates, *context.book.sequences]
    for doc in docs:
        topic = doc.model.topic if doc.model else None
        if topic and topic not in context.topics:
            hint = did_you_mean(topic, context.topics)
            yield doc.problem(("topic",), f"there is no topic `{topic}` in playbook.yaml", hint, "topic-exists")


def consent_template_exists(context: Context) -> Iterator[Problem]:
    known = context.declared("templates")
    for doc in context.book.forms:
        wanted = doc.model.consent.template if doc.model and doc.model.consent else None
        if wanted and wanted not in known:
            message, hint = f"there is no template `{wanted}`", did_you_mean(wanted, known, "add it to templates/")
            yield doc.problem(("consent", "template"), message, hint, "template-exists")


def step_templates_exist(context: Context) -> Iterator[Problem]:
    known = context.declared("templates")
    for doc in context.book.sequences:
        for index, step in enumerate(doc.model.steps if doc.model else ()):
            if step.template not in known:
                hint = did_you_mean(step.template, known, "add it to templates/")
                message = f"there is no template `{step.template}`"
                yield doc.problem(("steps", index, "template"), message, hint, "template-exists")


def start_forms_exist(context: Context) -> Iterator[Problem]:
    known = context.declared("forms")
    for doc in context.book.sequences:
        for index, form in enumerate(doc.model.start.forms if doc.model else ()):
            if form not in known:
                hint = did_you_mean(form, known, "add it to forms/")
                yield doc.problem(("start", "forms", index), f"there is no form `{form}`", hint, "form-exists")


def rules_refer_to_what_exists(context: Context) -> Iterator[Problem]:
    doc = context.book.rules
    if doc is None or doc.model is None:
        return
    for path, test in written_tests(context):
        for key, kind in _KINDS.items() if isinstance(test, ActivityTest) else ():
            name = getattr(test, key)
            known = context.declared(kind)
            if name and name not in known:
                hint = did_you_mean(name, known, f"add it to {kind}/")
                yield doc.problem((*path, key), f"there is no {key} `{name}`", hint, f"{key}-exists")


def written_tests(context: Context) -> Iterator[tuple[Path, Test]]:
    """Every predicate of the rule set's conditions with its path, at any depth."""
    for path, condition in written_conditions(context):
        yield from _tests_in(path, condition)


def written_conditions(context: Context) -> Iterator[tuple[Path, Condition]]:
    doc = context.book.rules
    if doc is None or doc.model is None:
        return
    for index, rule in enumerate(doc.model.rules):
        yield ("rules", index, "when"), rule.when
    if doc.model.hot.needs:
        yield ("hot", "needs"), doc.model.hot.needs
    for index, phase in enumerate(doc.model.phases):
        for key in ("when", "falls_back_when"):
            condition = getattr(phase, key)
            if condition:
                yield ("phases", index, key), condition


def _tests_in(path: Path, condition: Condition) -> Iterator[tuple[Path, Test]]:
    if isinstance(condition, Not):
        yield from _tests_in((*path, "not"), condition.not_)
    elif isinstance(condition, AllOf | AnyOf):
        key = "all" if isinstance(condition, AllOf) else "any"
        for index, part in parts(condition):
            yield from _tests_in((*path, key, index), part)
    else:
        yield path, condition


RULES = (
    form_topics_exist,
    topics_exist,
    consent_template_exists,
    step_templates_exist,
    start_forms_exist,
    rules_refer_to_what_exists,
)
