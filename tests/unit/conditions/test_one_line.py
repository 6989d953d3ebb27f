"""A condition on one line is the tree that YAML gives, both ways; what is wrong is said with its column."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.conditions.language import DEEPEST, KINDS, Condition
from sodate.conditions.one_line_parser import MOST_CHARACTERS, parse_one_line
from sodate.conditions.one_line_printer import print_one_line
from sodate.conditions.one_line_tokens import OneLineError

from tests.unit.conditions.trees import CONDITION, CONDITIONS

PREFECTURE: dict[str, Any] = {"attribute": "primary.prefecture", "equals": "東京都"}
A, B, C = {"segment": "a"}, {"segment": "b"}, {"segment": "c"}
LINES: dict[str, dict[str, Any]] = {
    'primary.prefecture = "東京都" and score(real-estate) >= 130 and not blocked': {
        "all": [PREFECTURE, {"score": "total", "category": "real-estate", "at_least": 130}, {"blocked": False}]
    },
    "primary.prefecture = 「東京都」": PREFECTURE,
    "primary.prefecture　=　“東京都”": PREFECTURE,
    "primary.prefecture = '東京都'": PREFECTURE,
    "primary.prefecture = 東京都": PREFECTURE,
    r'primary.note contains "a \"b\" \\"': {"attribute": "primary.note", "contains": 'a "b" \\'},
    'primary.title in ("部長", "課長")': {"attribute": "primary.title", "any_of": ["部長", "課長"]},
    'secondary.interest has all ("a", "b")': {"attribute": "secondary.interest", "all_of": ["a", "b"]},
    "primary.company is present": {"attribute": "primary.company", "present": True},
    "primary.company is not present": {"attribute": "primary.company", "present": False},
    "primary.employees >= 100 and < 300.5": {"attribute": "primary.employees", "at_least": 100, "less_than": 300.5},
    "primary.employees < -5": {"attribute": "primary.employees", "less_than": -5},
    "secondary.renewal >= 2027-03-31 and < 2027-05-01": {
        "attribute": "secondary.renewal", "on_or_after": "2027-03-31", "before": "2027-05-01",
    },
    "days_until(secondary.renewal) >= 0 and < 30": {
        "attribute": "secondary.renewal", "in_days": {"at_least": 0, "less_than": 30},
    },
    "score >= 40": {"score": "total", "at_least": 40},
    "score.behaviour_plus(crm) < 3": {"score": "behaviour_plus", "category": "crm", "less_than": 3},
    "rank = A1": {"rank": ["A1"]},
    "rank in (A1, B1)": {"rank": ["A1", "B1"]},
    "phase = warm": {"phase": ["warm"]},
    "stage in (mql, sql)": {"stage": ["mql", "sql"]},
    "weekday in (mon, tue)": {"weekday": ["mon", "tue"]},
    "consent(news)": {"consent": "news"},
    "consent(news) = withdrawn": {"consent": "news", "state": "withdrawn"},
    "blocked": {"blocked": True},
    "not (blocked)": {"not": {"blocked": True}},
    "holiday or not holiday": {"any": [{"holiday": True}, {"holiday": False}]},
    "segment(vip)": {"segment": "vip"},
    "bucket(test-1) < 50": {"bucket": "test-1", "less_than": 50},
    "inactive for 90 days": {"inactive_for_days": 90},
    "did call_made": {"activity": "call_made"},
    "did booth_visit(exhibition = spring, minutes >= 30 and < 60, form = ask) within 7 days": {
        "activity": "booth_visit", "form": "ask", "within_days": 7,
        "fields": {"exhibition": "spring", "minutes": {"at_least": 30, "less_than": 60}},
    },
    "did survey_answered(nps >= 9)": {"activity": "survey_answered", "fields": {"nps": {"at_least": 9}}},
    'did page_viewed(page = "/pricing*") 2 times within 7 days': {
        "activity": "page_viewed", "page": "/pricing*", "times": 2, "within_days": 7,
    },
    'did mail_clicked(template = first, link contains "/x", same seminar) first within 1 day and blocked': {
        "all": [
            {
                "activity": "mail_clicked", "template": "first", "link_contains": "/x", "same_key": "seminar",
                "first_within_days": 1,
            },
            {"blocked": True},
        ]
    },
    "segment(a) or segment(b) and segment(c)": {"any": [A, {"all": [B, C]}]},
    "(segment(a) or segment(b)) and segment(c)": {"all": [{"any": [A, B]}, C]},
    "(segment(a) and segment(b)) and ((segment(c)))": {"all": [{"all": [A, B]}, C]},
    "not segment(a) and segment(b)": {"all": [{"not": A}, B]},
    "all(segment(a)) or any(segment(b), segment(c))": {"any": [{"all": [A]}, {"any": [B, C]}]},
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_the_tree_that_yaml_gives(line: str) -> None:
    assert parse_one_line(line) == LINES[line]
    CONDITION.validate_python(LINES[line])


def test_every_kind_of_condition_is_among_the_lines() -> None:
    def kinds(value: Any) -> set[str]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        here = set(value) & KINDS.keys() if isinstance(value, dict) else set()
        return here.union(*map(kinds, inner))

    assert kinds(list(LINES.values())) == KINDS.keys()


@given(CONDITIONS)
@settings(max_examples=400, deadline=None)
def test_what_is_printed_is_read_as_the_same_tree(condition: Condition) -> None:
    line = print_one_line(condition)
    assert CONDITION.validate_python(parse_one_line(line)) == condition


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        ("", 1, "ends too early"),
        ("  ", 3, "ends too early"),
        ("blocked and", 12, "ends too early"),
        ("blocked blocked", 9, "join two tests with `and` or `or`"),
        ("blocked AND holiday", 9, "did you mean `and`?"),
        ("(blocked", 9, "write `)`"),
        ("blocked)", 8, "join two tests"),
        ('primary.x = "東京都', 13, "end the quoted text"),
        ("primary.x ＝ 1", 11, "is full-width"),
        ("primary.x", 10, "write one of `>=`"),
        ("primary.x != 1", 11, "write one of `>=`"),
        ("primary.x > 1", 11, "write one of `>=`"),
        ("primary.x >= 1 and >= 2", 20, "write one of `>=`"),
        ("primary.x >= many", 14, "a number such as 20"),
        ("primary.x >= 2027-03-31 and < 5", 31, "a date such as"),
        ("primary.x = and", 13, "write a value"),
        ("primary.x in (a b)", 17, "write `)`"),
        ("primary.x is known", 14, "write `present`"),
        ("prefecture = a", 1, "`primary.…`"),
        ("mail_clicked", 1, "write `did mail_clicked`"),
        ("segmnt(a)", 1, "did you mean `segment`?"),
        ("did mail_clicked(tempalte = a)", 18, "did you mean `template`?"),
        ("did mail_clicked twice", 18, "write `2 times`"),
        ("did mail_clicked 2 times 3 times", 26, "does not fit"),
        ("inactive for 1.5 days", 14, "a whole number"),
        ("score", 6, "write one of `>=`"),
        ("(" * 14 + "blocked" + ")" * 14, 14, "nested more than 12"),
    ],
)
def test_what_is_wrong_is_said_with_its_column(line: str, column: int, says: str) -> None:
    with pytest.raises(OneLineError) as caught:
        parse_one_line(line)
    assert caught.value.column == column
    assert says in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    "piece", ["(", "not ", "all(", "segment(a) and ", '"', "「", "a.", "\\", "did x(", "score >= 1 and ", "9"]
)
def test_a_long_text_is_refused(piece: str) -> None:
    """Neither the longest text nor a longer one ends in a `RecursionError`."""
    for text in (piece * (MOST_CHARACTERS // len(piece)), piece * MOST_CHARACTERS):
        with pytest.raises(OneLineError):
            parse_one_line(text)


def test_a_text_of_the_greatest_length_is_read() -> None:
    text = "blocked or " * 400
    assert len(parse_one_line(text[:3996].rpartition(" or ")[0])["any"]) > 300
    with pytest.raises(OneLineError, match="longer than"):
        parse_one_line("blocked" + " " * MOST_CHARACTERS)


@given(st.text(max_size=80) | st.text(alphabet="and or not()=<>,\"'「」.primascoegt1290-", max_size=80))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_tree_or_an_error(text: str) -> None:
    try:
        tree = parse_one_line(text)
    except OneLineError as error:
        assert 1 <= error.column <= len(text) + 1
        assert error.message and error.hint
    else:
        assert isinstance(tree, dict)


def test_brackets_that_say_nothing_may_be_as_many_as_the_deepest_tree_has_levels() -> None:
    assert parse_one_line("(" * DEEPEST + "blocked" + ")" * DEEPEST) == {"blocked": True}
