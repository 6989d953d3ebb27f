"""What `check` says of a broadcast: file, line, field, and what to do."""

import shutil
from pathlib import Path

import pytest
from sodate.authoring.check import check

from tests.support.world import PLAYBOOK

GOOD = """\
id: monthly
status: released
topic: product-news
template: materials-2-case-study
segment: pricing-readers
exclude: [exhibition-2026]
recurrence: { every: month, week_of_month: first, weekdays: fri, at: "10:00", starting: 2026-12-01 }
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    directory = tmp_path / "playbook"
    shutil.copytree(PLAYBOOK, directory)
    (directory / "broadcasts").mkdir(exist_ok=True)
    (directory / "broadcasts" / "monthly.yaml").write_text(text)
    found = [problem for problem in check(directory).problems if problem.file == "broadcasts/monthly.yaml"]
    return [f"{one.line} {one.field} {one.rule} {one.severity}" for one in found]


def test_a_good_one_has_no_problem_and_is_published(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []
    (body,) = [one.body for one in check(tmp_path / "playbook").definitions() if one.id == "monthly"]
    assert body["recurrence"]["at"] == "10:00"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("template: materials-2-case-study", "template: nothing", "4 template template-exists error"),
        ("template: materials-2-case-study", "template: confirm-demo", "4 template broadcast-marketing error"),
        ("topic: product-news", "topic: other", "3 topic topic-exists error"),
        ("segment: pricing-readers", "segment: readers", "5 segment segment-exists error"),
        ("exclude: [exhibition-2026]", "exclude: [fair]", "6 exclude[0] segment-exists error"),
        ("status: released", "status: sent", "2 status schema error"),
        (
            'every: month, week_of_month: first, weekdays: fri, at: "10:00", starting: 2026-12-01',
            "rrule: FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1, at: '10:00', starting: 2026-12-01, on_holiday: skip",
            "7 recurrence recurrence-happens error",
        ),
    ],
)
def test_a_problem_names_its_line_and_field(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in GOOD
    assert problem in problems(tmp_path, GOOD.replace(old, new))
