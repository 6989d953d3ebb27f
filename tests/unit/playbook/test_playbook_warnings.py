"""What is probably a mistake is told where it is, and does not stop an apply."""

from collections.abc import Callable

import pytest

Expect = Callable[[tuple, str], None]

WARNINGS = {
    "a field that some leads lack": (
        ("templates/first.mjml", 'lead.name | default: "you"', "lead.name"),
        ("templates/first.mjml", 4, "", "merge-field-default", "a mail with a hole is not sent"),
    ),
    "a threshold that nobody reaches": (
        ("rules.yaml", "threshold: 10", "threshold: 21"),
        ("rules.yaml", 2, "hot.threshold", "hot-reachable", "at most 20 points"),
    ),
    "a phase that nobody reaches": (
        ("rules.yaml", "score: total, at_least: 5", "score: total, at_least: 500"),
        ("rules.yaml", 19, "phases[1].when", "phase-reachable", "it needs 500 points"),
    ),
    "a rule about a link that no mail has": (
        ("rules.yaml", "link_contains: /pricing", "link_contains: /prices"),
        ("rules.yaml", 11, "rules[1].when.link_contains", "link-exists", "no template has a link"),
    ),
    "consent that is required to post": (
        ("forms/ask.yaml", "label: Mail me", "label: Mail me\n    required: true"),
        ("forms/ask.yaml", 23, "fields[3].required", "free-consent", "make it optional"),
    ),
    "a form without double opt-in": (
        ("forms/ask.yaml", "  template: confirm", "  double_opt_in: false\n  template: confirm"),
        ("forms/ask.yaml", 27, "consent.double_opt_in", "double-opt-in", "somebody else's address"),
    ),
    "a sequence that nobody can start": (
        ("forms/ask.yaml", "topics: [news]", "topics: [other]"),
        ("sequences/follow.yaml", 5, "start.forms", "sequence-starts", "nobody ever enters"),
    ),
}


@pytest.mark.parametrize("case", WARNINGS, ids=str)
def test_a_warning_is_found_where_it_is_and_does_not_stop_an_apply(case: str, expect: Expect) -> None:
    expect(WARNINGS[case], "warning")
