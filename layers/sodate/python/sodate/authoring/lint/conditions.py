"""Lint rules of conditions: parts that never hold, and parts that always do."""

from collections.abc import Iterator

from sodate.authoring.lead_fields import LeadField
from sodate.authoring.lint.attributes import compares, may_be, not_offered
from sodate.authoring.lint.context import Context
from sodate.authoring.lint.possible import Schema, can_be
from sodate.authoring.lint.references import written_conditions
from sodate.conditions.language import AllOf, AnyOf, AttributeTest, Condition, Not, parts
from sodate.conditions.one_line_printer import print_one_line
from sodate.messages import Message
from sodate.playbook.problem import Problem
from sodate.playbook.yamlfile import Path

_LONGEST_SHOWN = 120


def parts_can_hold(context: Context) -> Iterator[Problem]:
    """No lead can give what the part asks for. What no form offers, and what suits no type, have rules of their own."""
    schema = _schema(context)
    for doc, path, condition in written_conditions(context):
        for inside, part in never(path, condition, schema):
            if not (isinstance(part, AttributeTest) and _is_said_apart(schema.fields.get(part.attribute), part)):
                message = Message("{part} never holds: its tests exclude each other", part=_shown(part))
                yield doc.problem(
                    inside, message, Message("use `any` (or `or`), or correct one of them"), "contradiction"
                )


def _is_said_apart(field: LeadField | None, test: AttributeTest) -> bool:
    unsuited = field is not None and any(not may_be(field, kind) for _, kind in compares(test))
    return unsuited or any(not_offered(field, test))


def parts_can_fail(context: Context) -> Iterator[Problem]:
    schema = _schema(context)
    for doc, path, condition in written_conditions(context):
        for inside, part in always(path, condition, schema):
            message = Message("{part} always holds", part=_shown(part))
            yield doc.problem(inside, message, Message("remove it, or correct it"), "always-true", severity="warning")


def _schema(context: Context) -> Schema:
    rules = context.book.rules.model if context.book.rules else None
    phases = frozenset(phase.id for phase in rules.phases) if rules else None
    return Schema(context.lead_fields if context.lead_fields_are_known else {}, phases)


def _shown(part: Condition) -> str:
    text = print_one_line(part)
    return f"`{text}`" if len(text) <= _LONGEST_SHOWN else f"`{text[:_LONGEST_SHOWN]}…`"


def never(path: Path, condition: Condition, schema: Schema) -> Iterator[tuple[Path, Condition]]:
    """The smallest parts that never hold, without those inside a part that always holds."""
    if not can_be(condition, True, schema):
        below = [] if isinstance(condition, Not) else _parts(path, condition)
        inside = [(where, part) for where, part in below if not can_be(part, True, schema)]
        for part in inside:
            yield from never(*part, schema)
        if not inside:
            yield path, condition
    elif can_be(condition, False, schema):
        for part in _parts(path, condition):
            yield from never(*part, schema)


def always(path: Path, condition: Condition, schema: Schema) -> Iterator[tuple[Path, Condition]]:
    """The largest parts that always hold, without those inside a part that never holds."""
    if not can_be(condition, False, schema):
        yield path, condition
    elif can_be(condition, True, schema):
        for part in _parts(path, condition):
            yield from always(*part, schema)


def _parts(path: Path, condition: Condition) -> list[tuple[Path, Condition]]:
    key = ("all",) if isinstance(condition, AllOf) else ("any",) if isinstance(condition, AnyOf) else ()
    return [((*path, *key, name), part) for name, part in parts(condition)]


RULES = (parts_can_hold, parts_can_fail)
