"""A dead-letter queue, a stream with pages and an age, and Lambda, as far as `sodate dlq` calls them.

Kept of AWS: received messages are hidden until deleted or released; a stream answers empty pages and forgets its oldest
records; an invocation returns its error as a payload. Not kept: several shards, expiry of receipt handles, throttling.
"""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from botocore.exceptions import ClientError
from sodate_cli.redrive import Clients

Json = dict[str, Any]
STREAM = "arn:aws:dynamodb:ap-northeast-1:123456789012:table/t/stream/2026-11-24"


class DeadLetterQueue:
    """SQS as far as one reader sees it: what is received is hidden until it is deleted or released."""

    def __init__(self) -> None:
        self.bodies: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self.hidden: set[str] = set()
        self.put_so_far = 0

    def put(self, body: object, reason: str = "") -> str:
        self.put_so_far += 1
        name = f"letter-{self.put_so_far}"
        self.bodies[name] = body if isinstance(body, str) else json.dumps(body)
        self.reasons[name] = reason
        return name

    def receive_message(self, MaxNumberOfMessages: int, **_: Any) -> Json:
        names = [name for name in self.bodies if name not in self.hidden][:MaxNumberOfMessages]
        self.hidden.update(names)
        return {"Messages": [self._message(name) for name in names]}

    def _message(self, name: str) -> Json:
        reason = {"reason": {"StringValue": self.reasons[name]}} if self.reasons[name] else {}
        return {
            "MessageId": name,
            "ReceiptHandle": name,
            "Body": self.bodies[name],
            "Attributes": {"SentTimestamp": "1795485600000", "ApproximateReceiveCount": "1"},
            "MessageAttributes": reason,
        }

    def delete_message(self, ReceiptHandle: str, **_: Any) -> None:
        del self.bodies[ReceiptHandle]
        self.hidden.discard(ReceiptHandle)

    def change_message_visibility(self, ReceiptHandle: str, **_: Any) -> None:
        self.hidden.discard(ReceiptHandle)

    def get_queue_url(self, QueueName: str) -> Json:
        raise ClientError({"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue"}}, "GetQueueUrl")


class Shard:
    """`page` says how many records the next page holds; none at all is usual. `trimmed`: numbers below are gone."""

    def __init__(self, records: Sequence[Json], page: Callable[[], int], *, closed: bool = False) -> None:
        self._records, self._page, self._closed = list(records), page, closed
        self.trimmed = 0

    def get_shard_iterator(self, SequenceNumber: str, ShardIteratorType: str, **_: Any) -> Json:
        assert ShardIteratorType == "AT_SEQUENCE_NUMBER"
        if int(SequenceNumber) < self.trimmed:
            raise ClientError({"Error": {"Code": "TrimmedDataAccessException"}}, "GetShardIterator")
        numbers = [_number(record) for record in self._records]
        return {"ShardIterator": str(next(n for n, at in enumerate(numbers) if at >= int(SequenceNumber)))}

    def get_records(self, ShardIterator: str) -> Json:
        begin = int(ShardIterator)
        end = min(begin + self._page(), len(self._records))
        at_the_end = end == len(self._records) and self._closed
        following = {} if at_the_end else {"NextShardIterator": str(end)}
        return {"Records": self._records[begin:end], **following}


def _number(record: Json) -> int:
    return int(record["dynamodb"]["SequenceNumber"])


class Functions:
    """Lambda: `invoke` calls `act` with the event and answers with what it returns, or with its error."""

    def __init__(self, act: Callable[[str, Any], Any], patterns: Iterable[Json] = (), batch_size: int = 100) -> None:
        self._act = act
        self._mapping = {
            "EventSourceArn": STREAM,
            "BatchSize": batch_size,
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]},
        }
        self.calls = 0

    def get_paginator(self, operation: str) -> "Functions":
        assert operation == "list_event_source_mappings"
        return self

    def paginate(self, **_: Any) -> list[Json]:
        return [{"EventSourceMappings": [{"EventSourceArn": "another"}, self._mapping]}]

    def invoke(self, FunctionName: str, Payload: str) -> Json:
        self.calls += 1
        try:
            answer, error = self._act(FunctionName, json.loads(Payload)), {}
        except Exception as trouble:  # noqa: BLE001  Lambda does so too
            answer, error = {"errorMessage": str(trouble)}, {"FunctionError": "Unhandled"}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **error}


class Scan:
    """The table, for a rebuild: `kind IN (…)` and nothing else."""

    def __init__(self, items: Callable[[], Iterable[Json]]) -> None:
        self._items = items

    def get_paginator(self, operation: str) -> "Scan":
        assert operation == "scan"
        return self

    def paginate(self, ExpressionAttributeValues: Json, **_: Any) -> list[Json]:
        kinds = [value["S"] for value in ExpressionAttributeValues.values()]
        return [{"Items": [item for item in self._items() if item["kind"]["S"] in kinds]}]


def clients(queue: DeadLetterQueue, functions: Functions, shard: Any = None, items: Iterable[Json] = ()) -> Clients:
    return Clients(queue, functions, shard, Scan(lambda: items))


def place(first: Json, last: Json, shard: str = "shard-1") -> Json:
    """What Lambda leaves of a batch that failed on every try."""
    arrived = "2026-11-24T02:00:00.000Z"
    return {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "version": "1.0",
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first["dynamodb"]["SequenceNumber"],
            "endSequenceNumber": last["dynamodb"]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": first.get("arrived", arrived),
            "approximateArrivalOfLastRecord": last.get("arrived", arrived),
            "batchSize": 7,
            "streamArn": STREAM,
        },
    }
