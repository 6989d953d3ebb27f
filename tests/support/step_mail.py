"""The sample playbook without its nurturing: what tests and benchmarks of step mail, scores and sales begin with."""

import shutil
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "playbooks" / "b2b-ja"
#: Where the segment of the broadcast begins, the last one.
_NURTURING = "  - id: newsletter-readers"


def step_mail_playbook(folder: Path) -> Path:
    """A copy in `folder`: no broadcasts, no scenario but one, and not their segment."""
    copy = Path(shutil.copytree(SAMPLE, folder / "playbook", ignore=shutil.ignore_patterns("broadcasts")))
    for scenario in (copy / "scenarios").glob("*.yaml"):
        if scenario.stem != "dormant-revival":
            scenario.unlink()
    segments = copy / "segments.yaml"
    segments.write_text(segments.read_text(encoding="utf-8").partition(_NURTURING)[0], encoding="utf-8")
    return copy
