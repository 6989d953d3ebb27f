"""Seeded bugs of an old release beside new definitions."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_TESTS = ("tests/simulation/test_old_release.py",)

RELEASES = (
    Mutant(
        "reader-refuses-unknown-keys",
        _SODATE + "playbook/model.py",
        (('extra="ignore", context=_READER', 'extra="forbid", context=_READER'),),
        "an addition of the next release is trouble for this one",
        tests=_TESTS,
    ),
    Mutant(
        "no-last-good-version",
        _SODATE + "playbook/store.py",
        (("for version in range(newest - 1, max(0, newest - 1 - _MOST_STEPS_BACK), -1):", "for version in ():"),),
        "a definition that cannot be read stops every function that needs it",
        tests=_TESTS,
    ),
    Mutant(
        "narrowing-key-is-ignored",
        _SODATE + "playbook/model.py",
        (("if info.context is _READER and isinstance(data, dict):", "if info.context is None:"),),
        "a condition that the next release narrows holds for everybody, and scores rise",
        tests=_TESTS,
    ),
    Mutant(
        "template-is-not-compiled-before-it-is-live",
        _SODATE + "runtime/readers.py",
        (('    if stored.kind == "template":\n', "    if False:\n"),),
        "a filter of the next release fails each email after its claim",
        tests=_TESTS,
    ),
    Mutant(
        "opt-out-needs-a-playbook",
        "layers/sodate/python/sodate/email/issuer.py",
        (("    except (NotFound, Transient):\n", "    except NotFound:\n"),),
        "one-click unsubscribe answers 503 while no definition can be read",
        tests=("tests/functions/test_other_release.py",),
    ),
)
