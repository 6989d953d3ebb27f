"""Cross checks: each rule is one small function with an id; rules of law name their source.

A rule sees only documents that are valid on their own, and does not report again what the schema reports.
"""

from collections.abc import Sequence

from sodate.authoring.compile.template import Compiled
from sodate.authoring.lint import (
    activities,
    appearance,
    attributes,
    brand,
    broadcasts,
    campaigns,
    conditions,
    enrollments,
    experiments,
    fields,
    forms,
    kpis,
    law,
    links,
    liquid,
    optin,
    references,
    rehearsal,
    sales,
    scenarios,
    scoring,
    segments,
    sequences,
    tracking,
    variables,
)
from sodate.authoring.lint.context import Context, Rule
from sodate.authoring.loader import Playbook
from sodate.playbook.problem import Problem

RULES: tuple[Rule, ...] = (
    *references.RULES,
    *activities.RULES,
    *attributes.RULES,
    *conditions.RULES,
    *forms.RULES,
    *optin.RULES,
    *liquid.RULES,
    *fields.RULES,
    *links.RULES,
    *appearance.RULES,
    *brand.RULES,
    *law.RULES,
    *sequences.RULES,
    *scenarios.RULES,
    *enrollments.RULES,
    *broadcasts.RULES,
    *experiments.RULES,
    *campaigns.RULES,
    *kpis.RULES,
    *variables.RULES,
    *scoring.RULES,
    *segments.RULES,
    *sales.RULES,
    *tracking.RULES,
    *rehearsal.RULES,
)


def lint(playbook: Playbook, compiled: Sequence[Compiled]) -> list[Problem]:
    context = Context(playbook, list(compiled))
    return [problem for rule in RULES for problem in rule(context)]
