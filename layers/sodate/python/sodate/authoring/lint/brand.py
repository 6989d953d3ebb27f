"""Lint rules of `brand`: pages and emails stay readable in any colour, and do not look as they were meant in each."""

from collections.abc import Iterator

from sodate.authoring.lint.context import Context
from sodate.contrast import READABLE, contrast
from sodate.messages import Message
from sodate.playbook.problem import Problem

_PAPER = "#ffffff"


def color_can_be_read(context: Context) -> Iterator[Problem]:
    """Pages fall back to black where the colour cannot be read on white; a template does as it is written."""
    doc = context.book.mailing
    if doc is None or doc.model is None:
        return
    color = doc.model.brand.color
    if (ratio := contrast(color, _PAPER)) < READABLE:
        message = Message(
            "{color} cannot be read on white: its contrast is {ratio:.1f}, 4.5 is the least", color=color, ratio=ratio
        )
        hint = Message("take a darker shade for it; otherwise links of the public pages are black")
        yield doc.problem(("brand", "color"), message, hint, "brand-color", severity="warning")


RULES = (color_can_be_read,)
