"""What never holds and what always does: certain when it is said, compared with the evaluator of production."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.activities.activity import Activity
from sodate.authoring.lead_fields import LeadField
from sodate.authoring.lint.conditions import always, never
from sodate.authoring.lint.possible import Schema, can_be
from sodate.conditions.language import Condition, ScoreTest
from sodate.conditions.one_line_parser import parse_one_line
from sodate.conditions.one_line_printer import print_one_line
from sodate.facts.evaluation import LeadView, Sources
from sodate.facts.fold import FactFold
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile

from tests.support.examples import examples
from tests.unit.conditions.trees import CONDITION, trees

SCHEMA = Schema(
    {
        "primary.title": LeadField(frozenset({"text"}), frozenset({"部長", "staff", "100"})),
        "primary.size": LeadField(frozenset({"number"}), None),
        "primary.note": LeadField(frozenset({"text"}), None),
        "secondary.day": LeadField(frozenset({"date"}), None),
        "secondary.tags": LeadField(frozenset({"set"}), None),
        "secondary.plans": LeadField(frozenset({"set"}), frozenset({"a", "b", "5"})),
    },
    frozenset({"new", "warm"}),
)
NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)


def tree(line: str) -> Condition:
    return CONDITION.validate_python(parse_one_line(line))


NEVER = [
    "primary.size >= 10 and primary.size < 5",
    "primary.size >= 10 and not primary.size >= 5",
    "primary.size = 3 and primary.size >= 5",
    "primary.note = a and primary.note = b",
    "primary.note = a and not primary.note contains a",
    "primary.note contains ab and not primary.note contains b",
    "primary.note in (a, b) and primary.note in (c, d)",
    "primary.note has all (a, b)",
    "primary.note is present and primary.note is not present",
    "primary.note = a and primary.note is not present",
    "primary.title = boss",
    "primary.title = 部長 and primary.title = staff",
    "primary.title is present and not primary.title in (部長, staff, 100)",
    "primary.title >= 101",
    "secondary.day >= 2027-01-01 and secondary.day < 2026-01-01",
    "days_until(secondary.day) < 0 and days_until(secondary.day) >= 30",
    "secondary.tags has all (a, b) and not secondary.tags = b",
    "secondary.tags = a and not secondary.tags contains a",
    "secondary.plans = c",
    "secondary.plans is present and not secondary.plans in (a, b, 5)",
    "source.utm_source = a and source.utm_source is not present",
    "score >= 40 and score < 30",
    "score(crm) >= 40 and not score(crm) >= 30",
    "rank = A1 and rank in (B1, C1)",
    "not rank in (A1, A2, A3, B1, B2, B3, C1, C2, C3)",
    "phase = new and phase = warm",
    "not phase in (new, warm)",
    "stage = lead and stage = mql",
    "weekday = sat and not weekday in (sat, sun)",
    "holiday and not holiday",
    "not (blocked or not blocked)",
    "consent(news) and consent(news) = withdrawn",
    "segment(a) and not segment(a)",
    "bucket(x) >= 100",
    "bucket(x) < 50 and bucket(x) >= 50",
    "inactive for 90 days and not inactive for 30 days",
    "inactive for 90 days and did mail_clicked within 30 days",
    "did mail_clicked 3 times within 7 days and not did mail_clicked",
    "did mail_clicked(template = a) and not did mail_clicked",
    "did mail_clicked(link contains pricing) and not did mail_clicked(link contains price) and"
    " not did mail_clicked(link contains pric)",
    "did mail_clicked first within 3 days and not did mail_clicked within 3 days",
    "primary.note = a and days_until(primary.note) < 5",
    "secondary.tags has all (a, a) and not secondary.tags has all (a)",
    "bucket(x) >= 50.001 and bucket(x) < 50.009",
    "did mail_clicked within 3 days and not did mail_clicked within 7 days",
    "did mail_clicked within 30 days first within 3 days and not did mail_clicked within 10 days",
    "(segment(a) or segment(b)) and not segment(a) and not segment(b)",
    "(rank = A1 or score >= 5) and not rank = A1 and score < 5",
]
POSSIBLE = [
    "primary.note is present and not primary.note < 2026-01-01 and not primary.note >= 2026-01-01",
    "primary.note is present and not primary.note < 5 and not primary.note >= 5",
    "primary.note is present and not days_until(primary.note) < 5 and not days_until(primary.note) >= 5",
    "primary.note = a and not days_until(primary.note) < 5",
    "primary.note = 2026-01-01 and days_until(primary.note) < 5",
    "primary.note = 2026-01-01 and not days_until(primary.note) < 5",
    "bucket(x) >= 50 and bucket(x) < 50.01",
    "did mail_clicked within 7 days and not did mail_clicked within 3 days",
    "source.utm_source = a and source.utm_source = b",
    "secondary.tags >= 10 and secondary.tags < 5",
    "secondary.tags = a and secondary.tags = b and not secondary.tags has all (a, b, c)",
    "secondary.plans has all (a, b)",
    "primary.note contains a and primary.note contains b and not primary.note contains ab",
    "primary.note = ａ and primary.note contains A",
    "primary.note >= 10",
    "primary.title >= 100 and primary.title contains 00",
    "not primary.size >= 5 and not primary.size < 5",
    "secondary.day < 2026-01-01 and days_until(secondary.day) >= 0",
    "did mail_clicked(template = a) and not did mail_clicked(template = b)",
    "did mail_clicked and not did mail_clicked within 7 days",
    "did mail_clicked(template = a) first within 3 days and not did mail_clicked first within 3 days",
    "did mail_bounced within 3 days and inactive for 90 days",
    "inactive for 30 days and not inactive for 90 days",
    "score.behaviour >= 5 and score < 5",
    "consent(news) and consent(other) = withdrawn",
]
ALWAYS = [
    "segment(a) or not segment(a)",
    "weekday in (mon, tue, wed, thu, fri, sat, sun)",
    "phase in (new, warm)",
    "bucket(x) < 100",
    "score >= 5 or score < 10",
    "primary.note is present or primary.note is not present",
    "not (primary.size >= 5 and primary.size < 3)",
]


@pytest.mark.parametrize("line", NEVER)
def test_what_no_lead_can_fulfil_is_seen(line: str) -> None:
    assert not can_be(tree(line), True, SCHEMA)
    assert can_be(tree(line), False, SCHEMA)


@pytest.mark.parametrize("line", POSSIBLE)
def test_what_some_lead_can_fulfil_is_left_alone(line: str) -> None:
    assert can_be(tree(line), True, SCHEMA)


@pytest.mark.parametrize("line", ALWAYS)
def test_what_every_lead_fulfils_is_seen(line: str) -> None:
    assert not can_be(tree(line), False, SCHEMA)
    assert can_be(tree(line), True, SCHEMA)


@pytest.mark.parametrize(
    ("line", "places", "shown"),
    [
        ("segment(a) and (score >= 5 and score < 3 or blocked)", [("all", 1, "any", 0)], ["score >= 5 and score < 3"]),
        ("bucket(x) >= 100 and segment(a)", [("all", 0)], ["bucket(x) >= 100"]),
        ("bucket(x) >= 100 or bucket(x) < 0", [("any", 0), ("any", 1)], ["bucket(x) >= 100", "bucket(x) < 0"]),
        ("not (score >= 5 or score < 9)", [()], ["not (score >= 5 or score < 9)"]),
        ("not (score >= 5 and score < 3)", [], []),
    ],
)
def test_the_smallest_parts_that_never_hold_are_named(line: str, places: list[Any], shown: list[str]) -> None:
    found = list(never((), tree(line), SCHEMA))
    assert [place for place, _ in found] == places
    assert [print_one_line(part) for _, part in found] == shown


def test_the_largest_parts_that_always_hold_are_named() -> None:
    (found,) = always((), tree("segment(a) and (score >= 5 or score < 9 or bucket(x) < 100)"), SCHEMA)
    assert found[0] == ("all", 1)
    assert list(always((), tree("blocked and not (score >= 5 or score < 9)"), SCHEMA)) == []


def pigeons(number: int) -> Condition:
    """Each pigeon is in one of the holes, of which there is one too few; no two share a hole. Hard to refute."""
    holes = range(number - 1)
    somewhere = [{"any": [{"segment": f"{pigeon}-{hole}"} for hole in holes]} for pigeon in range(number)]
    alone = [
        {"not": {"all": [{"segment": f"{one}-{hole}"}, {"segment": f"{other}-{hole}"}]}}
        for hole in holes
        for one in range(number)
        for other in range(one)
    ]
    parts = [*somewhere, *alone]
    return CONDITION.validate_python({"all": [{"all": parts[n : n + 30]} for n in range(0, len(parts), 30)]})


def test_a_question_that_takes_too_long_is_left_open() -> None:
    """It is impossible for nine, too: whoever answers that has searched on."""
    assert not can_be(pigeons(4), True, SCHEMA)
    assert can_be(pigeons(9), True, SCHEMA)


_SMALL = st.integers(-1, 3)
_SPAN = st.sampled_from(
    [{"at_least": 0}, {"at_least": 2}, {"less_than": 0}, {"less_than": 2}, {"at_least": 0, "less_than": 2}]
)
_TEXT = st.sampled_from(["a", "b", "ab", "部長", "staff", "1"])
_SETS = st.lists(_TEXT, min_size=1, max_size=2)
_TESTS = st.one_of(
    _TEXT.map(lambda text: {"equals": text}),
    _TEXT.map(lambda text: {"contains": text}),
    _SETS.map(lambda texts: {"any_of": texts}),
    _SETS.map(lambda texts: {"all_of": texts}),
    st.booleans().map(lambda present: {"present": present}),
    _SPAN,
    st.sampled_from([{"on_or_after": "2026-11-26"}, {"before": "2026-11-26"}, {"before": "2026-11-27"}]),
    _SPAN.map(lambda days: {"in_days": days}),
)
_BEHAVIOUR = st.fixed_dictionaries(
    {"activity": st.sampled_from(["mail_clicked", "mail_bounced"])},
    optional={
        "template": st.sampled_from(["a", "b"]),
        "link_contains": st.sampled_from(["x", "xy"]),
        "times": st.integers(1, 2),
        "within_days": st.integers(1, 3),
        "first_within_days": st.integers(1, 3),
    },
)
_PATHS = st.sampled_from([*SCHEMA.fields, "source.utm_source"])
_VOCABULARY = st.one_of(
    st.tuples(_PATHS, _TESTS).map(lambda pair: {"attribute": pair[0], **pair[1]}),
    _BEHAVIOUR,
    st.integers(1, 3).map(lambda days: {"inactive_for_days": days}),
    _SPAN.map(lambda span: {"score": "total", **span}),
    st.sampled_from([{"rank": ["A1"]}, {"rank": ["A1", "B2"]}, {"phase": ["new"]}, {"phase": ["warm"]}]),
    st.sampled_from([{"stage": ["lead"]}, {"stage": ["mql", "lead"]}, {"blocked": True}, {"holiday": True}]),
    st.sampled_from([{"consent": "news"}, {"consent": "news", "state": "none"}, {"segment": "s"}]),
    st.sampled_from([{"weekday": ["thu"]}, {"weekday": ["thu", "fri"]}, {"bucket": "x", "less_than": 50}]),
)


@dataclass(frozen=True)
class FakeScore:
    total: float
    rank: str
    phase: str
    stage: str

    def holds(self, test: ScoreTest, minute: int) -> bool:
        return test.includes(self.total)

    def changes(self, test: ScoreTest, minute: int) -> int | None:
        return None


_VALUES = {
    "primary.title": st.sampled_from([None, "部長", "staff", "100"]),
    "primary.size": st.none() | _SMALL,
    "primary.note": st.sampled_from([None, "a", "ba", "ab", "1", "２", "2026-11-26"]),
    "secondary.day": st.none() | st.integers(24, 30).map(lambda day: f"2026-11-{day}"),
    "secondary.tags": st.lists(st.sampled_from(["a", "b", "ab", "0", "5", "2026-11-25", "2026-11-28"]), max_size=3),
    "secondary.plans": st.lists(st.sampled_from(["a", "b", "5"]), max_size=3),
    "source.utm_source": st.sampled_from([None, "a", "ab", ["a", "b"]]),
}
_ACTIVITIES = st.lists(
    st.tuples(
        st.sampled_from(["mail_clicked", "mail_bounced", "page_viewed"]),
        st.integers(0, 5 * 24),
        st.fixed_dictionaries({}, optional={"template": st.sampled_from(["a", "b"]), "link": st.just("/xy")}),
    ),
    max_size=4,
)


@st.composite
def leads(draw: st.DrawFn) -> tuple[Profile, ContactState, FakeScore, list[Activity], set[str], datetime]:
    values = {path: draw(value) for path, value in _VALUES.items()}
    groups: dict[str, dict[str, Any]] = {"primary": {}, "secondary": {}, "source": {}}
    for path, value in values.items():
        groups[path.partition(".")[0]][path.partition(".")[2]] = value
    topics: dict[str, Any] = draw(st.sampled_from([{}, {"news": "confirmed"}, {"news": "withdrawn"}]))
    contact = ContactState("l", "m", blocked=draw(st.sampled_from([None, "complaint"])), topics=topics)
    score = FakeScore(
        draw(_SMALL), draw(st.sampled_from(["A1", "B2", "C3"])),
        draw(st.sampled_from(["new", "warm"])), draw(st.sampled_from(["lead", "mql", "lost"])),
    )  # fmt: skip
    log = [
        Activity("l", type_, NOW - timedelta(hours=hours), f"{number:016x}", about)
        for number, (type_, hours, about) in enumerate(draw(_ACTIVITIES))
    ]
    now = NOW + timedelta(days=draw(st.integers(0, 1)))
    profile = Profile(draw(st.sampled_from(["l", "l2", "l3"])), "m", "a@example.jp", "ja", **groups)
    return profile, contact, score, log, draw(st.sampled_from([set(), {"s"}])), now


@given(trees(_VOCABULARY, 2).map(CONDITION.validate_python), st.lists(leads(), min_size=4, max_size=8))
@settings(max_examples=examples(100), deadline=None)
def test_no_lead_gives_an_answer_that_is_called_impossible(condition: Condition, samples: list[Any]) -> None:
    possible = {wanted: can_be(condition, wanted, SCHEMA) for wanted in (True, False)}
    for profile, contact, score, log, members, now in samples:
        sources = Sources(lambda p=profile: p, lambda c=contact: c, lambda s=score: s)  # type: ignore[misc]
        minute = int(now.timestamp()) // 60
        facts = FactFold([condition]).replay(log)
        view = LeadView(profile.lead_id, facts, members, minute, sources, "Asia/Tokyo", "JP")
        assert possible[view.holds(condition)], print_one_line(condition)
