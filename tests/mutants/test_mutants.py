"""A sample of `make mutants`, and the check that keeps all of them next to the code they replace."""

import pytest

from tests.mutants.mutants import MUTANTS, Mutant
from tests.mutants.run import ROOT, mutated, try_mutant, try_unchanged

#: One that a unit test notices, one that only histories do.
SAMPLE = ("lower-case-event-type", "failed-record-is-done")
_NAMED = {mutant.name: mutant for mutant in MUTANTS}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_changes_the_code_it_was_made_for(mutant: Mutant) -> None:
    assert mutated(mutant) != (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.seeds or mutant.orders or mutant.tests


def test_no_bug_is_there_twice() -> None:
    assert len(_NAMED) == len({mutant.replacements for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_bug_is_caught_and_the_tree_without_it_passes(name: str) -> None:
    mutant = _NAMED[name]
    before = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert try_mutant(mutant).outcome == "caught"
    assert (ROOT / mutant.file).read_text(encoding="utf-8") == before


def test_the_tree_without_a_bug_passes_the_same_questions() -> None:
    found = try_unchanged(8, 50, _NAMED[SAMPLE[0]].tests)
    assert found.outcome == "SURVIVED", found.evidence
