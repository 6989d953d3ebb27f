"""The time zone of a lead comes with its first post that names one; an unknown name is ignored."""

from typing import Any

import pytest
from sodate.leads.time_zone import known_time_zone

from tests.functions.quick import QuickWorld

TARO = {"email": "taro@example.jp", "name": "山田太郎", "company": "例示株式会社", "title": "部長"}


@pytest.mark.parametrize(
    "zone", ["Asia/Tokyo", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "UTC", "Etc/GMT+12"]
)
def test_a_browser_s_zone_is_kept_with_the_lead(world: QuickWorld, zone: str) -> None:
    assert world.post({**TARO, "_time_zone": zone})["statusCode"] == 201
    assert world.state(world.lead_id("taro@example.jp"))["zone"] == zone


NO_NAMES = ["", " ", "Mars/Olympus", "America", "/etc/passwd", "../../etc/passwd", "posix/Asia/Tokyo", "日本"]
NO_STRINGS = [9, None, ["Asia/Tokyo"], {"a": 1}, True]


@pytest.mark.parametrize(
    "nonsense", [*NO_NAMES, "Asia/Tokyo\r\nX: y", "x" * 5000, *NO_STRINGS], ids=lambda value: repr(value)[:20]
)
def test_what_is_no_zone_is_ignored(world: QuickWorld, nonsense: Any) -> None:
    assert world.post({**TARO, "_time_zone": nonsense})["statusCode"] == 201
    assert "zone" not in world.state(world.lead_id("taro@example.jp"))


def test_a_later_post_fills_an_unknown_zone_and_changes_no_known_one(world: QuickWorld) -> None:
    world.post(TARO)
    lead = world.lead_id("taro@example.jp")
    for number, zone in enumerate((None, "Europe/Berlin", "Asia/Tokyo", "nowhere")):
        more = {"_time_zone": zone} if zone else {}
        assert world.post({**TARO, "message": f"{number}", **more})["statusCode"] == 201
    assert world.state(lead)["zone"] == "Europe/Berlin"


def test_every_zone_of_the_database_that_is_a_place_is_known() -> None:
    import zoneinfo

    unknown = {name for name in zoneinfo.available_timezones() if known_time_zone(name) is None}
    assert not {name for name in unknown if "/" in name}
