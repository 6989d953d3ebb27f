"""Seeded bugs of `sodate dlq redrive`."""

from tests.mutants.mutants import Mutant

_TESTS = ("tests/simulation/test_dead_letters.py",)
_SPANS = ("tests/unit/dlq/test_redriven_spans.py",)

REDRIVE = (
    Mutant(
        "redrive-ends-with-the-first-record",
        "cli/sodate_cli/stream_span.py",
        (("        if number == last:\n", "        if number >= first:\n"),),
        "what lies between the first and the last record of a span is lost, and its message deleted",
        tests=_TESTS,
    ),
    Mutant(
        "redrive-without-the-filter",
        "cli/sodate_cli/stream_span.py",
        (("if not self.patterns or any(_matches(pattern, r) for pattern in self.patterns)]", "]"),),
        "a STATE record that Lambda would have kept back fails the lead's whole group",
        tests=_TESTS,
    ),
    Mutant(
        "rebuild-without-planned-emails",
        "cli/sodate_cli/rebuild.py",
        (("        return True  # whenever: it waits for nothing but its message\n", "        return False\n"),),
        "people whose record the stream forgot never get their opt-in email",
        tests=_TESTS,
    ),
    Mutant(
        "refused-letter-is-deleted",
        "cli/sodate_cli/redrive.py",
        (
            (
                "            done.left[letter.id] = str(error)\n",
                "            done.left[letter.id] = str(error)\n            _delete(clients, edge, letter)\n",
            ),
        ),
        "poison that fails once more is gone, with everything that lay in its message",
        tests=_SPANS,
    ),
)
