"""Attribution: the shares of a deal are the deal, exactly, under every model, in any order of what is given."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.campaigns.attribution import divided, shares_of
from sodate.campaigns.attribution_rules import AttributionModel, AttributionRules, Weights
from sodate.campaigns.touch import Touch
from sodate.money import Money

from tests.support.campaigning import day, won_deal

RULES = AttributionRules(
    weights=Weights(first=Decimal(50), last=Decimal("12.5"), others=Decimal("37.5")), half_life_days=7
)
MODELS = list(AttributionModel)
LEADS = ("L1", "L2", "L3")
touches = st.lists(
    st.builds(
        Touch,
        lead_id=st.sampled_from(LEADS),
        key=st.text("abcdef", min_size=1, max_size=2),
        at=st.integers(-20, 60).map(lambda number: day(number / 2)),
    ),
    max_size=12,
)
amounts = st.integers(0, 10**12)


def touch(key: str, at: float, lead: str = "L1") -> Touch:
    return Touch(lead, key, day(at))


def parts(
    model: AttributionModel, *keys: tuple[str, float], amount: int = 1000, became: float | None = None
) -> dict[str, int]:
    deal = won_deal(money=Money("JPY", amount))
    lead = None if became is None else day(became)
    shares = shares_of(deal, [touch(key, at) for key, at in keys], model, RULES, lead)
    return {share.touch.key if share.touch else "": share.amount for share in shares}


@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None)
@given(found=touches, amount=amounts)
def test_the_shares_are_the_deal_exactly(model: AttributionModel, found: list[Touch], amount: int) -> None:
    deal = won_deal(money=Money("JPY", amount), leads=LEADS)
    shares = shares_of(deal, found, model, RULES, day(3))
    assert sum(share.amount for share in shares) == amount
    assert sum(share.part for share in shares) == 1
    assert all(share.amount >= 0 for share in shares)


@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None)
@given(found=touches, amount=amounts, data=st.data())
def test_order_and_repeats_change_nothing(
    model: AttributionModel, found: list[Touch], amount: int, data: st.DataObject
) -> None:
    deal = won_deal(money=Money("JPY", amount), leads=LEADS)
    shuffled = data.draw(st.permutations([*found, *found[:3]]))
    assert shares_of(deal, shuffled, model, RULES, day(3)) == shares_of(deal, found, model, RULES, day(3))


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12), st.lists(st.integers(1, 1000), min_size=1, max_size=20))
def test_no_part_is_further_than_one_unit_from_its_exact_share(amount: int, weights: list[int]) -> None:
    found = divided(amount, [Fraction(weight) for weight in weights])
    assert sum(found) == amount
    assert all(
        abs(part - Fraction(amount * weight, sum(weights))) < 1 for part, weight in zip(found, weights, strict=True)
    )


def test_each_model_by_hand() -> None:
    path = (("a", 1), ("b", 5), ("c", 19), ("d", 30))  # opened on day 20, won on day 40; a lead since day 5
    assert parts(AttributionModel.FIRST, *path) == {"a": 1000}
    assert parts(AttributionModel.LAST, *path) == {"d": 1000}
    assert parts(AttributionModel.LINEAR, *path) == {"a": 250, "b": 250, "c": 250, "d": 250}
    assert parts(AttributionModel.U, *path) == {"a": 400, "b": 100, "c": 100, "d": 400}
    assert parts(AttributionModel.W, *path, became=5) == {"a": 300, "b": 300, "c": 300, "d": 100}
    five = (*path[:3], ("x", 25), path[3])
    assert parts(AttributionModel.FULL_PATH, *five, became=5) == {"a": 225, "b": 225, "c": 225, "x": 100, "d": 225}
    assert parts(AttributionModel.OWN, *path) == {"a": 500, "b": 188, "c": 187, "d": 125}
    assert parts(AttributionModel.TIME_DECAY, ("a", 16), ("b", 23), ("c", 30), amount=700) == {
        "a": 100,
        "b": 200,
        "c": 400,
    }


@pytest.mark.parametrize("model", MODELS)
def test_one_touch_gets_everything_and_no_touch_leaves_the_deal_unattributed(model: AttributionModel) -> None:
    assert parts(model, ("a", 3), amount=999) == {"a": 999}
    assert parts(model, amount=999) == {"": 999}


def test_two_touches_of_u_share_evenly_and_the_odd_unit_goes_to_the_first() -> None:
    assert parts(AttributionModel.U, ("a", 1), ("b", 2), amount=101) == {"a": 51, "b": 50}


def test_touches_of_one_instant_keep_a_fixed_order() -> None:
    assert parts(AttributionModel.FIRST, ("b", 1), ("a", 1)) == {"a": 1000}


def test_touches_before_the_lookback_after_the_close_and_of_strangers_do_not_count() -> None:
    rules = RULES.model_copy(update={"lookback_days": 10})
    found = [touch("old", 9.9), touch("in", 10), touch("late", 40.1), touch("stranger", 15, lead="L9")]
    shares = shares_of(won_deal(), found, AttributionModel.LINEAR, rules)
    assert [share.touch.key for share in shares if share.touch] == ["in"]


def test_a_lead_with_a_hundred_thousand_touches_is_attributed_exactly() -> None:
    found = [Touch("L1", f"{number:06}", day(0) + timedelta(seconds=number)) for number in range(100_000)]
    for model in (AttributionModel.W, AttributionModel.TIME_DECAY):
        shares = shares_of(won_deal(money=Money("JPY", 10_000_019)), found, model, RULES)
        assert sum(share.amount for share in shares) == 10_000_019
