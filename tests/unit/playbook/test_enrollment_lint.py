"""What `check` says of scenarios that bring leads into each other."""

from pathlib import Path

import pytest
from sodate.authoring.check import check
from sodate.authoring.lint.circles import circles, groups

AGAIN = "re_entry: { allow: always }"
SEGMENTS = """\
segments:
  - { id: tagged, when: secondary.tags has all (hot) }
  - { id: through, when: segment(tagged) and not blocked }
"""


def scenario(
    name: str, steps: str, *, entry: str = "manual: true", more: str = AGAIN, status: str = "published"
) -> str:
    entries = f"entry: [{{ {entry} }}]"
    return f"id: {name}\nstatus: {status}\ntopic: news\n{more}\n{entries}\nsteps:\n  - {{ id: a, {steps} }}\n"


def found(small: Path, *scenarios: str) -> list[tuple[str, int, str, str, str]]:
    (small / "scenarios").mkdir()
    (small / "segments.yaml").write_text(SEGMENTS, encoding="utf-8")
    for text in scenarios:
        name = text.partition("\n")[0].removeprefix("id: ")
        (small / f"scenarios/{name}.yaml").write_text(text, encoding="utf-8")
    return [
        (problem.file.removeprefix("scenarios/"), problem.line, problem.rule, problem.severity, problem.message)
        for problem in check(small).problems
        if problem.file.startswith("scenarios/")
    ]


def test_scenarios_that_enroll_in_each_other_at_once_are_an_error(small: Path) -> None:
    problems = found(small, scenario("x", "enroll: y"), scenario("y", "enroll: z"), scenario("z", "enroll: x"))
    assert problems == [("x.yaml", 7, "cycle", "error", "a cycle without a wait: `x` → `y` → `z` → `x`")]


@pytest.mark.parametrize(
    "other",
    [
        scenario("y", "wait: { days: 1 } }\n  - { id: b, enroll: x"),
        scenario("y", "enroll: x", more="re_entry: { allow: never }"),
        scenario("y", "enroll: x", more="re_entry: { allow: always, interval_days: 1 }"),
    ],
)
def test_a_circle_with_a_wait_or_a_scenario_that_is_entered_once_is_right(small: Path, other: str) -> None:
    assert found(small, scenario("x", "enroll: y"), other) == []


@pytest.mark.parametrize("entry", ["tagged", "through"])
def test_scenarios_that_undo_what_their_entries_ask_for_are_a_warning(small: Path, entry: str) -> None:
    removes = scenario("x", "set: [{ remove_tag: hot }]", entry=f"on: {{ segment_entered: {entry} }}")
    adds = scenario("y", "set: [{ add_tag: hot }]", entry="on: { segment_left: tagged }")
    ((file, line, rule, severity, message),) = found(small, removes, adds)
    assert (file, line, rule, severity) == ("x.yaml", 5, "segment-loop", "warning")
    assert (
        message
        == "without a wait, a lead may go round in `x`, `y`: entries ask for `secondary.tags`, and steps change it"
    )


def test_the_undoing_step_may_be_in_a_scenario_that_another_enrolls_in(small: Path) -> None:
    removes = "set: [{ remove_tag: hot }] }\n  - { id: b, enroll: y"
    first = scenario("x", removes, entry="on: { segment_entered: tagged }")
    assert [rule for _, _, rule, _, _ in found(small, first, scenario("y", "set: [{ add_tag: hot }]"))] == [
        "segment-loop"
    ]


@pytest.mark.parametrize(
    ("steps", "entry", "more"),
    [
        ("set: [{ add_tag: hot }]", "segment_left: tagged", "re_entry: { allow: never }"),
        ("set: [{ add_tag: warm }]", "segment_left: tagged", AGAIN),
        ("wait: { days: 1 } }\n  - { id: b, set: [{ add_tag: hot }]", "segment_left: tagged", AGAIN),
        ("set: [{ remove_tag: hot }]", "segment_entered: tagged", AGAIN),
    ],
)
def test_what_ends_by_itself_is_right(small: Path, steps: str, entry: str, more: str) -> None:
    removes = scenario("x", "set: [{ remove_tag: hot }]", entry="on: { segment_entered: tagged }")
    assert found(small, removes, scenario("y", steps, entry=f"on: {{ {entry} }}", more=more)) == []


@pytest.mark.parametrize(
    ("other", "own", "says"),
    [
        ("key: seminar", AGAIN, "`y` has the key `seminar`, and this scenario has none"),
        ("key: seminar", "key: product", "`y` has the key `seminar`, and this scenario has `product`"),
        ("key: seminar", "key: seminar", None),
        (AGAIN, "key: seminar", None),
    ],
)
def test_a_scenario_with_a_key_is_enrolled_in_from_one_with_the_same_key(
    small: Path, other: str, own: str, says: str | None
) -> None:
    problems = found(small, scenario("x", "enroll: y", more=own), scenario("y", "end: done", more=other))
    assert problems == ([] if says is None else [("x.yaml", 7, "enroll-key", "error", says)])


@pytest.mark.parametrize(
    ("status", "own", "says"),
    [
        ("draft", "published", "`y` is a draft, so nobody is enrolled in it"),
        ("ended", "paused", "`y` is ended, so nobody is enrolled in it"),
        ("paused", "published", None),
        ("draft", "draft", None),
    ],
)
def test_nobody_is_enrolled_in_a_draft(small: Path, status: str, own: str, says: str | None) -> None:
    problems = found(small, scenario("x", "enroll: y", status=own), scenario("y", "end: done", status=status))
    assert problems == ([] if says is None else [("x.yaml", 7, "enroll-closed", "warning", says)])


def test_circles_are_the_shortest_ones_and_groups_the_largest() -> None:
    edges = {"a": "b", "b": "ca", "c": "bx", "x": "", "s": "s"}
    assert list(circles(edges)) == [("a", "b"), ("b", "c"), ("s",)]
    assert list(groups(edges)) == [frozenset("abc"), frozenset("s")]
