"""The model of each kind of definition. Imported on first use: a form post needs no scoring rules."""

from typing import Literal, assert_never

from pydantic import BaseModel

from sodate.errors import Invalid
from sodate.playbook.store import DefinitionUnreadable, Stored, parsed


def must_read(stored: Stored) -> None:
    """Check that this release can read and render the definition.

    Raises: `DefinitionUnreadable`.
    """
    if stored.kind == "sequence":
        _must_compile_to_a_program(stored)
        return
    read = parsed(stored, _model_of(stored.kind))
    if stored.kind == "template":
        _must_compile(stored, read)


def _model_of(
    kind: Literal["form", "template", "mailing", "rules", "sales", "segments", "broadcast"],
) -> type[BaseModel]:
    match kind:
        case "form":
            from sodate.forms.definition import Form

            return Form
        case "template":
            from sodate.email.content.template import Template

            return Template
        case "mailing":
            from sodate.email.mailing import Mailing

            return Mailing
        case "rules":
            from sodate.scoring.rules import RuleSet

            return RuleSet
        case "sales":
            from sodate.sales.definition import Sales

            return Sales
        case "segments":
            from sodate.segments.segment import SegmentSet

            return SegmentSet
        case "broadcast":
            from sodate.broadcasts.broadcast import Broadcast

            return Broadcast
        case _:
            assert_never(kind)


def _must_compile_to_a_program(stored: Stored) -> None:
    from sodate.scenarios.programs import program_of

    program_of(stored)


def _must_compile(stored: Stored, template: BaseModel) -> None:
    """A filter that this release does not have would fail each email at its rendering, after its claim."""
    from sodate.email.content.render import must_compile
    from sodate.email.content.template import Template

    if isinstance(template, Template):
        try:
            for one in template.in_each_language():
                must_compile(one.subject, one.html, one.text)
        except Invalid as error:
            raise DefinitionUnreadable(f"this release cannot render {stored.name}: {error}") from error
