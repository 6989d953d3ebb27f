"""activities.yaml: what conditions ask of declared activities is checked over the whole playbook."""

from pathlib import Path

import pytest
from sodate.authoring.check import check

ACTIVITIES = """\
activities:
  - id: booth_visit
    label: { ja: 来場, en: visited our booth }
    fields:
      - { id: exhibition }
      - { id: minutes, type: number }
"""


def problems(book: Path, when: str, activities: str | None = ACTIVITIES) -> list[tuple[str, str]]:
    if activities is not None:
        (book / "activities.yaml").write_text(activities, encoding="utf-8")
    (book / "segments.yaml").write_text(f"segments:\n  - id: vip\n    when: {when}\n", encoding="utf-8")
    return [(one.rule, f"{one.message} {one.hint}") for one in check(book).problems]


@pytest.mark.parametrize(
    "when",
    [
        "did booth_visit",
        "did booth_visit(exhibition = spring, minutes >= 30) 2 times within 7 days",
        "{ activity: booth_visit, fields: { minutes: { at_least: 5 } } }",
        "did survey_answered(nps >= 9)",
        "did seminar_attended(seminar = spring, minutes >= 30)",
    ],
)
def test_a_condition_may_ask_for_what_is_declared(small: Path, when: str) -> None:
    assert problems(small, when) == []


@pytest.mark.parametrize(
    ("when", "rule", "says"),
    [
        ("did both_visit", "activity-exists", "did you mean `booth_visit`?"),
        ("did booth_visit(exibition = x)", "activity-filter", "it has `exhibition`, `minutes`"),
        ("did booth_visit(form = ask)", "activity-filter", "has no `form`"),
        ("did mail_clikced", "activity-exists", "did you mean `mail_clicked`?"),
        ("{ activity: survey_answered, fields: { npss: 5 } }", "activity-filter", "`nps`"),
        ("{ activity: Booth }", "schema", "lower-case"),
        ("{ activity: web_event, field: plan=pro }", "schema", "field"),
        ("{ activity: booth_visit, fields: {} }", "schema", "fields"),
        ("{ activity: booth_visit, fields: { minutes: { at_least: 5, less_than: 5 } } }", "schema", "nothing is"),
        ("did booth_visit within 3 days and did booth_visit(minutes >= 5) and not did booth_visit", "contradiction",
         "never holds"),
    ],
)  # fmt: skip
def test_what_nobody_declares_is_a_problem(small: Path, when: str, rule: str, says: str) -> None:
    found = problems(small, when)
    assert [name for name, _ in found] == [rule]
    assert says in found[0][1] or rule == "schema", found


def test_without_the_file_no_activity_is_declared(small: Path) -> None:
    ((rule, said),) = problems(small, "did booth_visit", None)
    assert (rule, "declare it in activities.yaml" in said) == ("activity-exists", True)


def test_errors_of_the_file_are_not_reported_twice(small: Path) -> None:
    broken = ACTIVITIES.replace("booth_visit", "mail_clicked")
    assert [rule for rule, _ in problems(small, "did booth_visit", broken)] == ["schema"]


def test_the_labels_are_published_with_sales(small: Path) -> None:
    problems(small, "did booth_visit")
    published = {one.kind: one.body for one in check(small).definitions()}
    assert published["sales"]["activity_labels"] == {"booth_visit": {"ja": "来場", "en": "visited our booth"}}
    assert published["activities"]["activities"][0]["id"] == "booth_visit"


def test_two_conditions_that_differ_in_a_field_do_not_exclude_each_other(small: Path) -> None:
    assert problems(small, "did booth_visit and not did booth_visit(exhibition = spring)") == []
