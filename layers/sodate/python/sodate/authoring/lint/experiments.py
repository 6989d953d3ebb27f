"""Lint rules of experiments in broadcasts: their templates exist, subjects compile, the decision comes in time."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

from sodate.authoring.lint.context import Context, scheduling, topics_exist
from sodate.authoring.loader import Doc
from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.schedule import decides_at, next_local, sender_instant
from sodate.broadcasts.variants import BroadcastExperiment
from sodate.email.content.render import must_compile
from sodate.email.mailing import Mailing
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean

#: So many runs of a recurrence are compared with the run that follows.
_RUNS = 60


def _experiments(context: Context) -> Iterator[tuple[Doc[Broadcast], Broadcast, BroadcastExperiment]]:
    for doc in context.book.broadcasts:
        if doc.model is not None and doc.model.experiment is not None:
            yield doc, doc.model, doc.model.experiment


def templates_of_variants_exist_and_have_the_topic(context: Context) -> Iterator[Problem]:
    known = context.declared("templates")
    for doc, broadcast, experiment in _experiments(context):
        for number, variant in enumerate(experiment.variants):
            path = ("experiment", "variants", number, "template")
            template = context.templates.get(variant.template or "")
            if variant.template is not None and variant.template not in known:
                hint = did_you_mean(variant.template, known, Message("add it to templates/"))
                yield doc.problem(
                    path,
                    Message("there is no template `{template}`", template=variant.template),
                    hint,
                    "template-exists",
                )
            elif template is not None and template.topic != broadcast.topic:
                if not topics_exist(context, template.topic, broadcast.topic):
                    continue
                message = Message(
                    "`{template}` has topic `{topic}`, the broadcast `{broadcast_topic}`",
                    template=template.id,
                    topic=template.topic,
                    broadcast_topic=broadcast.topic,
                )
                yield doc.problem(path, message, Message("make the topics equal"), "same-topic")


def subjects_of_variants_compile(context: Context) -> Iterator[Problem]:
    for doc, _, experiment in _experiments(context):
        for number, variant in enumerate(experiment.variants):
            try:
                must_compile(variant.subject or "", "", "")
            except Invalid as error:
                path = ("experiment", "variants", number, "subject")
                yield doc.problem(
                    path, str(error), Message("use the fields and filters of templates"), "experiment-subject"
                )


def subjects_of_variants_are_in_each_language(context: Context) -> Iterator[Problem]:
    for doc, broadcast, experiment in _experiments(context):
        for number, variant in enumerate(experiment.variants):
            template = context.templates.get(variant.template or broadcast.template)
            if variant.subject is not None and template is not None and template.languages:
                message = Message(
                    "`{id}` has further languages, and a subject of a variant is in one language only", id=template.id
                )
                hint = Message("give the variant a `template` of its own")
                path = ("experiment", "variants", number, "subject")
                yield doc.problem(path, message, hint, "experiment-subject")


def variants_differ(context: Context) -> Iterator[Problem]:
    for doc, broadcast, experiment in _experiments(context):
        seen: dict[object, str] = {}
        for number, variant in enumerate(experiment.variants):
            content = variant.template or broadcast.template, variant.subject, variant.sender_name, variant.at
            if content in seen:
                message = Message("`{id}` is the same email as `{seen}`", id=variant.id, seen=seen[content])
                hint = Message("change its subject, template, sender_name or at; on purpose (an A/A test), leave it")
                path = ("experiment", "variants", number)
                yield doc.problem(path, message, hint, "experiment-variants", severity="warning")
            seen.setdefault(content, variant.id)


def decisions_come_before_the_next_run(context: Context) -> Iterator[Problem]:
    for doc, broadcast, experiment in _experiments(context):
        mailing = scheduling(context)
        if mailing is None or broadcast.recurrence is None or not experiment.is_sampled:
            continue
        gap = _shortest_gap(broadcast, mailing)
        if gap is not None and experiment.longest >= gap:
            longest = _hours(experiment.longest)
            message = Message(
                "the next run can come {gap} hours later, before the decision ({longest} hours)",
                gap=_hours(gap),
                longest=longest,
            )
            hint = Message("decide earlier, or let the broadcast recur less often")
            yield doc.problem(("experiment", "decide_after_hours"), message, hint, "experiment-in-time")


def horizons_leave_time_to_send(context: Context) -> Iterator[Problem]:
    """The winner leaves at the decision: in quiet hours, it would wait for the morning, and might expire."""
    for doc, broadcast, experiment in _experiments(context):
        mailing = scheduling(context)
        quiet = mailing.quiet_hours if mailing else None
        if mailing is None or quiet is None or not experiment.is_sampled or experiment.has_times:
            continue
        first = datetime.combine(datetime(2026, 1, 1).date(), broadcast.time_of_day)  # noqa: DTZ001  a local time
        local = first + (decides_at(broadcast, mailing, first) - sender_instant(mailing, first))
        if _is_within(local.time(), time.fromisoformat(quiet.from_), time.fromisoformat(quiet.until)):
            message = Message(
                "the decision comes at {local:%H:%M}, in quiet hours: the others get the email the next morning",
                local=local,
            )
            hint = Message("decide earlier or later, or begin at another time")
            yield doc.problem(
                ("experiment", "decide_after_hours"), message, hint, "experiment-quiet-hours", severity="warning"
            )


def _shortest_gap(broadcast: Broadcast, mailing: Mailing) -> timedelta | None:
    assert broadcast.recurrence is not None  # noqa: S101  only recurrences are asked
    after, instants = datetime.combine(broadcast.recurrence.starting, time.min, UTC), list[datetime]()
    while len(instants) < _RUNS and (local := next_local(broadcast, mailing, after)) is not None:
        after = sender_instant(mailing, local)
        instants.append(after)
    return min((later - earlier for earlier, later in pairwise(instants)), default=None)


def _hours(span: timedelta) -> int:
    return int(span.total_seconds() // 3600)


def _is_within(at: time, begin: time, end: time) -> bool:
    return begin <= at < end if begin < end else at >= begin or at < end


RULES = (
    templates_of_variants_exist_and_have_the_topic,
    subjects_of_variants_compile,
    subjects_of_variants_are_in_each_language,
    variants_differ,
    decisions_come_before_the_next_run,
    horizons_leave_time_to_send,
)
