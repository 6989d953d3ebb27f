"""Lint rules of attributes: conditions, dates and changes name fields of the lead schema, and suit their type."""

from collections.abc import Callable, Iterator
from typing import Any

from sodate.authoring.lead_fields import FieldKind, LeadField
from sodate.authoring.lint.context import Context
from sodate.authoring.lint.references import written_tests
from sodate.authoring.loader import Doc
from sodate.conditions.evaluate import attribute_holds, date_of, number_of
from sodate.conditions.language import AttributeTest
from sodate.forms.submission import SOURCE_NAMES
from sodate.messages import Message, joined
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Path
from sodate.scenarios.entries import DateEntry
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.steps import CallTaskStep, Change, SetStep, WaitForStep, WaitStep
from sodate.scenarios.waits import OnDate


def unknown_field(context: Context, doc: Doc[Any], path: Path, attribute: str) -> Iterator[Problem]:
    known = context.lead_fields
    if attribute.startswith("source."):
        yield from _unknown_source(doc, path, attribute)
    elif context.lead_fields_are_known and attribute not in known:
        message = Message(
            "no form fills `{attribute}`, and `fields` in playbook.yaml does not declare it", attribute=attribute
        )
        near, add = (
            did_you_mean(attribute, known),
            Message("If it comes by import, add it to `fields` in playbook.yaml"),
        )
        hint = joined(" ", [near, add]) if near else add
        yield doc.problem(path, message, hint, "field-exists")


def _unknown_source(doc: Doc[Any], path: Path, attribute: str) -> Iterator[Problem]:
    """A warning: a column of an import may fill any `source.<name>`."""
    known = [f"source.{name}" for name in SOURCE_NAMES]
    if attribute not in known:
        message = Message("no form fills `{attribute}`", attribute=attribute)
        hint = joined(" ", [did_you_mean(attribute, known), Message("If a column of an import fills it, leave it")])
        yield doc.problem(path, message, hint, "field-exists", severity="warning")


def conditions_ask_for_fields_that_exist(context: Context) -> Iterator[Problem]:
    for doc, path, test in _attribute_tests(context):
        yield from unknown_field(context, doc, (*path, "attribute"), test.attribute)


def scenarios_wait_for_dates_that_exist(context: Context) -> Iterator[Problem]:
    for doc in context.book.scenarios:
        for path, attribute in _dates_of(doc.model) if doc.model else ():
            yield from unknown_field(context, doc, path, attribute)
            yield from _other_kind(context, doc, path, attribute, "date")


def _dates_of(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    for index, entry in enumerate(scenario.entry):
        if isinstance(entry, DateEntry):
            yield ("entry", index, "date"), entry.date
    for index, step in enumerate(scenario.steps):
        for key in ("wait", "timeout", "due") if isinstance(step, WaitStep | WaitForStep | CallTaskStep) else ():
            wait = getattr(step, key, None)
            if isinstance(wait, OnDate):
                yield ("steps", index, key, "date"), wait.date


def tests_suit_the_type(context: Context) -> Iterator[Problem]:
    """Texts of every field can be compared; numbers and dates only of fields that have some."""
    for doc, path, test in _attribute_tests(context):
        for key, kind in compares(test):
            yield from _other_kind(context, doc, (*path, key), test.attribute, kind)


def compares(test: AttributeTest) -> Iterator[tuple[str, FieldKind]]:
    """The kind of value that the predicate needs, with the key that says so; a text needs none."""
    for keys, kind in _COMPARES:
        key = next((key for key in keys if getattr(test, key) is not None), None)
        if key is not None:
            yield key, kind


_COMPARES: tuple[tuple[tuple[str, ...], FieldKind], ...] = (
    (("at_least", "less_than"), "number"),
    (("on_or_after", "before", "in_days"), "date"),
)


def _other_kind(context: Context, doc: Doc[Any], path: Path, attribute: str, kind: FieldKind) -> Iterator[Problem]:
    field = context.lead_fields.get(attribute) if context.lead_fields_are_known else None
    if field is not None and not may_be(field, kind):
        message = Message(
            "`{key}` needs a {kind}, and `{attribute}` is a {kinds}",
            key=path[-1],
            kind=kind,
            attribute=attribute,
            kinds=" or ".join(sorted(field.kinds)),
        )
        hint = Message(
            "give the form field `type: {kind}`; if its texts are {kind}s, declare it so in `fields` too", kind=kind
        )
        yield doc.problem(path, message, hint, "field-type")


def may_be(field: LeadField, kind: FieldKind) -> bool:
    """Whether some value of the field is a number or date: one of its options, if it has some."""
    reads = _READS[kind]
    return kind in field.kinds or any(reads(option) is not None for option in field.options or ())


_READS: dict[FieldKind, Callable[[str], object]] = {"number": number_of, "date": date_of}


def changes_suit_their_fields(context: Context) -> Iterator[Problem]:
    """What a step `set` writes is a field of the lead schema, and one of its values."""
    for doc in context.book.scenarios:
        for path, change in _changes_of(doc.model) if doc.model else ():
            attribute, value = change.field or "", change.to or ""
            yield from unknown_field(context, doc, (*path, "field"), attribute)
            field = context.lead_fields.get(attribute) if context.lead_fields_are_known else None
            if field is None:
                continue
            equal = AttributeTest(attribute=attribute, equals=value)
            if any(not_offered(field, equal)):
                hint = did_you_mean(value, field.options or (), Message("write one of its options"))
                yield doc.problem(
                    (*path, "to"),
                    Message("`{attribute}` never has `{value}`", attribute=attribute, value=value),
                    hint,
                    "value-offered",
                )
            elif not any(_is_of(kind, value) for kind in field.kinds):
                kinds = " or ".join(sorted(field.kinds))
                yield doc.problem(
                    (*path, "to"),
                    Message("`{value}` is no {kinds}", value=value, kinds=kinds),
                    Message("write a {kinds}", kinds=kinds),
                    "field-type",
                )


def _changes_of(scenario: Scenario) -> Iterator[tuple[Path, Change]]:
    for index, step in enumerate(scenario.steps):
        for number, change in enumerate(step.set if isinstance(step, SetStep) else ()):
            if change.field is not None:
                yield ("steps", index, "set", number), change


def _is_of(kind: FieldKind, value: str) -> bool:
    if kind == "flag":
        return value in ("true", "false")
    return kind not in _READS or _READS[kind](value) is not None


def values_are_offered(context: Context) -> Iterator[Problem]:
    """A field with options has these values and no other."""
    for doc, path, test in _attribute_tests(context) if context.lead_fields_are_known else ():
        field = context.lead_fields.get(test.attribute)
        for key, value in not_offered(field, test):
            message = Message(
                "no form offers `{value}` for {attribute}, so this never holds", value=value, attribute=test.attribute
            )
            hint = did_you_mean(value, (field and field.options) or ())
            yield doc.problem((*path, key), message, hint, "value-offered")


def not_offered(field: LeadField | None, test: AttributeTest) -> Iterator[tuple[str, str]]:
    """Texts of the predicate, each with its key, that no option of the field equals or contains."""
    options = field.options if field is not None else None
    for key, value, single in _texts(test) if options is not None else ():
        if not any(attribute_holds(single, option) for option in options or ()):
            yield key, value


def _attribute_tests(context: Context) -> Iterator[tuple[Doc[Any], Path, AttributeTest]]:
    for doc, path, test in written_tests(context):
        if isinstance(test, AttributeTest):
            yield doc, path, test


def _texts(when: AttributeTest) -> Iterator[tuple[str, str, AttributeTest]]:
    if when.equals is not None:
        yield "equals", when.equals, when
    if when.contains is not None:
        yield "contains", when.contains, when
    for value in when.all_of or ():
        yield "all_of", value, AttributeTest(attribute=when.attribute, equals=value)
    for value in when.any_of or ():
        yield "any_of", value, AttributeTest(attribute=when.attribute, equals=value)


RULES = (
    conditions_ask_for_fields_that_exist,
    scenarios_wait_for_dates_that_exist,
    tests_suit_the_type,
    changes_suit_their_fields,
    values_are_offered,
)
