"""Lint rules of segments. What they may ask for is checked with every other condition (`references`, `scoring`)."""

from collections.abc import Iterator

from sodate.authoring.lint.context import Context
from sodate.playbook.problem import Problem


def segments_need_rules(context: Context) -> Iterator[Problem]:
    """Segments are kept in the score's item, so a lead without a score has no segments."""
    doc = context.book.segments
    if doc is not None and context.book.rules is None:
        hint = "add rules.yaml; one phase, a threshold and no rules are enough"
        yield doc.problem(("segments",), "segments are kept with the score, and there is none", hint, "segments-rules")


RULES = (segments_need_rules,)
