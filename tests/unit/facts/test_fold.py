"""The fold of the log into facts: what is kept for which predicate, and what a replay gives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sodate.activities.activity import Activity
from sodate.conditions.language import Condition
from sodate.facts.fold import FactFold, Late, predicate_key
from sodate.facts.lead_facts import LeadFacts, dumped, loaded

START = datetime(2026, 11, 26, tzinfo=UTC)
MINUTE = int(START.timestamp()) // 60


def condition(**keys: Any) -> Any:
    return TypeAdapter(Condition).validate_python(keys)


def activity(number: int, type_: str = "mail_clicked", **about: str) -> Activity:
    return Activity("l", type_, START + timedelta(minutes=number), f"{number:016x}", about)


def test_conditions_that_match_the_same_share_a_fact_which_keeps_what_the_strictest_asks_for() -> None:
    once, thrice = condition(activity="mail_clicked"), condition(activity="mail_clicked", times=3, within_days=9)
    other = condition(activity="mail_clicked", template="a")
    assert predicate_key(once) == predicate_key(thrice) != predicate_key(other)
    facts, fold = LeadFacts(), FactFold([once, thrice, other])
    for number in range(5):
        fold.add(facts, activity(number))
    assert facts.matches[predicate_key(once)].latest == [MINUTE + 2, MINUTE + 3, MINUTE + 4]
    assert facts.matches[predicate_key(once)].first == MINUTE
    assert predicate_key(other) not in facts.matches


def test_what_no_condition_mentions_is_not_recorded() -> None:
    fold = FactFold([condition(activity="mail_clicked")])
    assert not fold.matters(activity(1, "page_viewed"))
    assert FactFold([condition(inactive_for_days=3)]).matters(activity(1, "page_viewed"))
    assert not FactFold([condition(inactive_for_days=3)]).matters(activity(1, "mail_bounced"))


@pytest.mark.parametrize("again", [activity(3), activity(2)], ids=["repeated", "late"])
def test_a_repeat_and_a_late_activity_ask_for_a_replay(again: Activity) -> None:
    fold, facts = FactFold([condition(activity="mail_clicked")]), LeadFacts()
    fold.add(facts, activity(3))
    with pytest.raises(Late):
        fold.add(facts, again)


def test_a_replay_in_any_order_with_repeats_gives_the_same_and_leaves_robots_out() -> None:
    fold = FactFold([condition(activity="mail_clicked", times=2), condition(inactive_for_days=1)])
    verdict = activity(9, "activity_judged", of=f"{2:016x}", verdict="robot")
    log = [activity(1), activity(2), activity(3), verdict]
    facts = fold.replay([*reversed(log), *log])
    assert facts == fold.replay(log)
    assert facts.matches[predicate_key(condition(activity="mail_clicked"))].latest == [MINUTE + 1, MINUTE + 3]


def test_facts_are_read_back_as_they_were_written() -> None:
    fold = FactFold([condition(activity="mail_clicked", times=2)])
    facts = fold.replay([activity(1), activity(2), activity(4, "segment_added", segment="fair")])
    facts.segments = {"fair": MINUTE}
    assert loaded(dumped(facts)) == facts
    assert loaded("{}") == LeadFacts()
