"""A definition that another file refers to must exist."""

from collections.abc import Iterator
from typing import Any

from sodate.authoring.lint.context import Context
from sodate.authoring.loader import Doc
from sodate.conditions.language import (
    ActivityTest,
    AllOf,
    AnyOf,
    Condition,
    ConsentTest,
    Not,
    PhaseTest,
    ScoreTest,
    SegmentTest,
    Test,
    parts,
)
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Path
from sodate.scenarios.crossings import crossed
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.steps import BranchStep, SplitStep, WaitForStep
from sodate.scenarios.triggers import Trigger
from sodate.scoring.rules import RuleSet

#: Filter of an activity → lists of the playbook that have what it names.
_KINDS = {"form": ("forms",), "template": ("templates",), "sequence": ("sequences", "scenarios")}


def form_topics_exist(context: Context) -> Iterator[Problem]:
    if context.topics is None:
        return
    for doc in context.book.forms:
        consent = doc.model.consent if doc.model else None
        for index, topic in enumerate(consent.topics if consent else ()):
            if topic not in context.topics:
                path: Path = ("consent", "topics", index)
                hint = did_you_mean(topic, context.topics)
                yield doc.problem(
                    path, Message("there is no topic `{topic}` in playbook.yaml", topic=topic), hint, "topic-exists"
                )


def topics_exist(context: Context) -> Iterator[Problem]:
    if context.topics is None:
        return
    book = context.book
    docs: list[Doc[Any]] = [*book.templates, *book.sequences, *book.scenarios, *book.broadcasts]
    for doc in docs:
        topic = doc.model.topic if doc.model else None
        if topic and topic not in context.topics:
            hint = did_you_mean(topic, context.topics)
            yield doc.problem(
                ("topic",), Message("there is no topic `{topic}` in playbook.yaml", topic=topic), hint, "topic-exists"
            )


def consent_template_exists(context: Context) -> Iterator[Problem]:
    known = context.declared("templates")
    for doc in context.book.forms:
        wanted = doc.model.consent.template if doc.model and doc.model.consent else None
        if wanted and wanted not in known:
            message, hint = (
                Message("there is no template `{wanted}`", wanted=wanted),
                did_you_mean(wanted, known, Message("add it to templates/")),
            )
            yield doc.problem(("consent", "template"), message, hint, "template-exists")


def step_templates_exist(context: Context) -> Iterator[Problem]:
    known = context.declared("templates")
    for doc in context.book.sequences:
        for index, step in enumerate(doc.model.steps if doc.model else ()):
            if step.template not in known:
                hint = did_you_mean(step.template, known, Message("add it to templates/"))
                message = Message("there is no template `{template}`", template=step.template)
                yield doc.problem(("steps", index, "template"), message, hint, "template-exists")


def start_forms_exist(context: Context) -> Iterator[Problem]:
    known = context.declared("forms")
    for doc in context.book.sequences:
        for index, form in enumerate(doc.model.start.forms if doc.model else ()):
            if form not in known:
                hint = did_you_mean(form, known, Message("add it to forms/"))
                yield doc.problem(
                    ("start", "forms", index), Message("there is no form `{form}`", form=form), hint, "form-exists"
                )


def conditions_refer_to_what_exists(context: Context) -> Iterator[Problem]:
    for doc, path, test in written_tests(context):
        for key, kinds in _KINDS.items() if isinstance(test, ActivityTest) else ():
            name = getattr(test, key)
            known = {each for kind in kinds for each in context.declared(kind)}
            if name and name not in known:
                hint = did_you_mean(name, known, Message("add it to {kinds}/", kinds=kinds[0]))
                yield doc.problem(
                    (*path, key), Message("there is no {key} `{name}`", key=key, name=name), hint, f"{key}-exists"
                )


def conditions_ask_for_segments_that_exist(context: Context) -> Iterator[Problem]:
    segments = context.book.segments
    if segments is not None and segments.model is None:
        return  # its own problems come first
    known = {segment.id for segment in segments.model.segments} if segments and segments.model else set[str]()
    for doc, path, test in written_tests(context):
        if isinstance(test, SegmentTest) and test.segment not in known:
            hint = did_you_mean(test.segment, known, Message("add it to segments.yaml"))
            yield doc.problem(
                (*path, "segment"),
                Message("there is no segment `{segment}`", segment=test.segment),
                hint,
                "segment-exists",
            )


def conditions_ask_for_topics_that_exist(context: Context) -> Iterator[Problem]:
    for doc, path, test in written_tests(context):
        if isinstance(test, ConsentTest) and context.topics is not None and test.consent not in context.topics:
            hint = did_you_mean(test.consent, context.topics, Message("add it to `topics` in playbook.yaml"))
            yield doc.problem(
                (*path, "consent"), Message("there is no topic `{consent}`", consent=test.consent), hint, "topic-exists"
            )


def conditions_ask_for_phases_that_exist(context: Context) -> Iterator[Problem]:
    rules = context.book.rules.model if context.book.rules else None
    known = {phase.id for phase in rules.phases} if rules else set[str]()
    for doc, path, test in written_tests(context):
        for index, phase in enumerate(test.phase if isinstance(test, PhaseTest) else ()):
            if phase not in known and (rules is not None or context.book.rules is None):
                hint = did_you_mean(phase, known, Message("add it to `phases` in rules.yaml"))
                yield doc.problem(
                    (*path, "phase", index), Message("there is no phase `{phase}`", phase=phase), hint, "phase-exists"
                )


def conditions_ask_for_categories_that_exist(context: Context) -> Iterator[Problem]:
    rules = context.book.rules.model if context.book.rules else None
    known = {rule.category for rule in rules.rules if rule.category} if rules else set[str]()
    for doc, path, test in written_tests(context):
        category = test.category if isinstance(test, ScoreTest) else None
        if category is not None and category not in known and (rules is not None or context.book.rules is None):
            hint = did_you_mean(category, known, Message("give it to a rule in rules.yaml"))
            message = Message(
                "no rule gives points in the category `{category}`, so its score is always 0", category=category
            )
            yield doc.problem((*path, "category"), message, hint, "category-exists")


def written_tests(context: Context) -> Iterator[tuple[Doc[Any], Path, Test]]:
    """Every predicate of the playbook's conditions with its file and path, however nested; and what triggers,
    experiments, and entries by score, rank or phase ask for, which the same rules hold for.
    """
    for doc, path, condition in written_conditions(context):
        for inside, test in tests_in(path, condition):
            yield doc, inside, test
    for doc in context.book.scenarios:
        for path, test in _tests_of_scenario(doc.model) if doc.model else ():
            yield doc, path, test
    for doc in context.book.broadcasts:
        experiment = doc.model.experiment if doc.model else None
        if experiment is not None and experiment.conversion is not None:
            yield doc, ("experiment", "conversion"), experiment.conversion
    yield from _tests_of_campaigns(context)


def _tests_of_campaigns(context: Context) -> Iterator[tuple[Doc[Any], Path, Test]]:
    for doc in context.book.campaigns:
        if doc.model is not None and doc.model.conversion is not None:
            yield doc, ("conversion",), doc.model.conversion
        for index, test in enumerate(doc.model.sources.activities if doc.model else ()):
            yield doc, ("sources", "activities", index), test
    attribution = context.book.attribution
    for index, upload in enumerate(attribution.model.uploads if attribution and attribution.model else ()):
        if attribution is not None:
            yield attribution, ("uploads", index, "on"), upload.on


def _tests_of_scenario(scenario: Scenario) -> Iterator[tuple[Path, Test]]:
    for path, trigger in triggers_of(scenario):
        if isinstance(trigger, ActivityTest):
            yield path, trigger
    for index, entry in enumerate(scenario.entry):
        if (crossing := crossed(entry)) is not None:
            yield from tests_in(("entry", index), crossing)
    for index, step in enumerate(scenario.steps):
        if isinstance(step, SplitStep) and step.experiment is not None and step.experiment.conversion is not None:
            yield ("steps", index, "experiment", "conversion"), step.experiment.conversion


def triggers_of(scenario: Scenario) -> Iterator[tuple[Path, Trigger]]:
    for key, named in (("entry", scenario.entry), ("goals", scenario.goals), ("exits", scenario.exits)):
        for index, part in enumerate(named):
            if (trigger := getattr(part, "on", None)) is not None:
                yield (key, index, "on"), trigger
    for index, step in enumerate(scenario.steps):
        if isinstance(step, WaitForStep):
            yield ("steps", index, "wait_for"), step.wait_for


def written_conditions(context: Context) -> Iterator[tuple[Doc[Any], Path, Condition]]:
    """Every condition of rules.yaml, segments.yaml and the scenarios, with its file and path."""
    rules, segments = context.book.rules, context.book.segments
    if rules is not None and rules.model is not None:
        for path, condition in _of_rules(rules.model):
            yield rules, path, condition
    if segments is not None and segments.model is not None:
        for index, segment in enumerate(segments.model.segments):
            if segment.when is not None:
                yield segments, ("segments", index, "when"), segment.when
    for doc in context.book.scenarios:
        for path, condition in conditions_of_scenario(doc.model) if doc.model else ():
            yield doc, path, condition


def conditions_of_scenario(scenario: Scenario) -> Iterator[tuple[Path, Condition]]:
    for key, entries in (("entry", scenario.entry), ("goals", scenario.goals), ("exits", scenario.exits)):
        for index, entry in enumerate(entries):
            if entry.when is not None:
                yield (key, index, "when"), entry.when
    for index, step in enumerate(scenario.steps):
        for number, case in enumerate(step.branch if isinstance(step, BranchStep) else ()):
            yield ("steps", index, "branch", number, "when"), case.when


def _of_rules(rules: RuleSet) -> Iterator[tuple[Path, Condition]]:
    for index, rule in enumerate(rules.rules):
        yield ("rules", index, "when"), rule.when
    if rules.hot.needs:
        yield ("hot", "needs"), rules.hot.needs
    for index, phase in enumerate(rules.phases):
        for key in ("when", "falls_back_when"):
            condition = getattr(phase, key)
            if condition:
                yield ("phases", index, key), condition


def tests_in(path: Path, condition: Condition) -> Iterator[tuple[Path, Test]]:
    if isinstance(condition, Not):
        yield from tests_in((*path, "not"), condition.not_)
    elif isinstance(condition, AllOf | AnyOf):
        key = "all" if isinstance(condition, AllOf) else "any"
        for index, part in parts(condition):
            yield from tests_in((*path, key, index), part)
    else:
        yield path, condition


RULES = (
    form_topics_exist,
    topics_exist,
    consent_template_exists,
    step_templates_exist,
    start_forms_exist,
    conditions_refer_to_what_exists,
    conditions_ask_for_segments_that_exist,
    conditions_ask_for_topics_that_exist,
    conditions_ask_for_phases_that_exist,
    conditions_ask_for_categories_that_exist,
)
