"""The score is a fold: disorder and duplicates change nothing, and the reasons add up to the totals."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.activities.activity import Activity
from sodate.leads.lead import Profile
from sodate.scoring.fold import attribute_holds, score
from sodate.scoring.rules import RuleSet, When

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TYPES = ("form_submitted", "mail_opened", "mail_clicked", "unsubscribed", "mail_bounced", "mail_complained")


def rules(*extra: dict[str, Any], threshold: int = 50, cool: int = 20) -> RuleSet:
    base = [
        {"id": "form", "label": "f", "when": {"activity": "form_submitted"}, "points": 10, "max_times": 2},
        {"id": "open", "label": "o", "when": {"activity": "mail_opened"}, "points": 3, "max_times": 5},
        {"id": "click", "label": "c", "when": {"activity": "mail_clicked"}, "points": 7},
        {"id": "price", "label": "p", "when": {"activity": "mail_clicked", "link_contains": "/pricing"}, "points": 15},
        {"id": "gone", "label": "g", "when": {"activity": "unsubscribed"}, "points": -30},
        {"id": "title", "label": "t", "when": {"attribute": "primary.title", "equals": "部長"}, "points": 20},
        {"id": "free", "label": "e", "when": {"attribute": "primary.email", "contains": "@gmail."}, "points": -10},
        {"id": "zero", "label": "z", "when": {"activity": "mail_opened"}, "points": 0},
    ]
    phases = [
        {"id": "aware", "label": "認知"},
        {"id": "interest", "label": "関心", "when": {"total_at_least": 10}},
        {"id": "consider", "label": "検討", "when": {"any": [{"total_at_least": 40}, {
            "activity": {"activity": "mail_clicked", "link_contains": "/pricing"}}]}},
    ]  # fmt: skip
    return RuleSet.model_validate(
        {"hot": {"threshold": threshold, "cool_below": cool}, "rules": [*base, *extra], "phases": phases}
    )


def profile(**primary: Any) -> Profile:
    address = str(primary.pop("email", "a@example.jp"))
    return Profile("l", address, address, "ja", primary=primary)


ACTIVITY = st.builds(
    lambda type_, key, link: Activity(
        "l", type_, NOW + timedelta(minutes=key), f"{type_}-{key}-{link}", {"link": link}
    ),
    st.sampled_from(TYPES),
    st.integers(0, 12),
    st.sampled_from(["", "https://x.jp/pricing", "https://x.jp/demo"]),
)
PEOPLE = st.sampled_from([profile(), profile(title="部長"), profile(email="a@gmail.com", title="課長")])


@given(st.lists(ACTIVITY, max_size=40), PEOPLE, st.integers(0, 2**32), st.booleans())
@settings(max_examples=400, deadline=None)
def test_disorder_and_duplicates_change_nothing(log: list[Activity], who: Profile, seed: int, was_hot: bool) -> None:
    straight = score(who, list({a.key: a for a in log}.values()), rules(), was_hot)
    shuffled = [*log, *log[::2]]
    random.Random(seed).shuffle(shuffled)  # noqa: S311
    assert score(who, shuffled, rules(), was_hot) == straight


@given(st.lists(ACTIVITY, max_size=40), PEOPLE)
@settings(max_examples=300, deadline=None)
def test_the_reasons_add_up_to_the_totals(log: list[Activity], who: Profile) -> None:
    found = score(who, log, rules(), was_hot=False)
    points = [reason.total for reason in found.reasons]
    totals = found.totals
    assert sum(points) == totals.total
    assert sum(p for p in points if p > 0) == totals.attribute_plus + totals.behaviour_plus
    assert sum(p for p in points if p < 0) == totals.attribute_minus + totals.behaviour_minus
    assert totals.attribute_plus >= 0 >= totals.attribute_minus
    by_attribute = [r.total for r in found.reasons if r.rule in ("title", "free")]
    assert sum(by_attribute) == totals.attribute_plus + totals.attribute_minus


@pytest.mark.parametrize(
    ("total", "was_hot", "hot"),
    [(19, True, False), (20, True, True), (49, True, True), (49, False, False), (50, False, True), (20, False, False)],
)
def test_between_the_two_thresholds_a_lead_stays_what_it_was(total: int, was_hot: bool, hot: bool) -> None:
    fixed = rules({"id": "x", "label": "x", "when": {"attribute": "primary.name", "present": True}, "points": total})
    assert score(profile(name="n"), [], fixed, was_hot).hot is hot


@pytest.mark.parametrize(
    ("when", "value", "holds"),
    [
        ({"equals": "ブチョウ"}, "ﾌﾞﾁｮｳ", True),
        ({"equals": "部長"}, " 部長 ", True),
        ({"equals": "ABC"}, "ａｂｃ", True),
        ({"equals": "が"}, "か\u3099", True),
        ({"contains": "株式会社"}, "㈱例示", False),
        ({"contains": "(株)"}, "㈱例示", True),
        ({"any_of": ["課長", "部長"]}, ["一般", "部長"], True),
        ({"any_of": ["課長"]}, None, False),
        ({"equals": "1"}, 1, True),
        ({"present": True}, "", False),
        ({"present": True}, [], False),
        ({"present": False}, None, True),
        ({"present": True}, "x", True),
    ],
)
def test_attributes_are_compared_folded(when: dict[str, Any], value: Any, holds: bool) -> None:
    assert attribute_holds(When.model_validate({"attribute": "primary.x", **when}), value) is holds


def test_the_phase_is_the_last_one_whose_condition_holds() -> None:
    click = Activity("l", "mail_clicked", NOW, "k", {"link": "https://x.jp/pricing"})
    assert score(profile(), [], rules(), was_hot=False).phase == "aware"
    assert score(profile(title="部長"), [], rules(), was_hot=False).phase == "interest"
    assert score(profile(), [click], rules(), was_hot=False).phase == "consider"
