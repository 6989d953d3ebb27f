"""Lint rules of web tracking: conditions name events of tracking.yaml, and tracked pages can be reached."""

from collections.abc import Iterator

from sodate.activities.catalog import ActivityType
from sodate.authoring.lint.context import Context
from sodate.authoring.lint.references import written_tests
from sodate.conditions.language import ActivityTest, FieldTest
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.tracking.definition import EventField, Tracking


def _tracking(context: Context) -> Tracking | None:
    return context.book.tracking.model if context.book.tracking else None


def events_exist(context: Context) -> Iterator[Problem]:
    """An event that no page can send never happens."""
    if context.book.tracking is not None and context.book.tracking.model is None:
        return  # its own problems come first
    tracking = _tracking(context)
    known = {cta.id for cta in tracking.ctas} | {event.id for event in tracking.events} if tracking else set[str]()
    for doc, path, test in written_tests(context):
        if isinstance(test, ActivityTest) and test.event is not None and test.event not in known:
            hint = did_you_mean(test.event, known, Message("add it to `ctas` or `events` in tracking.yaml"))
            yield doc.problem(
                (*path, "event"), Message("there is no event `{event}`", event=test.event), hint, "event-exists"
            )


def fields_exist(context: Context) -> Iterator[Problem]:
    tracking = _tracking(context)
    for doc, path, test in written_tests(context):
        if tracking is None or not isinstance(test, ActivityTest) or test.activity is not ActivityType.WEB_EVENT:
            continue
        events = [event for event in tracking.events if test.event in (None, event.id)]
        for asked in test.fields or ():
            for message, hint in _of_field(asked, [field for event in events for field in event.fields]):
                yield doc.problem((*path, "fields"), message, hint, "event-field")


def _of_field(asked: FieldTest, fields: list[EventField]) -> Iterator[tuple[str, str]]:
    declared = [field for field in fields if field.name == asked.name]
    if not declared:
        yield (
            Message("no event has the field `{name}`", name=asked.name),
            did_you_mean(asked.name, {one.name for one in fields}, Message("declare it")),
        )
    elif asked.equals is not None and all(field.values and asked.equals not in field.values for field in declared):
        hint = did_you_mean(
            asked.equals, {one for field in declared for one in field.values}, Message("add it to `values`")
        )
        yield Message("`{name}` is never `{equals}`", name=asked.name, equals=asked.equals), hint
    elif asked.equals is None and not any(field.type == "number" for field in declared):
        yield (
            Message("`{name}` is no number", name=asked.name),
            Message("write one of its values, or give it `type: number`"),
        )


def pages_that_conditions_ask_for_are_tracked(context: Context) -> Iterator[Problem]:
    """Views of other pages are counted in their session only."""
    tracking = _tracking(context)
    if tracking is None:
        return
    for doc, path, test in written_tests(context):
        wanted = test.page if isinstance(test, ActivityTest) and test.activity is ActivityType.PAGE_VIEWED else None
        if wanted is not None and not any(_may_meet(wanted, page.path) for page in tracking.pages):
            message = Message(
                "views of `{wanted}` are not logged: no entry of `pages` in tracking.yaml is like it", wanted=wanted
            )
            yield doc.problem(
                (*path, "page"), message, Message("add the page there"), "page-tracked", severity="warning"
            )


def _may_meet(one: str, other: str) -> bool:
    """Whether one path could match both patterns, judged by what stands before their first `*`."""
    first, second = one.partition("*"), other.partition("*")
    if not first[1] and not second[1]:
        return one == other
    shorter, longer = sorted((first[0], second[0]), key=len)
    return longer.startswith(shorter)


RULES = (events_exist, fields_exist, pages_that_conditions_ask_for_are_tracked)
