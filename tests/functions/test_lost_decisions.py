"""A decision that loses the race for its enrollment leaves no email behind that could later be taken for claimed."""

from datetime import timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.dynamodb import table

from tests.functions.quick import QuickWorld, quick_world
from tests.functions.test_scenarios import SECOND, THIRD, only_scenarios, publish, templates

_STEPS = (
    {"id": "clicks", "wait_for": {"activity": "mail_clicked"}, "timeout": {"days": 1}, "on_timeout": "late"},
    {"id": "tag", "set": [{"add_tag": "clicked"}]},
    {"id": "wait", "wait": {"hours": 5}},
    {"id": "third", "send": THIRD, "then": "end"},
    {"id": "late", "send": SECOND},
)  # fmt: skip


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Any:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        yield found


@pytest.mark.parametrize("point", range(12))
def test_a_click_during_the_timeout_s_write_sends_one_branch_only(world: QuickWorld, point: int) -> None:
    publish(world, *_STEPS)
    lead = world.join()
    other = world.join("hanako@example.jp")
    passed: list[str] = []

    def click(label: str) -> None:
        if not is_sending:
            return
        passed.append(label)
        if len(passed) == point + 1:
            world.table.point = lambda _: None
            key = activity_key("click", lead)
            table.put(activity_item(Activity(lead, "mail_clicked", world.now, key, {})))
            records = [one for one in world.stream_records() if one["dynamodb"]["NewImage"]["kind"]["S"] == "activity"]
            world.call("scoring", {"Records": records})

    is_sending = False
    call = world.call

    def calling(function: str, event: Any) -> Any:
        nonlocal is_sending
        is_sending = function == "email_sender"
        try:
            return call(function, event)
        finally:
            is_sending = False

    world.call = calling  # type: ignore[method-assign]
    world.table.point = click
    world.advance(timedelta(days=4))
    got = templates(world), templates(world, "hanako@example.jp")
    assert got[0] in ([THIRD], [SECOND]), (passed, got, other)
    assert got[1] == [SECOND]
    listed = [one for one in world.items("send") if one["pk"] == f"LEAD#{lead}" and one["state"] == "unknown"]
    assert not listed, passed
