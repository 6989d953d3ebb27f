"""Lint rules of broadcasts: what they name exists, the template has their topic, the schedule happens."""

from collections.abc import Iterator
from datetime import UTC, datetime, time

from sodate.authoring.lint.context import Context, scheduling, topics_exist
from sodate.authoring.lint.sequences import LAW
from sodate.authoring.loader import Doc
from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.schedule import next_local
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Path


def _valid(context: Context) -> Iterator[tuple[Doc[Broadcast], Broadcast]]:
    return ((doc, doc.model) for doc in context.book.broadcasts if doc.model)


def templates_exist_and_have_the_topic_of_the_broadcast(context: Context) -> Iterator[Problem]:
    known = context.declared("templates")
    for doc, broadcast in _valid(context):
        template, path = context.templates.get(broadcast.template), ("template",)
        if broadcast.template not in known:
            hint = did_you_mean(broadcast.template, known, Message("add it to templates/"))
            yield doc.problem(
                path, Message("there is no template `{template}`", template=broadcast.template), hint, "template-exists"
            )
        elif template is not None and template.purpose != "marketing":
            message = Message(
                "`{id}` is a transactional email; a broadcast needs `purpose: marketing` and a topic", id=template.id
            )
            yield doc.problem(path, message, Message("use a marketing template"), "broadcast-marketing", source=LAW)
        elif template is not None and template.topic != broadcast.topic:
            if not topics_exist(context, template.topic, broadcast.topic):
                continue
            message = Message(
                "`{template}` has topic `{topic}`, the broadcast `{broadcast_topic}`",
                template=template.id,
                topic=template.topic,
                broadcast_topic=broadcast.topic,
            )
            yield doc.problem(path, message, Message("make the topics equal"), "same-topic", source=LAW)


def segments_exist(context: Context) -> Iterator[Problem]:
    segments = context.book.segments
    if segments is not None and segments.model is None:
        return  # its own problems come first
    known = {segment.id for segment in segments.model.segments} if segments and segments.model else set[str]()
    for doc, broadcast in _valid(context):
        named: list[tuple[Path, str]] = [(("segment",), broadcast.segment)]
        named += [(("exclude", index), segment) for index, segment in enumerate(broadcast.exclude)]
        for path, segment in named:
            if segment not in known:
                hint = did_you_mean(segment, known, Message("add it to segments.yaml"))
                yield doc.problem(
                    path, Message("there is no segment `{segment}`", segment=segment), hint, "segment-exists"
                )


def recurrences_happen(context: Context) -> Iterator[Problem]:
    """With the holidays and closing days of the playbook; weekends alone are checked with the file."""
    for doc, broadcast in _valid(context):
        mailing = scheduling(context)
        if broadcast.recurrence is None or mailing is None:
            continue
        before = datetime.combine(broadcast.recurrence.starting, time.min, UTC)
        if next_local(broadcast, mailing, before) is None:
            message, hint = (
                Message("every day of it is a holiday or a closing day"),
                Message("choose other days, or `on_holiday: after`"),
            )
            yield doc.problem(("recurrence",), message, hint, "recurrence-happens")


RULES = (templates_exist_and_have_the_topic_of_the_broadcast, segments_exist, recurrences_happen)
