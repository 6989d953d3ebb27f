"""Lint rules of activities: those that the playbook names exist, and have what is asked of them."""

from collections.abc import Iterator
from typing import Any

from sodate.activities.catalog import ActivityType, DeclaredType
from sodate.activities.declared import DeclaredActivity
from sodate.authoring.lint.context import Context
from sodate.authoring.lint.references import written_tests
from sodate.authoring.loader import Doc
from sodate.conditions.language import ActivityTest
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Path

#: Filter of an activity → attribute that it looks at. `same_key` names an attribute that the customer chooses.
_FILTERS = {
    **{name: name for name in ("form", "template", "sequence", "product", "seminar", "outcome", "page", "event")},
    "link_contains": "link",
}
#: Attributes that a filter of its own asks for; others are asked for by `fields`.
_NAMED = frozenset(_FILTERS.values())


def declared_activities(context: Context) -> dict[str, DeclaredActivity] | None:
    """None when activities.yaml has errors of its own; rules about its activities then report nothing."""
    doc = context.book.activities
    if doc is None:
        return {}
    return {one.id: one for one in doc.model.activities} if doc.model else None


def activities_exist(context: Context) -> Iterator[Problem]:
    """A type that is not of the catalog is one of activities.yaml."""
    declared = declared_activities(context)
    for doc, path, name in _named_activities(context) if declared is not None else ():
        if isinstance(name, DeclaredType) and name not in (declared or ()):
            hint = did_you_mean(name, [*ActivityType, *(declared or ())], Message("declare it in activities.yaml"))
            message = Message("there is no activity `{name}`", name=name)
            yield doc.problem((*path, "activity"), message, hint, "activity-exists")


def _named_activities(context: Context) -> Iterator[tuple[Doc[Any], Path, object]]:
    for doc, path, test in written_tests(context):
        if isinstance(test, ActivityTest):
            yield doc, path, test.activity
    sales = context.book.sales
    for index, talk in enumerate(sales.model.talks if sales and sales.model else ()):
        if sales is not None:
            yield sales, ("talks", index), talk.activity


def filters_are_attributes_of_their_activity(context: Context) -> Iterator[Problem]:
    """A filter on what activities of the type never have is never met."""
    for doc, path, test in written_tests(context):
        attributes = _attributes(test, context) if isinstance(test, ActivityTest) else None
        if not isinstance(test, ActivityTest) or attributes is None:
            continue
        asked = [(key, attribute, (key,)) for key, attribute in _FILTERS.items() if getattr(test, key) is not None]
        # Fields of events are declared in tracking.yaml, which has a rule of its own.
        named = test.fields if test.activity is not ActivityType.WEB_EVENT else ()
        fields: list[tuple[str, str, Path]] = [(one.name, one.name, ("fields",)) for one in named or ()]
        for key, attribute, inside in (*asked, *fields):
            if attribute not in attributes:
                own = [name for name, of in _FILTERS.items() if of in attributes]
                suits = ", ".join(f"`{name}`" for name in (*own, *(a for a in attributes if a not in _NAMED)))
                hint = Message("it has {suits}", suits=suits) if suits else Message("leave the filter out: it has none")
                message = Message(
                    "a `{activity}` has no `{key}`, so none ever matches", activity=test.activity, key=key
                )
                yield doc.problem((*path, *inside), message, hint, "activity-filter")


def _attributes(test: ActivityTest, context: Context) -> tuple[str, ...] | None:
    """None: the activity is not known, which has a rule of its own."""
    if isinstance(test.activity, ActivityType):
        return test.activity.attributes
    declared = (declared_activities(context) or {}).get(test.activity)
    return tuple(field.id for field in declared.fields) if declared is not None else None


RULES = (activities_exist, filters_are_attributes_of_their_activity)
