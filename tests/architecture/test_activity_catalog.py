"""A further activity type is one more member in `activities/catalog.py`: no other file has to know it."""

import shutil
import subprocess
import sys
from pathlib import Path

from sodate.activities.catalog import ActivityType
from sodate.imports.mapping import ImportedType

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "sodate" / "python" / "sodate"
MEMBER = '    BOOTH_VISITED = "booth_visited", "ブースに来場", "visited the booth", ("booth",), DoneBy.LEAD_OR_ROBOT\n'
BEFORE = "    CALL_MADE ="

#: Runs in a process of its own, on a copy of the package with the further member.
USE_OF_IT = """
from datetime import UTC, datetime

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.authoring.schema import schemas
from sodate.leads.lead import Profile
from sodate.sales.definition import Owner, Sales, Talk
from sodate.sales.message import Reader, handoff_message
from sodate.scoring.correct import JUDGEABLE
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.explain import explain
from sodate.scoring.rules import RuleSet
from sodate.signals.store import signal_item

at = datetime(2026, 11, 24, tzinfo=UTC)
profile = Profile("l", "a@example.jp", "a@example.jp", "ja")
activity = Activity("l", "booth_visited", at, "k", {"booth": "B-7"})

# a playbook may ask for it, and its editors' schemas know it
rules = RuleSet.model_validate({
    "hot": {"threshold": 50, "cool_below": 25},
    "rules": [{"id": "booth", "label": "b", "when": {"activity": "booth_visited"}, "points": 9}],
    "phases": [{"id": "aware", "label": "a"},
               {"id": "met", "label": "m", "when": {"activity": "booth_visited", "within_days": 3}}],
})
assert Talk(activity="booth_visited", say="x").activity is ActivityType.BOOTH_VISITED
assert all('"booth_visited"' in schemas()[f"{name}.schema.json"] for name in ("rules", "sales"))

# it counts, it is engagement, and it is explained
engine = ScoringEngine(rules)
explained = explain(engine, profile, [activity], at)
assert (explained.view.total, explained.score_state.phase) == (9, 1)
assert explained.score_state.seen == activity.minute
assert explained.reasons[0].parts[0].activity == "booth_visited"

# sales reads it, in its language
signal = signal_item("l", at, total=9, phase="met", phase_label="m", rules_version=1, reasons=[],
                     latest=[{"type": "booth_visited", "at": at.isoformat(), "booth": "B-7"}], owner=None)
owner = Owner(id="o", name="o", email="o@example.jp")
sales = Sales(owners=(owner,), default_owner="o")
for language, words in (("ja", "ブースに来場 B-7"), ("en", "visited the booth B-7")):
    assert words in handoff_message(profile, signal, owner, sales, Reader(language, "Asia/Tokyo")).text

# an operator may say that a robot did it
assert "booth_visited" in JUDGEABLE
"""


def test_a_further_activity_type_touches_one_file(tmp_path: Path) -> None:
    copy = shutil.copytree(PACKAGE, tmp_path / "sodate", ignore=shutil.ignore_patterns("__pycache__"))
    catalog = copy / "activities" / "catalog.py"
    source = catalog.read_text(encoding="utf-8")
    assert source.count(BEFORE) == 1
    catalog.write_text(source.replace(BEFORE, MEMBER + BEFORE), encoding="utf-8")
    program = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{USE_OF_IT}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_other_file_of_the_package_lists_activity_types() -> None:
    """Two or more of them in one line, or an attribute of their labels, would be a second catalog."""
    values = [f'"{type_.value}"' for type_ in ActivityType]
    labels = [type_.label_ja for type_ in ActivityType if len(type_.label_ja) > 4]
    for path in PACKAGE.rglob("*.py"):
        if path.name == "catalog.py":
            continue
        text = path.read_text(encoding="utf-8")
        assert not [label for label in labels if f'"{label}"' in text], path
        assert sum(value in text for value in values) < 6, path


def test_imported_types_are_of_the_catalog() -> None:
    assert {type_.value for type_ in ImportedType} <= {type_.value for type_ in ActivityType}
