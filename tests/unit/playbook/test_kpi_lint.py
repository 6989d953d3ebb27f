"""What `check` says of kpis.yaml: file, line, key, what is wrong, what to do."""

import shutil
from pathlib import Path

from sodate.authoring.check import check
from sodate.playbook.problem import Problem

from tests.support.world import PLAYBOOK

TARGETS = """\
targets:
  - { kpi: open_rates, value: 25 }
  - kpi: cpl
    value: 5000
    scope: form:contact
  - { kpi: roi, value: 100, scope: "campaign:autumn" }
"""


def problems(tmp_path: Path, text: str) -> list[Problem]:
    shutil.copytree(PLAYBOOK, directory := tmp_path / "playbook")
    (directory / "kpis.yaml").write_text(text, encoding="utf-8")
    return [one for one in check(directory).problems if one.file == "kpis.yaml"]


def test_an_unknown_kpi_and_money_of_a_form_have_their_line_and_what_to_do(tmp_path: Path) -> None:
    unknown, scope = sorted(problems(tmp_path, TARGETS), key=lambda one: one.line or 0)
    assert (unknown.line, unknown.field, unknown.rule) == (2, "targets[0].kpi", "kpi-exists")
    assert "open_rate" in (unknown.hint or "")
    assert (scope.line, scope.field, scope.rule) == (5, "targets[1].scope", "kpi-scope")
    assert "campaign:<id>" in (scope.hint or "")
