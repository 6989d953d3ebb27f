"""What lies in a dead-letter queue goes back to where it came from: its queue, or the function that could not do it.

A message is deleted only after its destination took it; a repeat is safe because every consumer acts once.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError
from sodate.errors import Conflict, NotFound

_LONGEST_LOOK = 1000


@dataclass(frozen=True)
class Destination:
    """Exactly one of the two."""

    queue_url: str | None = None
    function: str | None = None


def destination_of(edge: str, outputs: Mapping[str, str]) -> Destination:
    """`outputs` are the stack's; `<queue>-dlq` stands behind `<queue>`. Raises `NotFound` when it leads nowhere."""
    queue = outputs[f"Dlq{edge}Url"].rsplit("/", 1)[-1].removesuffix("-dlq").removesuffix("-topic")
    try:
        return Destination(queue_url=boto3.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"])
    except ClientError as error:
        if "NonExistentQueue" not in error.response["Error"]["Code"] and "QueueDoesNotExist" not in str(error):
            raise
    function = outputs.get(f"Function{edge}")
    if function is None:
        raise NotFound(f"nothing stands before the dead-letter queue of {edge!r}")
    return Destination(function=function)


def resend(dlq_url: str, destination: Destination) -> tuple[int, int]:
    """(sent again, left). What its function refuses once more stays where it is."""
    client = boto3.client("sqs")
    moved = left = 0
    for message in _messages(client, dlq_url):
        try:
            _hand_over(client, message["Body"], destination)
        except Conflict:
            left += 1
            continue
        client.delete_message(QueueUrl=dlq_url, ReceiptHandle=message["ReceiptHandle"])
        moved += 1
    return moved, left


def _messages(client: Any, url: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    while len(seen) < _LONGEST_LOOK:
        reply = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60, WaitTimeSeconds=1)
        fresh = [message for message in reply.get("Messages", []) if message["MessageId"] not in seen]
        if not fresh:
            return
        seen.update(message["MessageId"] for message in fresh)
        yield from fresh


def _hand_over(client: Any, body: str, destination: Destination) -> None:
    if destination.queue_url is not None:
        client.send_message(QueueUrl=destination.queue_url, MessageBody=body)
        return
    reply = boto3.client("lambda").invoke(FunctionName=str(destination.function), Payload=json.dumps(event_of(body)))
    answer = json.loads(reply["Payload"].read() or "null")
    if reply.get("FunctionError") or (isinstance(answer, dict) and answer.get("batchItemFailures")):
        raise Conflict("the function refused it again")


def event_of(body: str) -> Any:
    """The event as the function first got it: records we buried, a destination record of Lambda's, or a bus event."""
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Conflict("not an event") from error
    if isinstance(content, list):
        return {"Records": content}
    if "DDBStreamBatchInfo" in content:
        return {"Records": _stream_records(content["DDBStreamBatchInfo"])}
    return content.get("requestPayload", content)


def _stream_records(info: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lambda keeps only the place in the stream; the records themselves can be read there for 24 hours."""
    client = boto3.client("dynamodbstreams")
    iterator: str | None = client.get_shard_iterator(
        StreamArn=info["streamArn"],
        ShardId=info["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=info["startSequenceNumber"],
    )["ShardIterator"]
    found: list[dict[str, Any]] = []
    while iterator and len(found) < int(info["batchSize"]):
        reply = client.get_records(ShardIterator=iterator)
        if not reply["Records"]:
            break
        found += [record for record in reply["Records"]]
        iterator = reply.get("NextShardIterator")
    if not found:
        raise Conflict("the records are older than the stream keeps them")
    return json.loads(json.dumps(found[: int(info["batchSize"])], default=str))
