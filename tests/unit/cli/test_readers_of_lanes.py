"""Time travel starts every function that reads a lane of the due index."""

from sodate.scheduling.store import LANES
from sodate_cli.doctor.schedules import SCHEDULED
from sodate_cli.local.running import READERS_OF_LANES

from infra.catalog import EVERY_FUNCTION


def test_time_travel_starts_every_reader_of_a_lane() -> None:
    ids = {spec.name: spec.id for spec in EVERY_FUNCTION}
    assert set(READERS_OF_LANES) == {ids[name] for name, lanes in SCHEDULED.items() if lanes}


def test_each_lane_has_a_reader() -> None:
    assert {lane for lanes in SCHEDULED.values() for lane in lanes} == set(LANES)
