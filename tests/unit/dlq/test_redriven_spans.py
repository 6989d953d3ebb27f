"""Figure 8: random spans of random streams. Each record that the function wants is applied once, none is lost."""

from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from sodate.errors import Conflict
from sodate_cli.redrive import Edge, redrive
from sodate_cli.stream_span import SourceMapping, Span, Trimmed, batches, read_span

from tests.fakes.dead_letters import STREAM, DeadLetterQueue, Functions, Json, Shard, clients, place

KINDS = ("activity", "profile", "state", "send")
PATTERNS = [
    {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["activity"]}}}},
    {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"kind": {"S": ["profile"]}}}},
]
EDGE = Edge("Scoring", "https://sqs/dlq", "arn:aws:lambda:r:1:function:scoring:live", False, "t")
ROUNDS, A_ROUND = 100, 100


def is_wanted(record: Json) -> bool:
    """By hand what the patterns say."""
    kind = record["dynamodb"].get("NewImage", {}).get("kind", {}).get("S")
    if record["eventName"] == "REMOVE":
        return False
    return kind == "profile" or (kind == "activity" and record["eventName"] == "INSERT")


def random_stream(rng: Random) -> list[Json]:
    number, records = rng.randrange(10**20, 10**21), []
    for _ in range(rng.randint(1, 80)):
        number += rng.randint(1, 10 ** rng.randint(0, 6))
        lead, name = f"L{rng.randrange(8)}", rng.choice(("INSERT", "MODIFY", "REMOVE"))
        images = {} if name == "REMOVE" else {"NewImage": {"pk": {"S": lead}, "kind": {"S": rng.choice(KINDS)}}}
        keys = {"pk": {"S": lead}, "sk": {"S": str(number)}}
        records.append({
            "eventName": name,
            "dynamodb": {
                "Keys": keys,
                "SequenceNumber": str(number),
                "ApproximateCreationDateTime": datetime(2026, 11, 24, tzinfo=UTC),
                **images,
            },
        })  # fmt: skip
    return records


class Function:
    """Counts what it was given. Leads of `poison` fail; the answer names the first such record, as ours does."""

    def __init__(self) -> None:
        self.given = Counter[str]()
        self.poison = set[str]()
        self.order: list[str] = []

    def __call__(self, name: str, event: Any) -> Any:
        assert event["redrive"] is True
        failed = []
        for record in event["Records"]:
            number = record["dynamodb"]["SequenceNumber"]
            if record["dynamodb"]["Keys"]["pk"]["S"] in self.poison:
                failed.append({"itemIdentifier": number, "reason": "Invalid: poison"})
                continue
            self.given[number] += 1
            self.order.append(number)
        return {"batchItemFailures": failed}


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_every_record_of_a_span_is_applied_once_and_none_beside_it(round_: int) -> None:
    for seed in range(round_ * A_ROUND, (round_ + 1) * A_ROUND):
        rng = Random(seed)  # noqa: S311
        _one_span(rng)


def _one_span(rng: Random) -> None:
    records = random_stream(rng)
    places = [number for number, record in enumerate(records) if is_wanted(record)]
    if not places:
        return
    begin, end = sorted((rng.choice(places), rng.choice(places)))
    wanted = [record for record in records[begin : end + 1] if is_wanted(record)]
    queue, function = DeadLetterQueue(), Function()
    queue.put(place(records[begin], records[end]))
    shard = Shard(records, lambda: rng.choice((0, 0, 1, 3, 1000)), closed=rng.random() < 0.5)
    leads = sorted({record["dynamodb"]["Keys"]["pk"]["S"] for record in records})
    profiles = [{"pk": {"S": lead}, "sk": {"S": "PROFILE"}, "kind": {"S": "profile"}} for lead in leads]
    poisoned = wanted[0]["dynamodb"]["Keys"]["pk"]["S"] if rng.random() < 0.2 else None
    function.poison = {poisoned} if poisoned else set()
    if rng.random() < 0.2:
        shard.trimmed = int(records[begin]["dynamodb"]["SequenceNumber"]) + 1
    done = redrive(clients(queue, Functions(function, PATTERNS, rng.randint(1, 100)), shard, profiles), EDGE)

    if poisoned:
        assert (len(done.left), len(queue.bodies), queue.hidden) == (1, 1, set()), "poison stays where it is"
        assert "poison" in next(iter(done.left.values()))
    else:
        assert (done.left, queue.bodies) == ({}, {})
    if shard.trimmed:
        assert len(function.given) == len(leads) - bool(poisoned), "every lead is folded anew"
        return
    healthy = [r["dynamodb"] for r in wanted if r["dynamodb"]["Keys"]["pk"]["S"] != poisoned]
    assert function.given == Counter(body["SequenceNumber"] for body in healthy)
    assert function.order == [body["SequenceNumber"] for body in healthy]


# -- single cases ------------------------------------------------------------------------------------------------------


def record(number: int, lead: str = "L1", kind: str = "activity") -> Json:
    image = {"pk": {"S": lead}, "sk": {"S": "x"}, "kind": {"S": kind}}
    body = {"Keys": {"pk": {"S": lead}, "sk": {"S": "x"}}, "SequenceNumber": str(number), "NewImage": image}
    return {"eventName": "INSERT", "dynamodb": body}


def span(first: int, last: int) -> Span:
    return Span.of(place(record(first), record(last))["DDBStreamBatchInfo"])


def test_a_span_whose_end_the_stream_does_not_give_is_not_taken_for_read() -> None:
    with pytest.raises(Trimmed):
        read_span(Shard([record(1), record(2)], lambda: 10, closed=True), span(1, 3))
    with pytest.raises(Conflict, match="no record 3"):
        read_span(Shard([record(1), record(9)], lambda: 10), span(1, 3))
    with pytest.raises(Trimmed):
        read_span(Shard([record(1)], lambda: 0), span(1, 1))


def test_an_operator_that_a_redrive_cannot_repeat_leaves_the_message_where_it_is() -> None:
    queue, function = DeadLetterQueue(), Function()
    queue.put(place(record(1), record(1)))
    patterns = [{"eventName": [{"prefix": "INS"}]}]
    done = redrive(clients(queue, Functions(function, patterns), Shard([record(1)], lambda: 1)), EDGE)
    assert "prefix" in str(done.left)
    assert function.given == Counter()


def test_a_mapping_without_a_filter_wants_everything() -> None:
    assert SourceMapping((), 10).wanted([record(1, kind="send")])


def test_batches_are_no_larger_than_the_mapping_s_and_none_is_too_large_for_a_call() -> None:
    records = [record(number) for number in range(25)]
    assert [len(batch) for batch in batches(records, 10)] == [10, 10, 5]
    large = {**record(1), "filler": "x" * 2_000_000}
    assert [len(batch) for batch in batches([large, large, record(2)], 10)] == [1, 2]


def test_a_redrive_ends_after_what_lay_there_when_it_began() -> None:
    queue = DeadLetterQueue()
    first = [queue.put({"requestPayload": {"number": number}}) for number in range(25)]

    def sets_aside_once_more(_: str, event: Any) -> Any:
        queue.put({"requestPayload": event}, "poison")
        return None

    done = redrive(clients(queue, Functions(sets_aside_once_more)), Edge("X", "u", "f", False, "t"))
    assert (done.moved, done.left) == (25, {})
    assert len(queue.bodies) == 25
    assert not set(first) & set(queue.bodies)


def test_a_function_that_fails_keeps_its_message_and_the_next_ones_are_tried() -> None:
    queue = DeadLetterQueue()
    for number in range(3):
        queue.put({"requestPayload": {"number": number}})

    def act(_: str, event: Any) -> Any:
        if event["number"] == 1:
            raise ValueError("LeadBecameHot without lead_id")

    done = redrive(clients(queue, Functions(act)), Edge("SalesHandoff", "u", "f", False, "t"))
    assert (done.moved, list(done.left.values())) == (2, ["the function failed: LeadBecameHot without lead_id"])
    assert list(queue.bodies) == ["letter-2"]
    assert queue.hidden == set(), "what stays is visible again at once"


def test_what_is_older_than_the_stream_and_has_no_truth_in_the_table_stays() -> None:
    queue, shard = DeadLetterQueue(), Shard([record(1)], lambda: 1)
    queue.put(place(record(1), record(1)))
    shard.trimmed = 2
    edge = Edge("Another", "u", "f", False, "t")
    done = redrive(clients(queue, Functions(lambda *_: None), shard), edge)
    assert "older than the stream" in str(done.left)
    assert len(queue.bodies) == 1


@pytest.mark.parametrize("body", ["", "no json", '"text"', "3", '{"DDBStreamBatchInfo": {"shardId": "x"}}'])
def test_what_is_no_event_stays_with_its_reason(body: str) -> None:
    queue = DeadLetterQueue()
    queue.put(body)
    done = redrive(clients(queue, Functions(lambda *_: None)), EDGE)
    assert (done.moved, len(done.left), len(queue.bodies)) == (0, 1, 1)


def test_the_stream_of_the_message_must_be_one_that_the_function_reads() -> None:
    queue = DeadLetterQueue()
    letter = place(record(1), record(1))
    letter["DDBStreamBatchInfo"]["streamArn"] = STREAM + "-before"
    queue.put(letter)
    done = redrive(clients(queue, Functions(Function(), PATTERNS), Shard([record(1)], lambda: 1)), EDGE)
    assert "does not read the stream" in str(done.left)
