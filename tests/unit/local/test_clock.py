"""The shifted clock: one small file that several processes read."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sodate_cli.local.clock import ShiftedClock


def test_without_a_file_it_is_now(tmp_path: Path) -> None:
    clock = ShiftedClock(tmp_path / "clock.json")
    assert abs(clock() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.offset() == timedelta(0)


def test_it_can_be_set_forward_and_the_file_holds_whole_seconds(tmp_path: Path) -> None:
    clock = ShiftedClock(tmp_path / "clock.json")
    target = datetime.now(UTC) + timedelta(days=3)
    clock.set_to(target)
    assert target <= clock() < target + timedelta(seconds=10)
    assert isinstance(json.loads(clock.path.read_text())["offset_seconds"], int)


def test_it_never_runs_backwards(tmp_path: Path) -> None:
    clock = ShiftedClock(tmp_path / "clock.json")
    clock.set_to(datetime.now(UTC) + timedelta(days=3))
    ahead = clock.offset()
    clock.set_to(datetime.now(UTC) + timedelta(days=1))
    assert clock.offset() == ahead


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    clock = ShiftedClock(tmp_path / "clock.json")
    clock.set_offset(timedelta(hours=1))
    clock.set_offset(timedelta(hours=2))
    assert [path.name for path in tmp_path.iterdir()] == ["clock.json"]
