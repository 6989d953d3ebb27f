"""Values that a broadcast or a step gives to variables of its template: declared there, and of their type."""

from collections.abc import Iterator, Mapping
from typing import Any

from sodate.authoring.lint.context import Context
from sodate.authoring.loader import Doc
from sodate.email.content.variables import Value, Variable
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Path
from sodate.scenarios.steps import SendStep

#: File, where in it, ids of the templates, values.
_Given = tuple[Doc[Any], Path, tuple[str, ...], Mapping[str, Value]]


def values_fit_the_variables(context: Context) -> Iterator[Problem]:
    for doc, path, names, given in _given(context):
        templates = [context.templates[name] for name in names if name in context.templates]
        if len(templates) < len(names):
            continue  # reported, and its variables are not known
        for name, value in given.items():
            declared = [template.variables[name] for template in templates if name in template.variables]
            wrong = _why_not(value, declared)
            if wrong:
                known = {name for template in templates for name in template.variables}
                hint = (
                    did_you_mean(name, known, Message("declare it in `variables` of the template"))
                    if not declared
                    else ""
                )
                yield doc.problem(
                    (*path, name), Message("`{name}` {wrong}", name=name, wrong=wrong), hint, "template-variable"
                )


def _why_not(value: Value, declared: list[Variable]) -> str:
    if not declared:
        return Message("is no variable of the template")
    return next((wrong for variable in declared if (wrong := variable.why_not(value))), "")


def _given(context: Context) -> Iterator[_Given]:
    for broadcast in context.book.broadcasts:
        if broadcast.model is not None:
            yield broadcast, ("variables",), broadcast.model.templates(), broadcast.model.variables
    for sequence in context.book.sequences:
        for index, step in enumerate(sequence.model.steps if sequence.model else ()):
            yield sequence, ("steps", index, "variables"), (step.template,), step.variables
    for scenario in context.book.scenarios:
        for index, one in enumerate(scenario.model.steps if scenario.model else ()):
            if isinstance(one, SendStep):
                yield scenario, ("steps", index, "variables"), (one.send,), one.variables


RULES = (values_fit_the_variables,)
