"""The memory table of the simulation and moto's DynamoDB give the same results for the calls that our code makes."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest
from pynamodb.expressions.condition import Condition
from sodate.activities.activity import Activity
from sodate.activities.store import activities_of, activities_since, activity_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, TableItem
from sodate.dynamodb.table import ConditionFailed, Delete, Put, Table, Update
from sodate.email.ledger.store import SendItem, find_send, planned_transactional, raise_to
from sodate.errors import Transient
from sodate.leads.contact_state import ContactState, Enrollment
from sodate.leads.store import StateItem, as_it_was, find_state, state_item, state_key
from sodate.sales.store import load, open_signals, unload

from tests.fakes.table import MemoryTable
from tests.support.tables import moto_table

RUN = Enrollment("e1", 1, 0, "2026-11-24T00:00:00.000Z", 3)
STATE = ContactState("L", "key", topics={"a": "confirmed"}, enrollments={"my-run": RUN})


@pytest.fixture(params=["memory", "moto"])
def empty_table(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param == "memory":
        Table("sodate-contract", MemoryTable()).use()
        yield
        return
    with moto_table("sodate-contract"):
        yield


def at(second: int) -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 11, 24, 0, 0, second, tzinfo=UTC)


@pytest.mark.usefixtures("empty_table")
def test_put_find_and_update_of_nested_paths() -> None:
    table.put_new(state_item(STATE))
    assert find_state("L") == STATE
    assert find_state("M") is None
    run = StateItem.enrollments["my-run"]
    table.update(state_key("L"), [run["step"].set(1), StateItem.topics["b"].set("pending")], run["step"] == 0)
    stored = find_state("L")
    assert stored is not None
    assert (stored.enrollments["my-run"].step, stored.topics) == (1, {"a": "confirmed", "b": "pending"})
    table.update(state_key("L"), [StateItem.blocked.set("x"), StateItem.opt_in_mails.add(2)])
    table.update(state_key("L"), [StateItem.blocked.remove()])
    stored = find_state("L")
    assert stored is not None
    assert (stored.blocked, stored.opt_in_mails) == (None, 2)


CONDITIONS: list[tuple[Condition, bool]] = [
    (StateItem.blocked.does_not_exist(), True),
    (StateItem.blocked.exists(), False),
    (StateItem.topics["a"] == "confirmed", True),
    (StateItem.topics["a"] != "confirmed", False),
    (StateItem.topics["nothing"] == "confirmed", False),
    (StateItem.topics["nothing"] != "confirmed", True),
    (StateItem.enrollments["my-run"]["step"] == 0, True),
    (StateItem.opt_in_mails < 1, True),
    (StateItem.opt_in_mails > 0, False),
    (StateItem.blocked == "x", False),
    ((StateItem.opt_in_mails == 0) & (StateItem.topics["a"] == "withdrawn"), False),
    ((StateItem.opt_in_mails == 5) | (StateItem.topics["a"] == "confirmed"), True),
    (as_it_was(STATE, ["a", "b"]), True),
    (~(StateItem.opt_in_mails == 0), False),
]


@pytest.mark.usefixtures("empty_table")
@pytest.mark.parametrize("number", range(len(CONDITIONS)))
def test_conditions_hold_alike(number: int) -> None:
    condition, holds = CONDITIONS[number]
    table.put_new(state_item(STATE))
    try:
        table.update(state_key("L"), [StateItem.language.set("p")], condition)
        table.commit([Update(state_key("L"), [StateItem.language.set("q")], condition)])
    except ConditionFailed:
        assert not holds
    else:
        assert holds


@pytest.mark.usefixtures("empty_table")
def test_a_transaction_does_all_or_nothing_and_returns_the_conflicting_items() -> None:
    table.put_new(state_item(STATE))
    send = planned_transactional("L", "s1", "opt_in", None, {"a": 1}, at(1))
    log = activity_item(Activity("L", "mail_opened", at(1), "k1", {"link": "x"}))
    table.commit([Put.new(send), Put.new(log)])
    blocked = Update(state_key("L"), [StateItem.blocked.set("x")], StateItem.blocked.does_not_exist())
    with pytest.raises(ConditionFailed) as caught:
        table.commit([blocked, Put.new(log), raise_to("L", "s1", "sent", at(2))])
    assert list(caught.value.failed) == [1]
    assert (caught.value.failed[1] or {})["key"] == {"S": "k1"}
    stored = find_state("L")
    assert stored is not None
    assert stored.blocked is None
    planned = find_send("L", "s1")
    assert planned is not None
    assert planned.state == "planned"
    table.commit([Delete(SendItem(keys.lead("L"), keys.send("s1")), SendItem.state == "planned"), blocked])
    assert find_send("L", "s1") is None


@pytest.mark.usefixtures("empty_table")
def test_a_query_is_ordered_filtered_by_kind_and_limited() -> None:
    for second in (3, 1, 2):
        table.put(activity_item(Activity("L", "mail_opened", at(second), f"k{second}", {})))
    table.put(activity_item(Activity("M", "mail_opened", at(9), "k9", {})))
    table.put_new(state_item(STATE))
    assert [activity.key for activity in activities_of("L")] == ["k1", "k2", "k3"]
    everything = table.query(TableItem, keys.lead("L"))
    assert [type(item).__name__ for item in everything] == ["ActivityItem"] * 3 + ["StateItem"]
    newest = table.query(TableItem, keys.lead("L"), keys.ACTIVITIES, limit=1, newest_first=True)
    assert [item.sk for item in newest] == [keys.activity(at(3), "k3")]
    assert [activity.key for activity in activities_since("L", at(2))] == ["k2", "k3"]


@pytest.mark.usefixtures("empty_table")
def test_an_update_below_a_missing_map_is_rejected() -> None:
    from sodate.errors import Transient

    with pytest.raises(Transient):
        table.update(state_key("nobody"), [StateItem.topics["a"].set("confirmed")])
    with pytest.raises(ConditionFailed):
        table.update(state_key("nobody"), [StateItem.opt_in_mails.set(1)], StateItem.opt_in_mails == 0)


@pytest.mark.usefixtures("empty_table")
def test_sets_grow_shrink_and_are_counted_alike() -> None:
    table.commit([load("sato", "r1", 2)])
    table.commit([load("sato", "r1", 2)])
    table.commit([load("sato", "r2", 2)])
    with pytest.raises(ConditionFailed):
        table.commit([load("sato", "r3", 2)])
    table.commit([load("sato", "r3", None)])
    assert open_signals("sato") == 3
    for _ in range(2):
        for ref in ("r1", "r2", "r3"):
            unload("sato", ref)
    unload("nobody", "r1")
    assert (open_signals("sato"), open_signals("nobody")) == (0, 0)
    table.commit([load("sato", "r4", 1)])
    assert open_signals("sato") == 1


@pytest.mark.usefixtures("empty_table")
@pytest.mark.parametrize("segments", [1, 4])
def test_a_scan_gives_everything_once_with_its_partitions_whole_however_it_is_cut(segments: int) -> None:
    for number in range(12):
        for second in range(5):
            table.put(activity_item(Activity(f"L{number}", "mail_opened", at(second), f"k{second}", {})))
    whole = {item["pk"]["S"] + item["sk"]["S"] for item in table.scan_rows(None)}
    assert len(whole) == 60
    keys_read = list[str]()
    for segment in range(segments):
        pages = list(_pages(segment, segments, limit=7))
        order = [item["pk"]["S"] for page in pages for item in page]
        assert len([pk for pk, _ in groupby(order)]) == len(set(order)), "a partition is in one piece"
        keys_read += [item["pk"]["S"] + item["sk"]["S"] for page in pages for item in page]
        assert [item["sk"] for item in table.scan_rows(None, segment, segments)] == [i["sk"] for p in pages for i in p]
    assert (len(keys_read), set(keys_read)) == (60, whole)


def _pages(segment: int, segments: int, limit: int) -> Iterator[list[Row]]:
    request: Row = {"TableName": "sodate-contract", "Limit": limit}
    if segments > 1:
        request |= {"Segment": segment, "TotalSegments": segments}
    while True:
        answer = table.call("Scan", request)
        assert len(answer["Items"]) <= limit
        yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


@pytest.mark.usefixtures("empty_table")
def test_a_segment_without_a_total_or_beyond_it_is_rejected() -> None:
    for more in ({"Segment": 0}, {"TotalSegments": 2}, {"Segment": 2, "TotalSegments": 2}):
        with pytest.raises(Transient):
            table.call("Scan", {"TableName": "sodate-contract", **more})
