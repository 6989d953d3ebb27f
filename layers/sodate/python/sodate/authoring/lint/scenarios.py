"""Lint rules of scenarios: the graph of the steps, the definitions that they name, and recurrences."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sodate.authoring.lint.context import Context, topics_exist
from sodate.authoring.lint.references import conditions_of_scenario, tests_in, triggers_of
from sodate.authoring.lint.sequences import LAW
from sodate.authoring.loader import Doc
from sodate.conditions.language import ActivityTest, PhaseTest, RankTest, ScoreTest, SegmentTest, StageTest
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Path
from sodate.scenarios.entries import (
    DateEntry,
    Entry,
    FormEntry,
    OptInEntry,
    ScheduleEntry,
)
from sodate.scenarios.graph import faults_of
from sodate.scenarios.recurrence import next_after
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.steps import CallTaskStep, EnrollStep, LeaveStep, SendStep, SignalStep
from sodate.scenarios.triggers import SegmentEntered, SegmentLeft

#: The kind of a definition, the path at which a scenario names it, and its id.
_Named = tuple[str, Path, str]


def _valid(context: Context) -> Iterator[tuple[Doc[Scenario], Scenario]]:
    return ((doc, doc.model) for doc in context.book.scenarios if doc.model)


def everything_in_it_runs(context: Context) -> Iterator[Problem]:
    """What a scenario may say, and this release does not run yet."""
    for doc, scenario in _valid(context):
        for path, what in _not_run(scenario):
            message, hint = Message("this release does not run {what} yet", what=what), Message("leave it out")
            yield doc.problem(path, message, hint, "scenario-not-run")


def _not_run(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    for index, entry in enumerate(scenario.entry):
        head = _WITHOUT_KEY.get(type(entry))
        if head is not None and scenario.key is not None:
            yield ("entry", index, head), Message("entries by `{head}` of a scenario with a key", head=head)


#: Entries that are about no seminar or other value of a key.
_WITHOUT_KEY: dict[type[Entry], str] = {OptInEntry: "opt_in_confirmed", DateEntry: "date", ScheduleEntry: "schedule"}


def scores_need_rules(context: Context) -> Iterator[Problem]:
    """Score, rank, phase, stage and segments are kept with the score, and a signal to sales says it."""
    if context.book.rules is not None:
        return
    for doc, scenario in _valid(context):
        for path in _asks_for_the_score(scenario):
            hint = Message("add rules.yaml; one phase, a threshold and no rules are enough")
            yield doc.problem(path, Message("this needs a score, and there is none"), hint, "scenario-rules")


def _asks_for_the_score(scenario: Scenario) -> Iterator[Path]:
    for index, entry in enumerate(scenario.entry):
        if isinstance(entry, DateEntry):  # planned by the replay of the scores, for the leads that there are
            yield ("entry", index, "date")
    for index, step in enumerate(scenario.steps):
        if isinstance(step, CallTaskStep | SignalStep):
            yield ("steps", index, step.kind)
    for path, condition in conditions_of_scenario(scenario):
        for inside, test in tests_in(path, condition):
            if isinstance(test, ScoreTest | RankTest | PhaseTest | StageTest | SegmentTest):
                yield inside


def ids_differ_from_those_of_sequences(context: Context) -> Iterator[Problem]:
    """Both are stored under one kind."""
    sequences = context.declared("sequences")
    for doc in context.book.scenarios:
        if doc.id in sequences:
            message = Message("there is a sequence `{id}`, too", id=doc.id)
            hint = Message("delete the sequence (people in it finish it), or give the scenario another id")
            yield doc.problem(("id",), message, hint, "duplicate-id")


def steps_form_a_graph_that_ends(context: Context) -> Iterator[Problem]:
    for doc, scenario in _valid(context):
        for fault in faults_of(scenario):
            yield doc.problem(fault.path, fault.message, fault.hint, fault.rule)


def emails_have_the_topic_of_their_template(context: Context) -> Iterator[Problem]:
    for doc, scenario in _valid(context):
        for index, step in enumerate(scenario.steps):
            template = context.templates.get(step.send) if isinstance(step, SendStep) else None
            if template is None or not isinstance(step, SendStep):
                continue
            path, topic = ("steps", index, "send"), step.topic or scenario.topic
            if not topics_exist(context, template.topic, topic):
                continue
            if template.purpose != "marketing":
                message = Message(
                    "`{send}` is a transactional email; a scenario needs `purpose: marketing` and a topic",
                    send=step.send,
                )
                yield doc.problem(path, message, Message("use a marketing template"), "step-marketing", source=LAW)
            elif template.topic != topic:
                message = Message(
                    "`{send}` has topic `{topic}`, the step `{step_topic}`",
                    send=step.send,
                    topic=template.topic,
                    step_topic=topic,
                )
                yield doc.problem(path, message, Message("make the topics equal"), "same-topic", source=LAW)


def named_definitions_exist(context: Context) -> Iterator[Problem]:
    known = _known(context)
    for doc, scenario in _valid(context):
        for kind, path, name in (each for names in _NAMED_BY for each in names(scenario)):
            if kind in known and name not in known[kind]:
                hint = did_you_mean(name, known[kind], Message("add it, or write another"))
                yield doc.problem(
                    path, Message("there is no {kind} `{name}`", kind=kind, name=name), hint, f"{kind}-exists"
                )


def _known(context: Context) -> dict[str, set[str]]:
    """Kind → ids; without a kind whose file has problems of its own."""
    known = {"template": context.declared("templates"), "form": context.declared("forms")}
    known["scenario"] = context.declared("scenarios") | context.declared("sequences")
    segments = context.book.segments
    if segments is None or segments.model is not None:
        known["segment"] = {segment.id for segment in segments.model.segments} if segments and segments.model else set()
    if context.topics is not None:
        known["topic"] = context.topics
    return known


def _named_by_steps(scenario: Scenario) -> Iterator[_Named]:
    for index, step in enumerate(scenario.steps):
        match step:
            case SendStep():
                yield "template", ("steps", index, "send"), step.send
                if step.topic is not None:
                    yield "topic", ("steps", index, "topic"), step.topic
            case EnrollStep():
                yield "scenario", ("steps", index, "enroll"), step.enroll
            case LeaveStep():
                yield "scenario", ("steps", index, "leave"), step.leave


def _named_by_entries(scenario: Scenario) -> Iterator[_Named]:
    for index, entry in enumerate(scenario.entry):
        match entry:
            case FormEntry():
                yield "form", ("entry", index, "form"), entry.form
            case OptInEntry():
                for number, form in enumerate(entry.opt_in_confirmed):
                    yield "form", ("entry", index, "opt_in_confirmed", number), form
            case ScheduleEntry():
                yield "segment", ("entry", index, "segment"), entry.segment


def _named_by_triggers(scenario: Scenario) -> Iterator[_Named]:
    """Segments; activities are checked with every condition (`references`)."""
    for path, trigger in triggers_of(scenario):
        match trigger:
            case SegmentEntered():
                yield "segment", (*path, "segment_entered"), trigger.segment_entered
            case SegmentLeft():
                yield "segment", (*path, "segment_left"), trigger.segment_left


_NAMED_BY = (_named_by_steps, _named_by_entries, _named_by_triggers)


def same_key_needs_a_key(context: Context) -> Iterator[Problem]:
    for doc, scenario in _valid(context):
        conditions = (tests_in(path, condition) for path, condition in conditions_of_scenario(scenario))
        for path, test in (*triggers_of(scenario), *(each for inside in conditions for each in inside)):
            if scenario.key is None and isinstance(test, ActivityTest) and test.same_key is not None:
                hint = Message("write `key: {same_key}` at the top of the file", same_key=test.same_key)
                yield doc.problem((*path, "same_key"), Message("the scenario has no `key`"), hint, "same-key")


def recurrences_happen(context: Context) -> Iterator[Problem]:
    """With the holidays and closing days, which the recurrence itself does not know."""
    closing = context.mailing.closing_days if context.mailing else ()
    for doc, scenario in _valid(context):
        if not _has_holidays(scenario.calendar):
            message, hint = (
                Message("the holidays of `{calendar}` are not known", calendar=scenario.calendar),
                Message("write a country code such as `JP`"),
            )
            yield doc.problem(("calendar",), message, hint, "calendar")
            continue
        for index, entry in enumerate(scenario.entry):
            if not isinstance(entry, ScheduleEntry):
                continue
            before = datetime.combine(entry.schedule.starting, time.min, UTC) - timedelta(days=60)
            if next_after(entry.schedule, before, ZoneInfo(scenario.time_zone), scenario.calendar, closing) is None:
                message, hint = (
                    Message("with these holidays, it never happens"),
                    Message("change `on_holiday` or the days"),
                )
                yield doc.problem(("entry", index, "schedule"), message, hint, "recurrence-happens")


def _has_holidays(calendar: str) -> bool:
    from holidays import list_supported_countries

    return calendar in list_supported_countries()


RULES = (
    everything_in_it_runs,
    scores_need_rules,
    ids_differ_from_those_of_sequences,
    steps_form_a_graph_that_ends,
    emails_have_the_topic_of_their_template,
    named_definitions_exist,
    same_key_needs_a_key,
    recurrences_happen,
)
