"""sales.yaml: what was valid stays valid, and each mistake is found with its line."""

from pathlib import Path

import pytest
import yaml
from sodate.authoring.check import check
from sodate.sales.definition import Sales

from tests.unit.playbook.conftest import SMALL

OWNERS = """\
owners:
  - { id: a, name: A, email: a@example.jp }
  - { id: b, name: B, email: b@example.jp }
default_owner: a
"""


def found(small: Path, text: str) -> list[tuple[str, int]]:
    (small / "sales.yaml").write_text(OWNERS + text, encoding="utf-8")
    return [(problem.rule, problem.line) for problem in check(small).problems if problem.file == "sales.yaml"]


def test_a_file_of_before_means_what_it_meant() -> None:
    sales = Sales.model_validate(yaml.safe_load(OWNERS))
    assert (sales.digest, sales.sla, sales.assignment, sales.recycle) == (None, None, None, {})
    assert sales.channels.mail
    assert Sales.model_validate(sales.model_dump(mode="json")) == sales


def test_everything_at_once_is_valid_and_survives_its_own_json(small: Path) -> None:
    text = """\
assignment: { by: [territory, product], then: default_owner }
working_hours: { from: "09:30", until: "17:00", days: [mon, sat] }
digest: { at: "10:00" }
sla: { answer_within_minutes: 60, escalate_to: b, at_most: 2 }
feedback:
  reject_reasons: [{ id: early, label: Too early }]
recycle: { early: { sequence: SEQUENCE, after_days: 5 } }
channels: { slack: "https://hooks.slack.com/x" }
talks: [{ say: "{company}, {name}" }]
""".replace("SEQUENCE", sequence())
    assert found(small, text) == []
    sales = Sales.model_validate(yaml.safe_load(OWNERS + text))
    assert Sales.model_validate(sales.model_dump(mode="json")) == sales


def sequence() -> str:
    return next(Path(name).stem for name in SMALL if name.startswith("sequences/"))


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("sla: { escalate_to: nobody }\n", "schema", 5),
        ("\nassignments:\n  - { attribute: primary.name, contains: x, owner: nobody }\n", "schema", 7),
        ("recycle: { unheard-of: { sequence: x } }\n", "schema", 5),
        ("recycle:\n  other: { sequence: unheard-of }\n", "sequence-exists", 6),
        ("talks:\n  - { say: 'Dear {title}' }\n", "schema", 6),
        ("talks:\n  - { say: x, form: ask }\n", "schema", 6),
        ("talks:\n  - { say: x, activity: form_submitted, form: ask-us }\n", "form-exists", 6),
        ("talks:\n  - { say: x, activity: form_submited }\n", "activity-exists", 6),
        ("talks:\n  - { say: x, lead: { attribute: primary.shoe, contains: y } }\n", "field-exists", 6),
        ("working_hours: { from: '18:00', until: '09:00' }\n", "schema", 5),
        ("channels: { mail: false }\n", "schema", 5),
        ("channels:\n  teams: http://teams.example.jp/x\n", "webhook-tls", 6),
        ("digest: { at: noon }\n", "schema", 5),
        ("quiet_days: -1\n", "schema", 5),
        ("assignment: { by: [colour] }\n", "schema", 5),
    ],
)
def test_a_mistake_is_found_with_its_line(small: Path, text: str, rule: str, line: int) -> None:
    assert found(small, text) == [(rule, line)]


@pytest.mark.parametrize(
    "owner",
    [
        "zone: Asia/Tokio",
        "capacity: 0",
        "territories: [{ attribute: primary.name }]",
        "territories: [{ attribute: primary.name, contains: x, any_of: [y] }]",
        "away_until: soon",
        "working_hours: { days: [] }",
    ],
)
def test_a_mistake_in_an_owner_is_found(small: Path, owner: str) -> None:
    broken = OWNERS.replace("id: b,", f"id: b, {owner},")
    (small / "sales.yaml").write_text(broken, encoding="utf-8")
    problems = [p for p in check(small).problems if p.file == "sales.yaml"]
    assert [(p.rule, p.line) for p in problems] == [("schema", 3)]
