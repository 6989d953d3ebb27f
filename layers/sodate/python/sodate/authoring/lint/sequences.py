"""Lint rules of sequences: one topic from consent to template, steps in chronological order."""

from collections.abc import Iterator
from zoneinfo import available_timezones

from sodate.authoring.lint.context import Context, topics_exist
from sodate.leads.time_zone import known_time_zone
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.scenarios.sequence import Sequence, Step

LAW = "特定電子メール法 3条 (mail only what was agreed to)"


def templates_have_the_topic_of_the_sequence(context: Context) -> Iterator[Problem]:
    for doc in context.book.sequences:
        for index, step in enumerate(doc.model.steps if doc.model else ()):
            template = context.templates.get(step.template)
            if template is None or doc.model is None or not topics_exist(context, template.topic, doc.model.topic):
                continue
            path = ("steps", index, "template")
            if template.purpose != "marketing":
                message = Message(
                    "`{template}` is a transactional email; step mail needs `purpose: marketing` and a topic",
                    template=step.template,
                )
                yield doc.problem(path, message, Message("use a marketing template"), "step-marketing", source=LAW)
            elif template.topic != doc.model.topic:
                message = Message(
                    "`{template}` has topic `{topic}`, the sequence `{sequence_topic}`",
                    template=step.template,
                    topic=template.topic,
                    sequence_topic=doc.model.topic,
                )
                yield doc.problem(path, message, Message("make the topics equal"), "same-topic", source=LAW)


def has_a_start(context: Context) -> Iterator[Problem]:
    """A sequence starts with a confirmed opt-in to its topic, so some form of its `start` must ask for it."""
    for doc in context.book.sequences:
        if doc.model is None:
            continue
        wanted = doc.model.start.forms or tuple(context.forms)
        known = [context.forms[form] for form in wanted if form in context.forms]
        if not topics_exist(context, doc.model.topic):
            continue
        if len(known) == len(wanted) and not any(f.consent and doc.model.topic in f.consent.topics for f in known):
            message = Message(
                "no form that starts it asks for the topic `{topic}`, so nobody ever enters", topic=doc.model.topic
            )
            hint = Message("add the topic to `consent.topics` of the form")
            path = ("start", "forms") if doc.model.start.forms else ("topic",)
            yield doc.problem(path, message, hint, "sequence-starts", severity="warning")


def steps_follow_in_time(context: Context) -> Iterator[Problem]:
    for doc in context.book.sequences:
        steps = doc.model.steps if doc.model else ()
        for index in range(1, len(steps)):
            before, here = steps[index - 1], steps[index]
            exact = _unit(before) == _unit(here)
            if _hours(here) < _hours(before):
                message = Message(
                    "`{step}` comes before `{step_before}`, which stands above it", step=here.id, step_before=before.id
                )
                hint = Message("order the steps by their delay")
                yield doc.problem(
                    ("steps", index, "delay"), message, hint, "step-order", severity="error" if exact else "warning"
                )
            elif exact and _hours(here) == _hours(before):
                message = Message(
                    "`{step}` is sent at the same time as `{step_before}`", step=here.id, step_before=before.id
                )
                hint = Message("give it a later delay")
                yield doc.problem(("steps", index, "delay"), message, hint, "step-order", severity="warning")


def _unit(step: Step) -> str:
    return next(unit for unit in ("days", "hours", "business_days") if getattr(step.delay, unit) is not None)


def _hours(step: Step) -> float:
    """For ordering only: five business days count as a week."""
    delay = step.delay
    if delay.hours is not None:
        return float(delay.hours)
    days = delay.days if delay.days is not None else (delay.business_days or 0) * 7 / 5
    hour, minute = (int(part) for part in (step.at or "00:00").split(":"))
    return days * 24 + hour + minute / 60


def calendars_are_known(context: Context) -> Iterator[Problem]:
    from holidays import list_supported_countries

    known = list_supported_countries()
    for doc in context.book.sequences:
        if doc.model and _needs_calendar(doc.model) and doc.model.calendar not in known:
            message = Message("the holidays of `{calendar}` are not known", calendar=doc.model.calendar)
            yield doc.problem(("calendar",), message, Message("write a country code such as `JP`"), "calendar")


def _needs_calendar(sequence: Sequence) -> bool:
    return any(step.delay.business_days is not None for step in sequence.steps)


def sender_time_zone_is_known(context: Context) -> Iterator[Problem]:
    doc = context.book.mailing
    name = doc.model.sender.time_zone if doc and doc.model else "UTC"
    if doc and not known_time_zone(name):
        hint = did_you_mean(name, available_timezones(), "") if "/" in name else ""
        hint = hint or Message("write an IANA name such as `Asia/Tokyo`")
        yield doc.problem(("sender", "time_zone"), Message("unknown time zone `{name}`", name=name), hint, "time-zone")


def topics_differ(context: Context) -> Iterator[Problem]:
    doc = context.book.mailing
    seen: set[str] = set()
    for index, topic in enumerate(doc.model.topics if doc and doc.model else ()):
        if doc and topic.id in seen:
            yield doc.problem(
                ("topics", index, "id"),
                Message("the topic `{id}` is there twice", id=topic.id),
                Message("keep one"),
                "topic-twice",
            )
        seen.add(topic.id)


RULES = (
    templates_have_the_topic_of_the_sequence,
    has_a_start,
    steps_follow_in_time,
    calendars_are_known,
    sender_time_zone_is_known,
    topics_differ,
)
