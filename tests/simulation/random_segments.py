"""Random definitions for the simulation of facts: segments that ask for each kind of predicate, and scoring rules."""

import random
from collections.abc import Callable
from typing import Any

from tests.unit.scoring.test_scoring_engine import RULES, rule_set

Json = dict[str, Any]
#: A segment without a condition: a list.
LIST = "listed"
ACTIVITIES = ("form_submitted", "mail_opened", "mail_clicked", "page_viewed", "seminar_attended", "call_made")
LINKS, PAGES, SEMINARS = ("", "https://x.jp/pricing"), ("/demo/a", "/blog"), ("spring", "autumn")


def activity(rng: random.Random) -> Json:
    type_ = rng.choice(ACTIVITIES)
    more: list[Json] = [{}, {}, {"within_days": rng.randint(1, 14)}, {"first_within_days": rng.randint(1, 20)}]
    narrow: dict[str, list[Json]] = {
        "mail_clicked": [{}, {"link_contains": "/pricing"}],
        "page_viewed": [{}, {"page": "/demo*"}],
        "seminar_attended": [{}, {"seminar": rng.choice(SEMINARS)}],
    }
    return {"activity": type_, "times": rng.randint(1, 3), **rng.choice(more), **rng.choice(narrow.get(type_, [{}]))}


def _did_not(rng: random.Random) -> Json:
    return {"all": [activity(rng), {"not": activity(rng)}]}


def _attribute(rng: random.Random) -> Json:
    begin = rng.randint(-5, 10)
    tests: list[Json] = [
        {"attribute": "primary.prefecture", "equals": "東京都"},
        {"attribute": "primary.title", "present": rng.random() < 0.5},
        {"attribute": "primary.employees", "at_least": 300},
        {"attribute": "primary.renewal", "in_days": {"at_least": begin, "less_than": begin + rng.randint(1, 10)}},
        {"attribute": "primary.renewal", "in_days": {"less_than": begin}},
    ]
    return rng.choice(tests)


def _score(rng: random.Random) -> Json:
    which = rng.choice(("total", "attribute", "behaviour", "behaviour_plus", "behaviour_minus"))
    category = {"category": rng.choice(("crm", "erp"))} if rng.random() < 0.3 else {}
    least = rng.randint(1, 40)
    bounds: list[Json] = [{"at_least": least}, {"less_than": least}, {"at_least": least, "less_than": least + 20}]
    return {"score": which, **category, **rng.choice(bounds)}


def _class(rng: random.Random) -> Json:
    ranks = [fit + engagement for fit in "ABC" for engagement in "123"]
    classes: list[Json] = [
        {"rank": rng.sample(ranks, 3)},
        {"phase": rng.sample(["aware", "interest", "consider", "decide", "dormant"], 2)},
        {"stage": rng.sample(["lead", "mql", "sql", "customer", "lost"], 2)},
    ]
    return rng.choice(classes)


def _contact(rng: random.Random) -> Json:
    return rng.choice([{"consent": "news"}, {"consent": "news", "state": "withdrawn"}, {"blocked": rng.random() < 0.5}])


def _time(rng: random.Random) -> Json:
    return {"inactive_for_days": rng.randint(1, 15)}


def _bucket(rng: random.Random) -> Json:
    return {"bucket": "half", "less_than": rng.choice((30, 50, 80))}


#: `activity` comes often: counts in windows are what facts are kept for.
_LEAVES: tuple[Callable[[random.Random], Json], ...] = (
    activity, activity, activity, _did_not, _attribute, _score, _score, _class, _contact, _time, _bucket,
)  # fmt: skip


def condition(rng: random.Random, others: list[str], depth: int = 0) -> Json:
    """`others`: segments that it may ask for."""
    if depth < 2 and rng.random() < 0.35:
        parts = [condition(rng, others, depth + 1) for _ in range(rng.randint(2, 3))]
        return rng.choice([{"all": parts}, {"any": parts}, {"not": parts[0]}])
    if others and rng.random() < 0.2:
        return {"segment": rng.choice(others)}
    return rng.choice(_LEAVES)(rng)


def of_today(rng: random.Random, others: list[str]) -> Json:
    """For a branch: a segment may not ask for the weekday or a holiday."""
    today = [{"weekday": rng.sample(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], 3)}, {"holiday": True}]
    return {rng.choice(("all", "any")): [rng.choice(today), condition(rng, others)]}


def segments(rng: random.Random, before: list[Json] | None = None) -> list[Json]:
    """New ones, or what an edit makes of those before: some go, some ask for something else, some are new."""
    result: list[Json] = []
    for number in range(rng.randint(4, 10)):
        others = [one["id"] for one in result]
        old = next((one for one in before or () if one["id"] == f"s{number}" and rng.random() < 0.7), None)
        kept = old if old is not None and _references(old) <= set(others) else None
        result.append(kept or {"id": f"s{number}", "when": condition(rng, others)})
    return [*result, {"id": LIST, "when": None}]


def rules(rng: random.Random) -> Json:
    """Points change from version to version."""
    changed = [{**rule, "points": rule["points"] + rng.choice((0, 0, 4))} for rule in RULES]
    return rule_set(rules=changed).model_dump(mode="json")


def _references(part: Any) -> set[str]:
    if isinstance(part, list):
        return set[str]().union(*map(_references, part))
    if not isinstance(part, dict):
        return set()
    own = {part["segment"]} if isinstance(part.get("segment"), str) else set()
    return own.union(*map(_references, part.values()))
