"""The scoring engine: incremental updates, in any order and any batches, give the same state as a replay."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.activities.activity import Activity
from sodate.leads.lead import Profile
from sodate.scoring.engine import Late, ScoringEngine
from sodate.scoring.explain import explain
from sodate.scoring.rules import RuleSet, class_of
from sodate.scoring.score_state import ScoreState, dumped, loaded

from tests.support.examples import examples

START = datetime(2026, 11, 24, tzinfo=UTC)
END = START + timedelta(days=400)
TYPES = ("form_submitted", "mail_opened", "mail_clicked", "page_viewed", "unsubscribed", "mail_bounced", "call_made",
         "sales_accepted", "sales_rejected", "deal_won", "deal_lost", "score_adjusted", "activity_judged")  # fmt: skip

RULES: list[dict[str, Any]] = [
    {"id": "form", "label": "f", "when": {"activity": "form_submitted"}, "points": 10, "max_times": 2},
    {"id": "open", "label": "o", "when": {"activity": "mail_opened"}, "points": 3, "group": "mail"},
    {"id": "click", "label": "c", "when": {"activity": "mail_clicked"}, "points": 7, "group": "mail"},
    {"id": "price", "label": "p", "when": {"activity": "mail_clicked", "link_contains": "/pricing"}, "points": 15,
     "half_life_days": 20, "category": "crm", "max_points": 40},
    {"id": "pages", "label": "v", "when": {"activity": "page_viewed", "times": 3, "within_days": 7}, "points": 6,
     "half_life_days": 60, "category": "erp"},
    {"id": "daily", "label": "d", "when": {"activity": "page_viewed", "page": "/demo*"}, "points": 2,
     "per": {"period": "day", "times": 2}},
    {"id": "weekly", "label": "w", "when": {"activity": "page_viewed"}, "points": 1,
     "per": {"period": "week", "times": 3}, "half_life_days": 30},
    {"id": "monthly", "label": "m", "when": {"activity": "call_made"}, "points": 5,
     "per": {"period": "month", "times": 1}},
    {"id": "back", "label": "b", "when": {"activity": "page_viewed"}, "points": 12, "after_absence_days": 30},
    {"id": "gone", "label": "g", "when": {"activity": "unsubscribed"}, "points": -30},
    {"id": "title", "label": "t", "when": {"attribute": "primary.title", "equals": "部長"}, "points": 20},
    {"id": "staff", "label": "s", "when": {"all": [{"attribute": "primary.employees", "at_least": 300},
     {"not": {"attribute": "primary.title", "present": False}}]}, "points": 9, "category": "crm"},
    {"id": "free", "label": "e", "when": {"attribute": "primary.email", "contains": "@gmail."}, "points": -10},
]  # fmt: skip
PHASES: list[dict[str, Any]] = [
    {"id": "aware", "label": "認知"},
    {"id": "interest", "label": "関心", "when": {"score": "total", "at_least": 10}},
    {"id": "consider", "label": "検討", "when": {"any": [{"score": "behaviour", "at_least": 30}, {
        "activity": "mail_clicked", "link_contains": "/pricing"}]},
     "falls_back_when": {"all": [{"score": "total", "less_than": 8}, {"inactive_for_days": 20}]}},
    {"id": "decide", "label": "決定", "when": {"all": [{"score": "total", "category": "crm", "at_least": 20}, {
        "activity": "page_viewed", "times": 2, "within_days": 14}, {"not": {"rank": ["C3"]}}]}},
    {"id": "dormant", "label": "休眠", "when": {"inactive_for_days": 90},
     "falls_back_when": {"not": {"inactive_for_days": 90}}},
]  # fmt: skip


def rule_set(**changes: Any) -> RuleSet:
    body: dict[str, Any] = {
        "hot": {"threshold": 50, "cool_below": 25},
        "rules": RULES,
        "phases": PHASES,
        "groups": [{"id": "mail", "max_points": 24, "half_life_days": 45}],
        "rank": {"fit": {"best": 20, "middle": 5}, "engagement": {"best": 30, "middle": 10}},
        "floor": -20,
        "ceiling": 90,
    }
    return RuleSet.model_validate(body | changes)


SIMPLE = [rule for rule in RULES if "group" not in rule]
ENGINES = [
    ScoringEngine(rule_set()),
    ScoringEngine(rule_set(rules=SIMPLE, groups=[], phases=PHASES[:2], floor=None, ceiling=None)),
    ScoringEngine(
        rule_set(phases=PHASES[:2], hot={"threshold": 30, "cool_below": 10, "needs": {"rank": ["A1", "A2", "B1"]}})
    ),
]


def profile(**primary: Any) -> Profile:
    address = str(primary.pop("email", "a@example.jp"))
    return Profile("l", address, address, "ja", primary=primary, created="2026-11-24T00:00:00.000Z")


PROFILES = st.sampled_from([profile(), profile(title="部長", employees="1,000"), profile(email="a@gmail.com")])


@st.composite
def activities(draw: st.DrawFn) -> Activity:
    type_, minute = draw(st.sampled_from(TYPES)), draw(st.integers(0, 60 * 24 * 300))
    about: dict[str, Any] = {"link": draw(st.sampled_from(["", "https://x.jp/pricing"])),
                             "page": draw(st.sampled_from(["/demo/a", "/blog"]))}  # fmt: skip
    if type_ == "score_adjusted":
        about["points"] = draw(st.integers(-20, 20))
    if type_ == "activity_judged":
        about = {"of": f"{draw(st.integers(0, 30)):016x}", "verdict": draw(st.sampled_from(["robot", "human"]))}
    at = START + timedelta(minutes=minute, milliseconds=draw(st.integers(0, 2)) * 400)
    number = draw(st.integers(0, 30))
    if type_ in ("mail_clicked", "mail_opened") and draw(st.booleans()):
        # Judged when it was logged. A later verdict on it always finds it in the log, so none comes before it here.
        about["verdict"], number = draw(st.sampled_from(["robot", "unsure"])), number + 100
    return Activity("l", type_, at, f"{number:016x}", about)


LOGS = st.lists(activities(), max_size=25, unique_by=lambda one: one.key)


def incremental(
    engine: ScoringEngine, who: Profile, arrivals: list[Activity], sizes: list[int], now: datetime
) -> ScoreState:
    """As the stream does: batches in order of arrival; an activity older than an applied one causes a replay."""
    score_state, log, left = engine.replay(who, [], START), list[Activity](), list(arrivals)
    while left:
        size = sizes[len(log) % len(sizes)]
        batch, left = left[:size], left[size:]
        log += batch
        score_state = loaded(dumped(score_state))  # each batch is another process
        try:
            for activity in sorted((one for one in batch if engine.matters(one)), key=lambda one: one.position):
                engine.add(score_state, activity)
        except Late:
            score_state = engine.replay(who, log, max(one.at for one in log))
    engine.settle(score_state, int(now.timestamp()) // 60)
    return score_state


@pytest.mark.parametrize("engine", ENGINES, ids=["everything", "simple", "needs a rank"])
@given(log=LOGS, who=PROFILES, seed=st.integers(0, 2**32), sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4))
@settings(max_examples=examples(170), deadline=None)
def test_incremental_updates_equal_a_replay(
    engine: ScoringEngine, log: list[Activity], who: Profile, seed: int, sizes: list[int]
) -> None:
    rng = random.Random(seed)  # noqa: S311
    arrivals = sorted([*log, *rng.sample(log, len(log) // 3)], key=lambda one: one.position)
    for _ in range(rng.choice((0, 2, 50))):  # most often nearly in order, sometimes not at all
        if arrivals:
            here = rng.randrange(len(arrivals))
            arrivals.insert(rng.randrange(len(arrivals)), arrivals.pop(here))
    kept, again = incremental(engine, who, arrivals, sizes, END), engine.replay(who, log, END)
    assert kept == again
    assert engine.view(kept, kept.now) == engine.view(again, kept.now)


@pytest.mark.parametrize("engine", ENGINES, ids=["everything", "simple", "needs a rank"])
@given(log=LOGS, who=PROFILES, days=st.integers(0, 400))
@settings(max_examples=examples(100), deadline=None)
def test_the_explanation_adds_up_to_the_totals(
    engine: ScoringEngine, log: list[Activity], who: Profile, days: int
) -> None:
    why = explain(engine, who, log, START + timedelta(days=days))
    overall = why.view.overall
    assert sum(reason.points for reason in why.reasons) + why.adjusted == overall.total
    assert overall.total + why.floor_or_ceiling == why.view.total
    for category, totals in why.view.by_category.items():
        assert sum(reason.points for reason in why.reasons if reason.category == category) == totals.total
    for reason in why.reasons:
        parts = sum((part.now for part in reason.parts), start=reason.rounding_and_cap)
        base = 0 if reason.parts else reason.points - reason.group_cap - reason.rounding_and_cap
        assert parts + base + reason.group_cap == reason.points
        capped = engine.rules.rules[[r.id for r in engine.rules.rules].index(reason.rule)].max_points
        assert capped is not None or abs(reason.rounding_and_cap) <= 1
    assert why.score_state == engine.replay(who, log, START + timedelta(days=days))


@pytest.mark.parametrize("engine", ENGINES, ids=["everything", "simple", "needs a rank"])
@given(log=LOGS, who=PROFILES)
@settings(max_examples=examples(50), deadline=None)
def test_a_class_changes_at_the_minute_that_was_computed(
    engine: ScoringEngine, log: list[Activity], who: Profile
) -> None:
    """Checked at the minutes around the next transition and halfway to it."""
    score_state = engine.replay(who, log, max((one.at for one in log), default=START))
    is_now = engine.class_of(score_state, score_state.now)
    transition = engine.next_transition(score_state)
    last = transition - 1 if transition is not None else score_state.now + 60 * 24 * 5000
    for minute in {score_state.now + 1, (score_state.now + last) // 2, last - 1, last}:
        if score_state.now <= minute <= last:
            assert engine.class_of(score_state, minute) == is_now
    if transition is not None:
        assert engine.class_of(score_state, transition) != is_now


@given(LOGS, PROFILES)
@settings(max_examples=examples(40), deadline=None)
def test_waiting_in_steps_is_waiting_at_once(log: list[Activity], who: Profile) -> None:
    engine = ENGINES[0]
    first = max((one.at for one in log), default=START)
    steps, once = engine.replay(who, log, first), engine.replay(who, log, END)
    for day in range(0, 400, 7):
        engine.settle(steps, int((START + timedelta(days=day)).timestamp()) // 60)
    engine.settle(steps, once.now)
    assert steps == once


def test_a_repeat_and_a_late_activity_are_not_applied() -> None:
    engine, score_state = ENGINES[1], ENGINES[1].replay(profile(), [], START)
    first = Activity("l", "form_submitted", START + timedelta(hours=1), "k1", {})
    engine.add(score_state, first)
    for again in (first, Activity("l", "form_submitted", START + timedelta(minutes=59), "k2", {})):
        with pytest.raises(Late):
            engine.add(score_state, again)
    assert engine.view(score_state, score_state.now).overall.behaviour_plus == 10


def log_of(*facts: tuple[str, float] | tuple[str, float, dict[str, Any]]) -> list[Activity]:
    """(type, day) or (type, day, about)."""
    return [
        Activity("l", fact[0], START + timedelta(days=fact[1]), f"{number:016x}", fact[2] if len(fact) > 2 else {})
        for number, fact in enumerate(facts)
    ]


def total(log: list[Activity], days: float, *rules: dict[str, Any], **changes: Any) -> int:
    body = [{"label": "x", "id": f"r{number}", **rule} for number, rule in enumerate(rules)]
    engine = ScoringEngine(rule_set(rules=body, groups=changes.pop("groups", []), phases=PHASES[:1],
                         floor=changes.pop("floor", None), ceiling=changes.pop("ceiling", None), **changes)
    )  # fmt: skip
    score_state = engine.replay(profile(), log, START + timedelta(days=days))
    return engine.view(score_state, score_state.now).total


VIEW = {"activity": "page_viewed"}


@pytest.mark.parametrize(
    ("rule", "views", "day", "expected"),
    [
        ({"points": 5}, (0, 1, 2), 3, 15),
        ({"points": 5, "max_times": 1}, (0, 1, 2), 3, 5),
        ({"points": 5, "max_points": 12}, (0, 1, 2), 3, 12),
        ({"points": -5, "max_points": 12}, (0, 1, 2), 3, -12),
        ({"points": 8, "half_life_days": 10}, (0,), 0, 8),
        ({"points": 8, "half_life_days": 10}, (0,), 10, 4),
        ({"points": 8, "half_life_days": 10}, (0,), 30, 1),
        ({"points": 8, "half_life_days": 10}, (0,), 60, 0),
        ({"points": 8, "half_life_days": 10}, (0, 10), 10, 12),
        ({"points": 5, "per": {"period": "day", "times": 1}}, (0, 0.1, 1), 3, 10),
        # START is 09:00 in Tokyo: 0.7 days later is the next day there, though not in UTC.
        ({"points": 5, "per": {"period": "day", "times": 1}}, (0, 0.7), 3, 10),
        ({"points": 5, "per": {"period": "week", "times": 1}}, (0, 5, 6), 9, 10),  # Tuesday, Sunday, Monday
        ({"points": 5, "per": {"period": "month", "times": 1}}, (0, 6, 7), 9, 10),  # 24, 30 November, 1 December
        ({"points": 5, "after_absence_days": 30}, (0, 29, 60), 61, 5),
        ({"points": 5, "after_absence_days": 30}, (0,), 61, 0),
    ],
)
def test_how_a_rule_counts(rule: dict[str, Any], views: tuple[float, ...], day: float, expected: int) -> None:
    assert total(log_of(*[("page_viewed", at) for at in views]), day, {"when": VIEW, **rule}) == expected


def test_so_many_within_so_many_days_count_once_and_begin_anew() -> None:
    rule = {"when": {"activity": "page_viewed", "times": 3, "within_days": 7}, "points": 10}
    assert total(log_of(*[("page_viewed", at) for at in (0, 3, 8)]), 9, rule) == 0
    assert total(log_of(*[("page_viewed", at) for at in (0, 3, 6)]), 9, rule) == 10
    assert total(log_of(*[("page_viewed", at) for at in (0, 3, 6, 6.1, 6.2)]), 9, rule) == 10
    assert total(log_of(*[("page_viewed", at) for at in (0, 3, 6, 6.1, 6.2, 6.3)]), 9, rule) == 20


def test_a_group_is_capped_in_the_order_of_its_rules() -> None:
    rules = [{"when": VIEW, "points": 7, "group": "g"}, {"when": {"activity": "call_made"}, "points": 7, "group": "g"}]
    log = log_of(("call_made", 0), ("page_viewed", 1))
    assert total(log, 2, *rules, groups=[{"id": "g", "max_points": 10}]) == 10
    assert total(log, 102, *rules, groups=[{"id": "g", "max_points": 10, "half_life_days": 100}]) == 6


def test_floor_and_ceiling() -> None:
    assert total(log_of(("page_viewed", 0)), 1, {"when": VIEW, "points": -500}, floor=-20) == -20
    assert total(log_of(("page_viewed", 0)), 1, {"when": VIEW, "points": 500}, ceiling=100) == 100


def test_a_robots_click_counts_no_more_and_a_later_verdict_brings_it_back() -> None:
    rule = {"when": {"activity": "mail_clicked"}, "points": 10}
    click = log_of(("mail_clicked", 0))
    robot = ("activity_judged", 1.0, {"of": click[0].key, "verdict": "robot"})
    human = ("activity_judged", 2.0, {"of": click[0].key, "verdict": "human"})
    assert total(click, 3, rule) == 10
    assert total([*click, *log_of(("x", 0), robot)[1:]], 3, rule) == 0
    assert total([*click, *log_of(("x", 0), robot, human)[1:]], 3, rule) == 10


def test_a_manual_adjustment_is_an_activity() -> None:
    log = log_of(("score_adjusted", 0, {"points": 15}), ("score_adjusted", 1, {"points": -5}))
    assert total(log, 2, {"when": VIEW, "points": 1}) == 10


def hot_days(log: list[Activity], engine: ScoringEngine, days: int = 200) -> list[int]:
    result = []
    for day in range(days):
        at = START + timedelta(days=day)
        if engine.replay(profile(), [one for one in log if one.at <= at], at).hot:
            result.append(day)
    return result


def test_hot_rises_at_the_threshold_and_cools_below_the_lower_one() -> None:
    rules = [{"id": "v", "label": "v", "when": VIEW, "points": 30, "half_life_days": 30}]
    engine = ScoringEngine(rule_set(rules=rules, groups=[], phases=PHASES[:1], floor=None, ceiling=None))
    days = hot_days(log_of(("page_viewed", 0), ("page_viewed", 1)), engine)
    assert (days[0], days[-1]) == (1, 39)  # 59.3 points at day 1 are 24.5 after 38.3 days: 24 is below 25
    assert days == list(range(1, 40))


def test_the_nine_ranks_in_three_classes() -> None:
    result = {letter: [r for r in (a + n for a in "ABC" for n in "123") if class_of(r) == letter] for letter in "ABC"}
    assert result == {"A": ["A1", "A2", "B1"], "B": ["A3", "B2", "B3", "C1", "C2"], "C": ["C3"]}


def test_sales_feedback_sets_the_lifecycle_stage() -> None:
    rules = [{"id": "v", "label": "v", "when": VIEW, "points": 60}]
    engine = ScoringEngine(rule_set(rules=rules, groups=[], phases=PHASES[:1], floor=None, ceiling=None))

    def stage(*facts: tuple[str, float]) -> str:
        return engine.replay(profile(), log_of(*facts), END).stage

    hot = ("page_viewed", 0.0)
    assert stage() == "lead"
    assert stage(hot) == "mql"
    assert stage(hot, ("sales_accepted", 1)) == "sql"
    assert stage(hot, ("sales_accepted", 1), ("deal_won", 2)) == "customer"
    assert stage(hot, ("sales_rejected", 1)) == "rejected"
    assert stage(hot, ("sales_rejected", 1), ("page_viewed", 2)) == "rejected"  # still hot: no second rise


def test_phases_go_forward_by_themselves_and_back_by_rule_only() -> None:
    engine = ENGINES[0]
    log = log_of(("form_submitted", 0), ("mail_clicked", 1, {"link": "https://x.jp/pricing"}))

    def phase(day: float) -> str:
        at = START + timedelta(days=day)
        return PHASES[engine.replay(profile(), [one for one in log if one.at <= at], at).phase]["id"]

    assert [phase(day) for day in (0, 1, 30, 92)] == ["interest", "consider", "consider", "dormant"]
    entered = engine.replay(profile(), log, END).phases
    assert [(PHASES[number]["id"], why) for number, _, why in entered] == [
        ("interest", "form_submitted"), ("consider", "mail_clicked"), ("dormant", "time")]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([{"when": VIEW, "points": -5, "half_life_days": 3}], "only points that are earned can fade"),
        ([{"when": {"activity": "page_viewed", "times": 3}, "points": 5}], "go together"),
        ([{"when": {"attribute": "primary.a", "present": True}, "points": 5, "max_times": 3}], "need an `activity`"),
        ([{"when": {"score": "total", "at_least": 3}, "points": 5}], "about attributes"),
        ([{"when": {"attribute": "primary.a", "at_least": 5, "less_than": 5}, "points": 5}], "nothing is at least 5"),
        ([{"when": {"attribute": "primary.a", "equals": "x", "contains": "y"}, "points": 5}], "exactly one of"),
        ([{"when": {"colour": "red"}, "points": 5}], "write exactly one of"),
        (
            [{"when": {"attribute": "primary.a", "present": True, "activity": "page_viewed"}, "points": 5}],
            "exactly one",
        ),
        ([{"when": VIEW, "points": 5, "group": "none"}], "not in `groups`"),
    ],
)
def test_a_rule_that_makes_no_sense_is_rejected(rules: list[dict[str, Any]], message: str) -> None:
    body = [{"label": "x", "id": f"r{number}", **rule} for number, rule in enumerate(rules)]
    with pytest.raises(ValueError, match=message):
        rule_set(rules=body, groups=[])


def test_a_state_of_the_previous_release_is_read() -> None:
    """It packed attribute rules and predicates into one list and began the minutes of a match with their count."""
    old = '{"l":"x","s":7,"n":9,"c":{"1":[3000000,7,1]},"m":{"0":[5,6,7]},"a":[10,1000,1002],"h":1,"r":"A1","p":1}'
    score_state = loaded(old)
    assert score_state.predicate_matches == {0: [6, 7]}
    assert (score_state.matching_rules, score_state.matching_predicates) == ({10}, {0, 2})
    assert loaded(dumped(score_state)) == score_state
