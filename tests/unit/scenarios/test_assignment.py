"""Splits and holdouts: shares, independence, and that a change of weights moves nobody who has an arm."""

from collections import Counter

import pytest
from sodate.scenarios.decide import choose
from sodate.scenarios.steps import HoldoutStep, SplitStep

from tests.unit.scenarios.samples import FakeLead, enrollment

LEAD_IDS = [f"lead-{n}" for n in range(4000)]
CHANGES = [((1, 1, 1), (1, 3, 6)), ((50, 50, 0), (0, 1, 99)), ((0, 0, 1), (1, 0, 0)), ((10, 20, 70), (70, 20, 10))]


def split(weights: tuple[int, ...]) -> SplitStep:
    arms = [{"id": f"a{n}", "weight": weight, "then": "end"} for n, weight in enumerate(weights)]
    return SplitStep.model_validate({"id": "x", "split": arms})


def arms_of(step: SplitStep | HoldoutStep, known: dict[str, dict[str, str]] | None = None) -> dict[str, dict[str, str]]:
    """Lead → its arms after this step, for leads with `known` arms."""
    earlier = known or {}
    return {
        lead: dict(choose(step, "s", enrollment(arms=earlier.get(lead, {})), FakeLead(lead)).arms) for lead in LEAD_IDS
    }


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_a_change_of_weights_moves_nobody_who_has_an_arm(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    known = arms_of(split(before))
    assert arms_of(split(after), known) == known
    assert arms_of(split(after)) != known


@pytest.mark.parametrize(("before", "after"), [(1, 99), (99, 1), (10, 20)])
def test_a_change_of_the_holdout_moves_nobody_who_was_assigned(before: float, after: float) -> None:
    known = arms_of(HoldoutStep(id="x", holdout=before))
    assert arms_of(HoldoutStep(id="x", holdout=after), known) == known
    assert arms_of(HoldoutStep(id="x", holdout=after)) != known


@pytest.mark.parametrize("percent", [1, 10, 50])
def test_a_holdout_keeps_out_its_share(percent: float) -> None:
    counts = Counter(arms["x"] for arms in arms_of(HoldoutStep(id="x", holdout=percent)).values())
    assert abs(counts["kept_out"] / len(LEAD_IDS) - percent / 100) < 0.03


@pytest.mark.parametrize("weights", [(1, 1, 1), (1, 3, 6), (0, 1, 1)])
def test_arms_get_their_share(weights: tuple[int, ...]) -> None:
    counts = Counter(arms["x"] for arms in arms_of(split(weights)).values())
    for number, weight in enumerate(weights):
        assert abs(counts[f"a{number}"] / len(LEAD_IDS) - weight / sum(weights)) < 0.03


def test_without_a_kept_arm_a_change_of_weights_moves_the_borders_only() -> None:
    before, after = arms_of(split((50, 50))), arms_of(split((60, 40)))
    moved = {(before[lead]["x"], after[lead]["x"]) for lead in LEAD_IDS if before[lead] != after[lead]}
    assert moved == {("a1", "a0")}


def test_an_arm_that_no_longer_exists_is_assigned_again() -> None:
    known = {lead: {"x": "gone"} for lead in LEAD_IDS}
    assert arms_of(split((1, 1)), known) == arms_of(split((1, 1)))


def test_two_splits_of_one_scenario_are_independent() -> None:
    other = split((1, 1)).model_copy(update={"id": "y"})
    first, second = arms_of(split((1, 1))), arms_of(other)
    both = Counter((first[lead]["x"], second[lead]["y"]) for lead in LEAD_IDS)
    assert len(both) == 4
    assert min(both.values()) > len(LEAD_IDS) * 0.2
