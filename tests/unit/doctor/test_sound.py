"""Figure 13, the half without which the other means nothing: a sound deployment has no red row."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws
from sodate_cli.doctor.commands import is_sick
from sodate_cli.doctor.finding import Verdict
from sodate_cli.doctor.runner import CHECKS, examine

from tests.support.sound_deployment import SoundDeployment


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[SoundDeployment]:
    with mock_aws():
        yield SoundDeployment(tmp_path)


def test_a_sound_deployment_is_all_green(sound: SoundDeployment) -> None:
    findings = examine(sound.deployment(), asked=["--ring"])
    wrong = [finding for finding in findings if finding.verdict is not Verdict.OK and finding.name != "round-trip"]
    assert not wrong
    assert not is_sick(findings)
    assert len(findings) == len(CHECKS)
