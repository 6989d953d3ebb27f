"""YAML is read by the core schema of YAML 1.2."""

from collections.abc import Callable
from pathlib import Path

from sodate.authoring.check import check

Damage = Callable[[str, str, str], None]


def test_words_of_yaml_1_1_stay_words(small: Path, damage: Damage) -> None:
    damage("forms/ask.yaml", "value: boss", "value: no")
    damage("rules.yaml", "equals: boss", "equals: no")

    checked = check(small)

    assert checked.ok, checked.problems
    assert checked.playbook.forms[0].model is not None
    assert checked.playbook.forms[0].model.fields[2].choices[0].value == "no"
    assert checked.playbook.sequences[0].model is not None
    assert checked.playbook.sequences[0].model.steps[0].at == "10:00"


def test_anchors_may_be_used_to_share_choices(small: Path, damage: Damage) -> None:
    damage("forms/ask.yaml", "    choices:\n", "    choices: &titles\n")
    damage(
        "forms/ask.yaml",
        "  - name: agree",
        "  - name: again\n    type: choice\n    label: A\n    choices: *titles\n  - name: agree",
    )

    assert check(small).problems == []
