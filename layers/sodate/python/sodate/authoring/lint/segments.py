"""Lint rules of segments. What they may ask for is checked with every other condition (`references`, `scoring`)."""

from collections.abc import Iterator

from sodate.authoring.lint.context import Context
from sodate.playbook.problem import Problem
from sodate.scenarios.crossings import segments_of


def segments_need_rules(context: Context) -> Iterator[Problem]:
    """Segments are kept in the score's item, so a lead without a score has no segments."""
    if context.book.rules is not None:
        return
    hint = "add rules.yaml; one phase, a threshold and no rules are enough"
    if (doc := context.book.segments) is not None:
        yield doc.problem(("segments",), "segments are kept with the score, and there is none", hint, "segments-rules")
    for scenario in context.book.scenarios:
        if scenario.model is not None and any(segments_of(scenario.model)):
            message = "entries by score, rank or phase need a score, and there is none"
            yield scenario.problem(("entry",), message, hint, "segments-rules")


RULES = (segments_need_rules,)
