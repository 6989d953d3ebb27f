"""Seeded bugs in what `sodate playbook check` finds, and in the log of rejected enrollments."""

from tests.mutants.mutants import Mutant, _mutant

_CONDITIONS, _SCENARIOS = "tests/unit/playbook/test_condition_lint.py", "tests/unit/playbook/test_scenario_lint.py"
_ENROLLMENTS = "tests/unit/playbook/test_enrollment_lint.py"

CHECKS: tuple[Mutant, ...] = (
    _mutant(
        "triggers-are-not-checked",
        "authoring/lint/references.py",
        "        if isinstance(trigger, ActivityTest):\n            yield path, trigger\n",
        "        if False:\n            yield path, trigger\n",
        "a wait_for may name a sequence that is not there",
        tests=_SCENARIOS,
    ),
    _mutant(
        "crossings-are-not-checked",
        "authoring/lint/references.py",
        "        if (crossing := crossed(entry)) is not None:\n",
        "        if (crossing := None) is not None:\n",
        "an entry may name a phase or category that is not there",
        tests=_SCENARIOS,
    ),
    _mutant(
        "any-filter-suits-any-activity",
        "authoring/lint/activities.py",
        "if attribute not in attributes:",
        "if not attributes:",
        "a filter on what the activity never has is accepted",
        tests=_CONDITIONS,
    ),
    _mutant(
        "set-steps-teach-the-schema",
        "authoring/lead_fields.py",
        'if change.field.startswith("secondary.") and change.field not in elsewhere:',
        "if True:",
        "a step may write any field, and any value of it",
        tests=_CONDITIONS,
    ),
    _mutant(
        "any-text-is-a-date",
        "authoring/lint/attributes.py",
        "return kind in field.kinds or any(reads(option) is not None for option in field.options or ())",
        "return kind in field.kinds or bool(field.options)",
        "a wait for a date may name a choice",
        tests=_CONDITIONS,
    ),
    _mutant(
        "waits-do-not-end-a-circle",
        "scenarios/graph.py",
        "    reached = _reached(_with_skips(scenario, _instant_edges(scenario)))\n    return tuple(",
        "    reached = _reached(_with_skips(scenario, _edges(scenario)))\n    return tuple(",
        "scenarios that enroll in each other after a week are refused",
        tests=_ENROLLMENTS,
    ),
    _mutant(
        "circles-of-scenarios-are-not-seen",
        "authoring/lint/circles.py",
        "            if name == start:\n                return path\n",
        "            if name == start and len(path) == 1:\n                return path\n",
        "scenarios that enroll in each other at once are accepted",
        tests=_ENROLLMENTS,
    ),
    _mutant(
        "one-change-is-a-circle",
        "authoring/lint/enrollments.py",
        "if field in fields and len(several) > 1",
        "if field in fields",
        "a scenario that takes its own tag away is called endless",
        tests=_ENROLLMENTS,
    ),
    _mutant(
        "keys-get-lost",
        "authoring/lint/enrollments.py",
        "if other.key is not None and other.key != scenario.key:",
        "if other.key is not None and scenario.key is None:",
        "an enrollment by product begins one by seminar",
        tests=_ENROLLMENTS,
    ),
    _mutant(
        "rejected-enrollments-are-silent",
        "scenarios/progress.py",
        "return replace(advance, reasons=(*advance.reasons, *reasons))",
        "return advance",
        "nothing says why a step enrolled nobody",
        tests="tests/functions/test_scenarios.py::test_a_scenario_that_does_not_take_the_lead_in_is_a_decision_in_the_log",
    ),
)
