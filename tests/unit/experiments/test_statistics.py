"""Intervals and decisions: against a statistics library, exactly, and over every path of looks."""

import numpy as np
import pytest
from calibration.experiment_statistics import evidence
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom, binomtest
from sodate.experiments import intervals
from sodate.experiments.decision import Arms, Outcome, decide
from sodate.experiments.experiment import Experiment
from sodate.experiments.intervals import Count, always_valid_ratio, difference_interval, rate_interval

LEVELS = (0.05, 0.025, 0.01, 0.005)
RATES = (0.003, 0.01, 0.02, 0.05, 0.1, 0.3, 0.5)


def experiment(**changes: object) -> Experiment:
    body = {"metric": "click", "decide_after_hours": 4, "minimum_per_variant": 50, **changes}
    return Experiment.model_validate(body)


@st.composite
def counts(draw: st.DrawFn) -> Count:
    leads = draw(st.integers(1, 5000))
    return Count(leads, draw(st.integers(0, leads)))


@given(counts(), st.sampled_from(LEVELS))
def test_the_interval_of_a_rate_is_that_of_the_library(count: Count, level: float) -> None:
    expected = binomtest(count.successes, count.leads).proportion_ci(1 - level, method="wilsoncc")
    found = rate_interval(count, level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert evidence(count, None, level).interval.low == pytest.approx(found.low, abs=1e-12)


@pytest.mark.parametrize("sizes", [(50, 50), (100, 1000), (1000, 100), (300, 600), (800, 800)])
def test_the_difference_excludes_zero_by_chance_no_more_often_than_the_level(sizes: tuple[int, int]) -> None:
    """Exactly: every pair of counts, weighted with the library's binomial distribution. Looked at once."""
    for level in LEVELS:
        borders = [_bounds(n, level) for n in sizes]
        (p1, low1, high1), (p2, low2, high2) = borders
        difference = p1[:, None] - p2[None, :]
        low = difference - np.sqrt((p1 - low1)[:, None] ** 2 + (high2 - p2)[None, :] ** 2)
        high = difference + np.sqrt((high1 - p1)[:, None] ** 2 + (p2 - low2)[None, :] ** 2)
        for rate in RATES:
            weight = binom.pmf(np.arange(sizes[0] + 1), sizes[0], rate)[:, None]
            weight = weight * binom.pmf(np.arange(sizes[1] + 1), sizes[1], rate)[None, :]
            assert weight[(low > 0) | (high < 0)].sum() <= level, (level, rate)


def _bounds(leads: int, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = [rate_interval(Count(leads, successes), level) for successes in range(leads + 1)]
    rates = np.arange(leads + 1) / leads
    return rates, np.array([one.low for one in found]), np.array([one.high for one in found])


@given(counts(), counts())
def test_the_difference_is_made_of_both_rates_as_newcombe_says(count: Count, base: Count) -> None:
    own, other = rate_interval(count, 0.05), rate_interval(base, 0.05)
    found, difference = difference_interval(count, base, 0.05), count.rate - base.rate
    assert found.low == pytest.approx(difference - np.hypot(count.rate - own.low, other.high - base.rate))
    assert found.high == pytest.approx(difference + np.hypot(own.high - count.rate, base.rate - other.low))
    mirrored = difference_interval(base, count, 0.05)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from([300, 900, 2700]), st.sampled_from(LEVELS))
def test_the_always_valid_interval_is_that_of_the_library_s_mixture(
    own: int, base: int, leads: int, level: float
) -> None:
    """The ratio 1 is outside exactly when the beta-binomial is 1 / level times as likely as the binomial."""
    found = always_valid_ratio(Count(leads, own), Count(900, base), level)
    share, concentration = leads / (leads + 900), intervals._CONCENTRATION
    mixture = betabinom(own + base, concentration * share, concentration * (1 - share)).logpmf(own)
    factor = mixture - binom(own + base, share).logpmf(own)
    if abs(factor + np.log(level)) > 1e-6:
        assert (not found.low < 1 < found.high) == (factor > -np.log(level))


@pytest.mark.parametrize("sizes", [(2_000, 2_000), (500, 2_000), (200, 200), (100, 300)])
def test_looking_after_every_success_finds_a_false_winner_no_more_often_than_the_level(sizes: tuple[int, int]) -> None:
    """Exactly, for every order of the first 400 successes, or of the success of every lead: a walk over all counts.

    Each lead succeeds at most once, so successes are drawn without replacement.
    """
    level, (leads, others) = 0.05, sizes
    reached, false = {0: 1.0}, 0.0
    for successes in range(1, min(400, leads + others) + 1):
        following: dict[int, float] = {}
        for own, chance in reached.items():
            share = (leads - own) / (leads + others - successes + 1)
            following[own + 1] = following.get(own + 1, 0.0) + chance * share
            following[own] = following.get(own, 0.0) + chance * (1 - share)
        reached = {}
        for own, chance in following.items():
            if not chance:
                continue
            found = always_valid_ratio(Count(leads, own), Count(others, successes - own), level)
            if found.low < 1 < found.high:
                reached[own] = chance
            else:
                false += chance
    assert 0.0 < false <= level


@settings(deadline=None)
@given(st.lists(counts(), min_size=2, max_size=5), st.booleans(), st.booleans())
def test_a_winner_is_better_than_the_default_and_has_the_best_rate(
    found: list[Count], always_valid: bool, at_horizon: bool
) -> None:
    names = [f"v{number}" for number in range(len(found))]
    arms, by_name = Arms(dict.fromkeys(names, 1), "v0"), dict(zip(names, found, strict=True))
    verdict = decide(experiment(always_valid=always_valid), arms, by_name, at_horizon=at_horizon)
    assert verdict.is_final or not at_horizon
    if not always_valid and not at_horizon:
        assert verdict.outcome is Outcome.TOO_EARLY
    if verdict.variant is None:
        return
    assert min(count.leads for count in found) >= 50
    better = [one.variant for one in verdict.comparisons if one.is_better]
    if verdict.variant == "v0":
        assert all(one.is_worse for one in verdict.comparisons)
    else:
        assert verdict.variant in better
        assert by_name[verdict.variant].rate == max(by_name[variant].rate for variant in better)


def test_more_variants_need_a_clearer_difference() -> None:
    plain, other = Count(1000, 50), Count(1000, 72)
    two = decide(experiment(), Arms({"a": 1, "b": 1}, "a"), {"a": plain, "b": other}, at_horizon=True)
    more = {"a": plain, "b": other, **{name: Count(1000, 50) for name in "cdef"}}
    many = decide(experiment(), Arms(dict.fromkeys("abcdef", 1), "a"), more, at_horizon=True)
    assert (two.outcome, many.outcome) == (Outcome.WINNER, Outcome.NO_DIFFERENCE)


def test_a_variant_without_any_lead_decides_nothing() -> None:
    arms = Arms({"a": 1, "b": 1}, "a")
    assert decide(experiment(), arms, {"a": Count(500, 90)}, at_horizon=True).outcome is Outcome.TOO_FEW
    assert decide(experiment(), arms, {}, at_horizon=True).outcome is Outcome.TOO_FEW


def test_the_library_says_what_could_have_been_found() -> None:
    found = evidence(Count(1000, 70), Count(1000, 50), 0.05)
    assert found.p_value == pytest.approx(0.0737, abs=0.001)
    assert found.detectable == pytest.approx(0.0297, abs=0.001)
