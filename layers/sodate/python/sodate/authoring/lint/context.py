"""The input of the lint rules, prepared once per playbook."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sodate.authoring.compile.include import Body
from sodate.authoring.compile.template import Compiled
from sodate.authoring.lead_fields import LeadField, PlaybookFile, lead_fields
from sodate.authoring.loader import Doc, Playbook, TemplateFile, in_each_language
from sodate.email.content.template import Template
from sodate.forms.definition import Form, FormField
from sodate.leads.time_zone import known_time_zone
from sodate.playbook.problem import Problem, Severity


@dataclass
class Context:
    book: Playbook
    compiled: list[Compiled]

    @cached_property
    def forms(self) -> dict[str, Form]:
        return {doc.id: doc.model for doc in self.book.forms if doc.model}

    @cached_property
    def templates(self) -> dict[str, TemplateFile]:
        return {doc.id: doc.model for doc in self.book.templates if doc.model}

    @cached_property
    def mailing(self) -> PlaybookFile | None:
        return self.book.mailing.model if self.book.mailing else None

    @cached_property
    def topics(self) -> set[str] | None:
        """None when playbook.yaml could not be read; rules about topics then report nothing."""
        return {topic.id for topic in self.mailing.topics} if self.mailing else None

    def declared(self, kind: str) -> set[str]:
        """Ids that exist, whether or not the document is valid, so that one error does not cause a dozen."""
        docs: list[Doc[Any]] = getattr(self.book, kind)
        return {doc.id for doc in docs}

    def finished(self) -> Iterator["Mail"]:
        """Each email in each language."""
        for one in (part for compiled in self.compiled for part in (compiled, *compiled.variants)):
            if one.template is not None and one.body is not None:
                yield Mail(one.doc, one.body, one.template)

    @cached_property
    def form_fields(self) -> dict[str, list[tuple[Form, FormField]]]:
        """Profile path → the form fields that fill it. `primary.email` is the address of every form."""
        found: dict[str, list[tuple[Form, FormField]]] = {}
        for form in self.forms.values():
            found.setdefault("primary.email", []).append((form, form.email_field))
            for field in form.fields:
                if field.maps_to:
                    found.setdefault(field.maps_to, []).append((form, field))
        return found

    @cached_property
    def lead_fields(self) -> dict[str, LeadField]:
        scenarios = [doc.model for doc in self.book.scenarios if doc.model]
        return lead_fields(self.forms.values(), self.mailing.fields if self.mailing else (), scenarios)

    @cached_property
    def lead_fields_are_known(self) -> bool:
        """When False, a file that may name further fields is not valid, and rules about fields report nothing."""
        docs: list[Doc[Any]] = [*self.book.forms, *self.book.scenarios]
        return self.mailing is not None and all(doc.model is not None for doc in docs)

    def is_always_filled(self, path: str) -> bool:
        """True when every form of the playbook requires the field, so that every lead from a form has it."""
        holders = {form.id for form, field in self.form_fields.get(path, []) if field.required}
        return bool(self.forms) and holders == set(self.forms)


def scheduling(context: Context) -> PlaybookFile | None:
    """playbook.yaml, unless the time zone of the sender is unknown: no time can be planned then."""
    mailing = context.mailing
    return mailing if mailing is not None and known_time_zone(mailing.sender.time_zone) else None


def topics_exist(context: Context, *topics: str | None) -> bool:
    """False when one of them does not, which has a rule of its own: what depends on it is not known."""
    known = context.topics
    return known is None or all(topic is None or topic in known for topic in topics)


@dataclass(frozen=True)
class Mail:
    """One compiled template with its source body, so that a problem can name a line of it."""

    doc: Doc[TemplateFile]
    body: Body
    template: Template

    def at(
        self,
        piece: str,
        message: str,
        hint: str,
        rule: str,
        *,
        severity: Severity = "error",
        source: str = "",
    ) -> Problem:
        """A problem at the line of the body where `piece` is written."""
        file, line = self.body.find(piece)
        return Problem(file, line, "", message, hint, rule, severity, source)


def template_docs(context: Context) -> list[Doc[TemplateFile]]:
    """Each template in each language."""
    return [part for doc in context.book.templates for part in in_each_language(doc)]


Rule = Callable[[Context], Iterator[Problem]]
