"""Seeded bugs of imports by ordinary files, of quiet loads, and of what an operator lifts."""

from tests.mutants.mutants import _mutant

_ORDINARY = "tests/functions/test_import_by_ordinary_files.py"
_SUGGESTED = "tests/functions/test_suggested_mapping.py"
_UNBLOCK = "tests/functions/test_unblock.py"

FIRST_IMPORTS = (
    _mutant(
        "a-quiet-load-keeps-no-mark",
        "imports/apply.py",
        "if crossing is not None and not self.dry_run:",
        "if crossing is not None and self.dry_run:",
        "sales is told of everybody whom a quiet load made hot",
        tests=_ORDINARY,
    ),
    _mutant(
        "a-hot-lead-is-listed-again",
        "scoring/quiet_crossing.py",
        "    if snapshot.hot or (",
        "    if (",
        "leads that sales knows are listed as new hot ones",
        tests=_ORDINARY,
    ),
    _mutant(
        "a-second-run-enrolls-again",
        "scenarios/enter_by_import.py",
        "return current is not None and current.id ==",
        "return current is not None and current.id !=",
        "the same file once more says that its own leads may not enter",
        tests=_ORDINARY,
    ),
    _mutant(
        "a-bad-value-refuses-its-row",
        "imports/row.py",
        "return mapping.strict or column.required",
        "return True or column.required",
        "one bad phone number keeps a lead out",
        tests=_ORDINARY,
    ),
    _mutant(
        "labels-of-forms-do-not-count",
        "imports/suggestion.py",
        "if name in {plain_name(label) for label in (*one.labels,",
        "if name in {plain_name(label) for label in (*one.labels[:0],",
        "a column is not found under the words of the company's own form",
        tests=_SUGGESTED,
    ),
    _mutant(
        "an-operator-lifts-an-opt-out",
        "consent/unblock.py",
        "if ended and ended >= agreed:",
        "if not ended and ended >= agreed:",
        "a lead that opted out before its mailbox bounced is mailable for new topics",
        tests=_UNBLOCK,
    ),
    _mutant(
        "an-operator-lifts-a-complaint",
        "leads/contact_state.py",
        "LIFTED_BY_OPERATOR = (Block.HARD_BOUNCE, Block.SOFT_BOUNCES)",
        "LIFTED_BY_OPERATOR = (Block.HARD_BOUNCE, Block.SOFT_BOUNCES, Block.COMPLAINT)",
        "somebody who complained gets email again",
        tests=_UNBLOCK,
    ),
)
