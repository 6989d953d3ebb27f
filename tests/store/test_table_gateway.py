"""The calls of the send path, which bypass PynamoDB: moto's DynamoDB and the memory table give the same results."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import key, plain
from sodate.dynamodb.table import ConditionFailed, Table
from sodate.email.eligibility.caps import Limit, minutes
from sodate.email.eligibility.claim import ClaimRejected, Claims, release
from sodate.email.reputation import rate_limiter
from sodate.errors import Transient
from sodate.leads.contact_state import ContactState, Enrollment
from sodate.leads.store import StateItem, find_state, state_change, state_item, state_key
from sodate.scenarios.store import step_change, step_guard
from sodate.scheduling import store as due
from sodate.scheduling.message import RawMessage

from tests.fakes.table import MemoryTable
from tests.support.tables import moto_table

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
RUN = Enrollment("e1", 1, 0, "2026-11-24T00:00:00.000Z", 9)
LEAD = ContactState("L", "key", topics={"news": "confirmed"}, enrollments={"my-run": RUN})
LIMITS = (Limit(None, "day", 2), Limit("news", "week", 3))


@pytest.fixture(params=["memory", "moto"], autouse=True)
def empty_table(request: pytest.FixtureRequest) -> Iterator[MemoryTable | None]:
    if request.param == "memory":
        memory = MemoryTable()
        Table("sodate-bulk", memory).use()
        yield memory
        return
    with moto_table("sodate-bulk"):
        yield None


def update(
    pk: str, sk: str, expression: str, condition: str | None, names: Any, values: Any, returned: str = "NONE"
) -> dict[str, Any]:
    """One UpdateItem with an expression as a string."""
    request = {
        "TableName": table.name(),
        "Key": key(pk, sk),
        "UpdateExpression": expression,
        "ExpressionAttributeNames": names,
        "ReturnValues": returned,
        **({"ExpressionAttributeValues": values} if values else {}),
        **({"ConditionExpression": condition} if condition else {}),
    }
    return dict(table.call("UpdateItem", request).get("Attributes") or {})


def item(number: int) -> dict[str, Any]:
    return {"pk": {"S": "P"}, "sk": {"S": f"{number:03d}"}, "kind": {"S": "due"}, "n": {"N": str(number)}}


def test_many_items_are_put_and_read_in_as_many_calls_as_it_takes() -> None:
    table.put_many([item(number) for number in range(60)])
    wanted = [("P", f"{number:03d}") for number in range(130)]
    read_items = table.get_many(wanted + wanted[:5])
    assert sorted(read_items) == wanted[:60]
    assert read_items["P", "007"] == item(7)
    table.put_many([item(7) | {"n": {"N": "70"}}, item(7) | {"n": {"N": "77"}}])  # the last of one key
    assert table.get("P", "007") == item(7) | {"n": {"N": "77"}}
    assert table.get("P", "999") is None


def test_unprocessed_items_of_a_batch_are_requested_again(empty_table: MemoryTable | None) -> None:
    if empty_table is None:
        return
    left = iter([False, True, False, True] + [False] * 99)
    empty_table.leave_over = lambda _: next(left)
    table.put_many([item(number) for number in range(10)])
    assert len(empty_table.items) == 10
    empty_table.leave_over = lambda _: True
    with pytest.raises(Transient):
        table.put_many([item(11)])


@pytest.mark.parametrize("size", [0, 26])
def test_a_batch_of_the_wrong_size_is_rejected(empty_table: MemoryTable | None, size: int) -> None:
    """By AWS and by the memory table; moto accepts any size."""
    if empty_table is None:
        return
    entries = [{"PutRequest": {"Item": item(number)}} for number in range(size)]
    with pytest.raises(ClientError):
        empty_table.call("BatchWriteItem", {"RequestItems": {"sodate-bulk": entries}})


def test_a_bucket_is_read_page_by_page_in_the_order_of_its_keys() -> None:
    for number in range(7):
        due.plan(NOW, due.TRANSACTIONAL, f"{number}", RawMessage({"number": number}), NOW)
    read, after, minute = [], None, NOW + due.LEAD_TIME
    for _ in range(4):
        entries, after = due.page(minute, due.TRANSACTIONAL, 0, after, 3)
        read += [entry.message["number"] for entry in entries]
        if after is None:
            break
    assert read == list(range(7))
    assert due.page(minute + due.MINUTE, due.TRANSACTIONAL, 0, None, 3) == ([], None)


def claim(step: int, now: datetime, time_zone: str | None = None) -> ClaimRejected | None:
    claims = Claims("news", LIMITS, step_guard("my-run"), now)
    return claims.claim("L", time_zone, {"enrollment": "e1", "step": step, "then": step + 1})


def test_a_claim_succeeds_once_and_stores_its_minute() -> None:
    table.put_new(state_item(LEAD))
    assert claim(0, NOW) is None
    stored = find_state("L")
    assert stored is not None
    assert (stored.enrollments["my-run"].step, stored.mailed, stored.mailed_in) == (
        1,
        (minutes(NOW),),
        {"news": (minutes(NOW),)},
    )
    rejection = claim(0, NOW)
    assert rejection == ClaimRejected(stored)
    release(step_change("L", "my-run", "e1", 1, 0), NOW)
    stored = find_state("L")
    assert stored is not None
    assert (stored.enrollments["my-run"].step, stored.mailed) == (0, ())


@pytest.mark.parametrize(
    "change",
    [
        {"blocked": "complaint"},
        {"topics": {"news": "withdrawn"}},
        {"topics": {}},
        {"pause_until": keys.stamp(NOW + timedelta(minutes=1))},
        {"frequency": "weekly", "mailed": (minutes(NOW) - 6 * 24 * 60,)},
        {"frequency": "monthly", "mailed": (minutes(NOW) - 29 * 24 * 60,)},
        {"mailed": (minutes(NOW) - 10, minutes(NOW) - 20)},
        {"mailed_in": {"news": (minutes(NOW) - 10, minutes(NOW) - 20, minutes(NOW) - 9000)}},
        {"zone": "Europe/Berlin"},
        {"enrollments": {"my-run": Enrollment("e2", 1, 0, RUN.since, 9)}},
        {"enrollments": {}},
    ],
    ids=lambda change: "-".join(change),
)
def test_a_rejected_claim_returns_the_item_that_rejected_it(change: dict[str, Any]) -> None:
    state = ContactState(**{**vars(LEAD), **change})
    table.put_new(state_item(state))
    assert claim(0, NOW) == ClaimRejected(state)
    assert find_state("L") == state


@pytest.mark.parametrize(
    "change",
    [
        {"pause_until": keys.stamp(NOW)},
        {"frequency": "weekly", "mailed": (minutes(NOW) - 7 * 24 * 60,)},
        {"frequency": "monthly"},
        {"mailed": (minutes(NOW) - 10, minutes(NOW) - 24 * 60)},
        {"mailed_in": {"news": (minutes(NOW) - 10, minutes(NOW) - 20)}},
    ],
    ids=lambda change: "-".join(change),
)
def test_a_claim_succeeds_when_pauses_and_caps_are_over(change: dict[str, Any]) -> None:
    table.put_new(state_item(ContactState(**{**vars(LEAD), **change})))
    assert claim(0, NOW) is None


def test_the_stored_minutes_are_cut_when_there_are_many() -> None:
    table.put_new(state_item(LEAD))
    for step in range(9):
        assert claim(step, NOW + timedelta(days=8 * step)) is None
    stored = find_state("L")
    assert stored is not None
    assert 2 <= len(stored.mailed) <= 7
    assert stored.mailed[0] == minutes(NOW + timedelta(days=64))
    assert list(stored.mailed) == sorted(stored.mailed, reverse=True)


def test_slots_follow_each_other_at_the_rate_and_the_first_stop_reason_stays() -> None:
    assert rate_limiter.load() == rate_limiter.RateLimit()
    rate_limiter.keep(rate_limiter.RateLimit(rate=10.0))
    step, slots = rate_limiter.load().slot, [rate_limiter.reserve(rate_limiter.load(), NOW).at or NOW for _ in range(3)]
    assert slots == [slots[0], slots[0] + step, slots[0] + 2 * step]
    assert timedelta() <= slots[0] - NOW < step
    later = NOW + timedelta(seconds=1)
    following = rate_limiter.reserve(rate_limiter.load(), later).at
    assert following is not None
    assert following - later == slots[0] - NOW
    for _ in range(105):
        last = rate_limiter.reserve(rate_limiter.load(), later).at
    assert last is None
    assert rate_limiter.open_breaker("sending_paused")
    assert not rate_limiter.open_breaker("account_suspended")
    assert rate_limiter.load().stopped == "sending_paused"


@pytest.mark.parametrize("what", ["names", "values"])
def test_an_unused_name_or_value_is_rejected(what: str) -> None:
    names, values = {"#a": "a"}, {":a": {"S": "1"}}
    (names if what == "names" else values)["#b" if what == "names" else ":b"] = "b" if what == "names" else {"S": "b"}  # type: ignore[index,assignment]
    with pytest.raises(Transient):
        update("P", "S", "SET #a = :a", None, names, values)


def test_a_list_grows_at_its_front_and_loses_what_is_named() -> None:
    names, values = {"#l": "l"}, {":new": {"L": [{"N": "1"}]}, ":none": {"L": []}}
    grow = "SET #l = list_append(:new, if_not_exists(#l, :none))"
    for number in range(4):
        values[":new"] = {"L": [{"N": str(number)}]}
        updated = update("P", "S", grow, None, names, values, "UPDATED_NEW")
    assert [plain(entry) for entry in updated["l"]["L"]] == [3, 2, 1, 0]
    update("P", "S", "REMOVE #l[1], #l[3]", None, names, {})
    update("P", "S", "SET #l[0] = :n", "#l[1] = :one", names, {":n": {"N": "9"}, ":one": {"N": "1"}})
    stored = table.get("P", "S")
    assert stored is not None
    assert [plain(entry) for entry in stored["l"]["L"]] == [9, 1]
    with pytest.raises(ConditionFailed):
        update("P", "S", "REMOVE #l", "attribute_exists(#l[5])", names, {})


def test_a_write_without_a_difference_undoes_no_setting_that_changed_meanwhile() -> None:
    """Its condition covers block and topics only, so a language chosen meanwhile must stay."""
    table.put_new(state_item(LEAD))
    change = state_change(LEAD, LEAD, LEAD.topics)
    table.update(state_key("L"), [StateItem.language.set("en")])
    table.commit([change])
    stored = find_state("L")
    assert stored is not None
    assert stored.language == "en"


def test_a_thread_without_a_table_is_told_what_is_missing() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match=r"call Table\.use\(\) first"):
        pool.submit(table.get, "P", "S").result()
