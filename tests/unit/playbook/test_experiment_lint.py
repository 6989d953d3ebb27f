"""What `check` says of an experiment in a broadcast: file, line, field, and what to do."""

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
recurrence: { every: week, weekdays: fri, at: "10:00", starting: 2026-12-01 }
experiment:
  variants:
    - { id: plain }
    - { id: short, subject: "3つの事例 {{ lead.name | default: 'あなた' }}" }
  default: plain
  sample: 20
  metric: click
  decide_after_hours: 4
  minimum_per_variant: 100
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    directory = tmp_path / "playbook"
    shutil.copytree(PLAYBOOK, directory)
    (directory / "broadcasts").mkdir(exist_ok=True)
    (directory / "broadcasts" / "monthly.yaml").write_text(text)
    found = [problem for problem in check(directory).problems if problem.file == "broadcasts/monthly.yaml"]
    assert all(one.hint or one.rule == "schema" for one in found)
    return [f"{one.line} {one.field} {one.rule} {one.severity}: {one.message}" for one in found]


def test_a_good_one_has_no_problem_and_is_published_with_every_default(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []
    (body,) = [one.body for one in check(tmp_path / "playbook").definitions() if one.id == "monthly"]
    assert body["experiment"]["level"] == 0.05


SCHEMA = [
    ("    - { id: plain }\n", "", "8 experiment.variants"),
    ("{ id: short, ", "{ id: plain, ", "`id: plain` is there twice"),
    ("{ id: plain }", "{ id: plain, weight: 0 }", "9 experiment.variants[0].weight"),
    ("default: plain", "default: third", "`default` is no variant; one of: plain, short"),
    ("metric: click", "metric: open", "13 experiment.metric"),
    ("metric: click", "metric: conversion", "goes with exactly one conversion"),
    (
        "metric: click",
        "metric: conversion\n  conversion: { activity: mail_opened }",
        "an open is no conversion",
    ),
    ("metric: click", "metric: conversion\n  conversion: { activity: page_viewed, times: 3 }", "`times` counts past"),
    ("sample: 20", "sample: 0", "12 experiment.sample"),
    ("sample: 20", "sample: 100", "with `sample: 100` nobody is left"),
    ("decide_after_hours: 4", "decide_after_hours: 700", "the others wait 672 hours at most"),
    ("decide_after_hours: 4", "decide_after_hours: 1\n  always_valid: true", "`minimum_hours` must be less"),
    ("{ id: plain }", '{ id: plain, at: "09:00" }', "variant 'plain' is earlier than the broadcast"),
    (
        "  default: plain",
        '    - { id: late, at: "18:00" }\n  always_valid: true\n  default: plain',
        "need one look at the horizon",
    ),
    ("experiment:", "local_time: recipient\nexperiment:", "needs `local_time: sender`"),
    ("minimum_per_variant: 100", "minimum_per_variant: 10", "15 experiment.minimum_per_variant"),
]
LINT = [
    ('subject: "3つ', 'template: nothing, subject: "3つ', "10 experiment.variants[1].template template-exists error"),
    ('subject: "3つ', 'template: confirm-demo, subject: "3つ', "10 experiment.variants[1].template same-topic error"),
    ("{{ lead.name |", "{{ lead.shoe | explode |", "10 experiment.variants[1].subject experiment-subject error"),
    ("decide_after_hours: 4", "decide_after_hours: 168", "14 experiment.decide_after_hours experiment-in-time error"),
    (
        "decide_after_hours: 4",
        "decide_after_hours: 13",
        "14 experiment.decide_after_hours experiment-quiet-hours warning",
    ),
    ("{ id: plain }", "{ id: plain }\n    - { id: same }", "10 experiment.variants[1] experiment-variants warning"),
]


@pytest.mark.parametrize(("old", "new", "problem"), SCHEMA + LINT)
def test_a_problem_names_its_line_and_field(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new))
    assert any(problem in one for one in found), found
