"""The meter gives AWS's own documented answers, and a table charges each call as AWS says."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.meter import Meter, index_units, item_size, number_size, read_units, write_units
from benchmarks.table import Index, Schema, Tables

Item = dict[str, Any]


def item(size: int, key: str = "k") -> Item:
    """An item of exactly `size` bytes."""
    return {"pk": {"S": key}, "x": {"S": "a" * (size - 3 - len(key))}}


def tables(*indexes: Index) -> Tables:
    return Tables({"t": Schema("pk", indexes=indexes), "ranged": Schema("pk", "sk")})


def units(here: Tables) -> tuple[float, float]:
    return here.meter.usage.write_units, here.meter.usage.read_units


# -- sizes: developerguide/CapacityUnitCalculations.html


@pytest.mark.parametrize(
    ("number", "size"),
    [("0", 1), ("7", 2), ("42", 2), ("123", 3), ("1200", 2), ("0.0015", 2), ("-27.25", 4), ("1732240000000", 4)],
)
def test_a_number_takes_a_byte_per_two_significant_digits_and_one_more(number: str, size: int) -> None:
    assert number_size(number) == size


def test_strings_count_their_utf_8_bytes_and_names_count_too() -> None:
    assert item_size({"name": {"S": "山田"}, "n": {"N": "42"}, "b": {"BOOL": True}, "no": {"NULL": True}}) == 18


def test_lists_and_maps_take_three_bytes_and_one_per_element() -> None:
    assert item_size({"l": {"L": []}}) == 4
    assert item_size({"l": {"L": [{"S": "ab"}, {"N": "1"}]}}) == 1 + 3 + (1 + 2) + (1 + 2)
    assert item_size({"m": {"M": {"ab": {"S": "cd"}}}}) == 1 + 3 + (1 + 2 + 2)


def test_binary_counts_raw_bytes_and_sets_their_members() -> None:
    assert item_size({"b": {"B": "AAEC"}}) == 4
    assert item_size({"s": {"SS": ["ab", "c"]}, "n": {"NS": ["12", "3"]}}) == 1 + 3 + 1 + 4


# -- units: developerguide/read-write-operations.html


def test_reads_round_up_to_four_kilobytes() -> None:
    assert read_units(3500, consistent=True) == read_units(4096, consistent=True) == 1
    assert read_units(10 * 1024, consistent=True) == 3
    assert read_units(8 * 1024, consistent=True) == 2
    assert read_units(8 * 1024, consistent=False) == 1
    assert read_units(0, consistent=False) == 0.5


def test_writes_round_up_to_one_kilobyte_of_the_larger_image() -> None:
    assert write_units(None, item(500)) == 1
    assert write_units(None, item(1024)) == 1
    assert write_units(None, item(1025)) == 2
    assert write_units(item(3500), item(500)) == 4
    assert write_units(None, None) == 1


def test_a_batch_read_rounds_each_item_by_itself() -> None:
    """AWS: 1.5 KB and 6.5 KB are 12 KB, not 8 KB."""
    here = tables()
    here.put("t", [item(1536, "a"), item(6656, "b")])
    keys = [{"pk": {"S": "a"}}, {"pk": {"S": "b"}}]
    here.call("BatchGetItem", {"RequestItems": {"t": {"Keys": keys, "ConsistentRead": True}}})
    assert units(here) == (0, 3)


def test_a_query_rounds_the_sum() -> None:
    """AWS: ten items of 40.8 KB together are 44 KB."""
    here = tables()
    here.put("ranged", [{"pk": {"S": "p"}, "sk": {"S": f"{n}"}, "x": {"S": "a" * 4170}} for n in range(10)])
    values = {":0": {"S": "p"}}
    query = {"TableName": "ranged", "KeyConditionExpression": "pk = :0", "ExpressionAttributeValues": values}
    assert here.call("Query", {**query, "ConsistentRead": True})["Count"] == 10
    assert units(here) == (0, 11)
    here.call("Query", query)
    assert units(here) == (0, 16.5)


def test_a_query_that_finds_nothing_costs_half_a_unit() -> None:
    here = tables()
    values = {":0": {"S": "nobody"}}
    query = {"TableName": "ranged", "KeyConditionExpression": "pk = :0", "ExpressionAttributeValues": values}
    here.call("Query", query)
    assert units(here) == (0, 0.5)


def test_a_batch_write_rounds_each_item_by_itself() -> None:
    """AWS: 500 bytes and 3.5 KB are five units."""
    here = tables()
    puts = [{"PutRequest": {"Item": item(500, "a")}}, {"PutRequest": {"Item": item(3584, "b")}}]
    here.call("BatchWriteItem", {"RequestItems": {"t": puts}})
    assert units(here) == (5, 0)


def test_an_update_is_charged_by_the_whole_item_and_a_refused_one_too() -> None:
    here = tables()
    here.put("t", [item(2000)])
    change = {
        "TableName": "t",
        "Key": {"pk": {"S": "k"}},
        "UpdateExpression": "SET y = :v",
        "ExpressionAttributeValues": {":v": {"N": "1"}},
    }
    here.call("UpdateItem", change)
    assert units(here) == (2, 0)
    refused = {**change, "ConditionExpression": "attribute_not_exists(y)"}
    with pytest.raises(ClientError) as refusal:
        here.call("UpdateItem", {**refused, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
    assert units(here) == (4, 0)
    assert refusal.value.response["Item"]["y"] == {"N": "1"}


def test_a_transaction_costs_twice_whether_it_goes_through_or_not() -> None:
    here = tables()
    put = {"Put": {"TableName": "t", "Item": item(500), "ConditionExpression": "attribute_not_exists(pk)"}}
    here.call("TransactWriteItems", {"TransactItems": [put]})
    assert units(here) == (2, 0)
    with pytest.raises(ClientError, match="TransactionCanceled"):
        here.call("TransactWriteItems", {"TransactItems": [put]})
    assert units(here) == (4, 0)


def test_an_index_costs_one_write_for_a_new_entry_two_for_a_new_key_none_while_absent() -> None:
    keys = ("due",)
    assert index_units(None, {"due": {"S": "a"}}, keys) == 1
    assert index_units({"due": {"S": "a"}}, {"due": {"S": "b"}}, keys) == 2
    assert index_units({"due": {"S": "a"}}, None, keys) == 1
    assert index_units({"due": {"S": "a"}}, {"due": {"S": "a"}}, keys) == 0
    assert index_units(None, None, keys) == 0


def test_a_tables_index_is_charged_and_queried() -> None:
    here = tables(Index("due", "due"))
    put = {"TableName": "t", "Item": {"pk": {"S": "k"}, "due": {"S": "10:00"}, "x": {"S": "not projected"}}}
    here.call("PutItem", put)
    assert units(here) == (2, 0)
    change = {"TableName": "t", "Key": {"pk": {"S": "k"}}, "UpdateExpression": "SET due = :v"}
    here.call("UpdateItem", {**change, "ExpressionAttributeValues": {":v": {"S": "11:00"}}})
    assert units(here) == (5, 0)
    query = {"TableName": "t", "IndexName": "due", "KeyConditionExpression": "due = :0"}
    assert here.call("Query", {**query, "ExpressionAttributeValues": {":0": {"S": "10:00"}}})["Count"] == 0
    (found,) = here.call("Query", {**query, "ExpressionAttributeValues": {":0": {"S": "11:00"}}})["Items"]
    assert found == {"pk": {"S": "k"}, "due": {"S": "11:00"}}


def test_a_query_goes_on_behind_a_full_page() -> None:
    here = tables()
    here.put("ranged", [{"pk": {"S": "p"}, "sk": {"S": f"{n:02d}"}, "x": {"S": "a" * 100_000}} for n in range(15)])
    values = {":0": {"S": "p"}}
    query = {"TableName": "ranged", "KeyConditionExpression": "pk = :0", "ExpressionAttributeValues": values}
    first = here.call("Query", query)
    rest = here.call("Query", {**query, "ExclusiveStartKey": first["LastEvaluatedKey"]})
    assert first["Count"] == 10
    assert [found["sk"]["S"] for found in first["Items"] + rest["Items"]] == [f"{n:02d}" for n in range(15)]


def test_the_hottest_key_is_told_per_second() -> None:
    seconds = [0]
    here = Tables({"t": Schema("pk")}, Meter(lambda: seconds[0]))
    for second, count in ((1, 3), (2, 5), (3, 2)):
        seconds[0] = second
        for _ in range(count):
            here.call("PutItem", {"TableName": "t", "Item": item(500, "hot")})
    assert here.meter.usage.hottest["W"] == (5, "hot")
