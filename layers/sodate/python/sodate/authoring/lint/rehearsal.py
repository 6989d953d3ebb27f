"""Lint rules of rehearsal.yaml: forms and templates that it names exist, and conditions ask for the fields it draws."""

from collections.abc import Iterable, Iterator

from sodate.authoring.lint.context import Context
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Path


def forms_and_templates_exist(context: Context) -> Iterator[Problem]:
    doc = context.book.rehearsal
    if doc is None or doc.model is None:
        return
    named: tuple[tuple[Path, Iterable[str], str, str], ...] = (
        (("people", "forms"), doc.model.people.forms, "forms", "form"),
        (("templates",), doc.model.templates, "templates", "template"),
    )
    for path, ids, folder, what in named:
        known = context.declared(folder)
        for one in ids:
            if one not in known:
                hint = did_you_mean(one, known, Message("add it to {folder}/", folder=folder))
                yield doc.problem(
                    (*path, one), Message("there is no {what} `{one}`", what=what, one=one), hint, f"{what}-exists"
                )


RULES = (forms_and_templates_exist,)
