"""The local cloud counts capacity by itself; where it says anything, it agrees with the meter."""

import pytest

from benchmarks import against_ministack


@pytest.mark.loopback
@pytest.mark.skipif(not against_ministack.PYTHON.exists(), reason="the local cloud's environment is not installed")
def test_ministack_and_the_meter_agree() -> None:
    found = against_ministack.measure()
    assert found["differ"] == {}
    assert found["compared"] >= 20
