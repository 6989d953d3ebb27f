"""Wherever a playbook may have a condition it may be a text; its problems are found in the file and in the text."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel
from sodate.authoring.check import check
from sodate.authoring.document import CONDITION_KEYS
from sodate.authoring.loader import MANY, SINGLE
from sodate.authoring.rules_file import read_rules
from sodate.authoring.schema import schemas
from sodate.conditions.language import AllOf
from sodate.errors import Invalid

Damage = Callable[[str, str, str], None]
YAML_FORM = "{ all: [{ attribute: primary.title, equals: boss }, { not: { activity: form_submitted } }] }"
ONE_LINE = "primary.title = boss and not did form_submitted"
SEGMENTS = "segments:\n  - id: vip\n    title: x\n    when: {}\n"
SCENARIO = """\
id: welcome
topic: news
entry:
  - { form: ask, when: %(when)s }
goals:
  - { id: g, when: %(when)s }
exits:
  - { id: x, when: %(when)s }
steps:
  - id: which
    branch:
      - { when: %(when)s, then: end }
    otherwise: end
"""


def write(small: Path, when: str) -> None:
    (small / "scenarios").mkdir(exist_ok=True)
    (small / "scenarios/welcome.yaml").write_text(SCENARIO % {"when": when}, encoding="utf-8")
    (small / "segments.yaml").write_text(SEGMENTS.format(when), encoding="utf-8")


@pytest.mark.parametrize("text", [ONE_LINE, f"{{ all: ['primary.title = boss', {{ not: {'did form_submitted'} }}] }}"])
def test_a_text_gives_the_same_definitions_as_yaml(text: str, small: Path, damage: Damage) -> None:
    rises, falls = "when: { score: total, at_least: 5 }", "falls_back_when: { score: total, less_than: 2 }"
    damage("rules.yaml", rises, f"{rises}\n    {falls}")
    damage("rules.yaml", "cool_below: 5", "cool_below: 5\n  needs: { rank: [A1, B1] }")
    write(small, YAML_FORM)
    expected = check(small)
    write(small, text)
    damage("rules.yaml", "{ attribute: primary.title, equals: boss }", "primary.title = boss")
    damage("rules.yaml", "{ score: total, at_least: 5 }", "score >= 5")
    damage("rules.yaml", "{ score: total, less_than: 2 }", "score < 2")
    damage("rules.yaml", "{ rank: [A1, B1] }", "rank in (A1, B1)")
    checked = check(small)

    assert expected.ok
    assert checked.definitions() == expected.definitions()
    assert [doc.model for doc in checked.playbook.scenarios] == [doc.model for doc in expected.playbook.scenarios]


@pytest.mark.parametrize(
    ("when", "rule", "says"),
    [
        ("primary.title = boss AND blocked", "condition-text", "column 22: `AND` does not fit here"),
        ("'blocked and primary.title = x or weekday = mon'", "schema", "a segment cannot ask for `weekday`"),
        ("consent(news) or consent(nevs)", "topic-exists", "column 18: there is no topic `nevs`"),
        ("blocked and primary.title in (boss, bos)", "value-offered", "column 13: no form offers `bos`"),
        ("blocked and rank = A4", "schema", "column 13: `A4` is not written as it must be"),
        ("stage = mqll", "schema", "column 1: `mqll` is not possible here"),
        ("blocked and inactive for 0 days", "schema", "column 13: must be 1 or more"),
        (" and ".join(["blocked"] * 31), "schema", "column 1: must have at most 30 entries"),
        ("not " * 8 + "blocked", "schema", "a condition may be 6 levels deep"),
    ],
)
def test_a_problem_in_a_text_has_the_line_of_its_key_and_its_column(
    when: str, rule: str, says: str, small: Path
) -> None:
    (small / "segments.yaml").write_text(SEGMENTS.format(when), encoding="utf-8")
    problems = [problem for problem in check(small).problems if problem.file == "segments.yaml"]

    (found,) = [problem for problem in problems if problem.severity == "error"]
    assert (found.line, found.field, found.rule) == (4, "segments[0].when", rule)
    assert says in found.message


def test_a_rule_set_by_itself_is_read_in_the_same_way(small: Path, damage: Damage) -> None:
    expected = read_rules(small / "rules.yaml")
    damage("rules.yaml", "{ attribute: primary.title, equals: boss }", "primary.title = boss")
    assert read_rules(small / "rules.yaml") == expected
    damage("rules.yaml", "primary.title = boss", "primary.title == boss")
    with pytest.raises(Invalid, match=r"rules.yaml:7: column 16: `=` does not fit here"):
        read_rules(small / "rules.yaml")


def conditions_in(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    """Names of fields that hold a condition, in `model` and in the models below it."""
    seen.add(model)
    for name, field in model.model_fields.items():
        inner = set(models_in(field.annotation))
        if AllOf in inner:
            yield name
            continue
        for each in inner - seen:
            yield from conditions_in(each, seen)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from models_in(inner)


def test_every_key_with_a_condition_may_have_a_text() -> None:
    found = {name for model in [*SINGLE.values(), *MANY.values()] for name in conditions_in(model, set())}
    assert found == set(CONDITION_KEYS)


def test_the_schemas_allow_a_text_wherever_they_allow_a_condition() -> None:
    schema = json.loads(schemas()["segments.schema.json"])
    for when in ("blocked", {"not": "blocked"}, {"all": ["blocked", {"blocked": True}]}):
        jsonschema.validate({"segments": [{"id": "a", "when": when}]}, schema)
    for wrong in ("", 5, {"all": "blocked"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"segments": [{"id": "a", "when": wrong}]}, schema)
