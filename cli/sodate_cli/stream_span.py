"""Reads a range of the table's stream again, in the format in which Lambda delivers it.

A failed batch is identified only by the sequence numbers of its first and last record. The range also has records that
the filter of the event source mapping excludes; they are read and excluded here as well.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from sodate.errors import Conflict
from sodate.messages import Message

Record = dict[str, Any]
#: Consecutive pages without a record; an open shard returns empty pages without end.
_MOST_EMPTY_PAGES = 100
_MOST_RECORDS = 200_000
#: Bytes per call, well below the limit of Lambda of 6 MB.
_CALL_BYTES = 3_000_000


class Trimmed(Exception):
    """Some records of the range are older than the 24 hours that a stream keeps."""


@dataclass(frozen=True)
class Span:
    stream_arn: str
    shard_id: str
    start: str
    end: str
    first_arrival: datetime
    last_arrival: datetime

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> "Span":
        """Parse `DDBStreamBatchInfo` of a destination record.

        Raises: `Conflict` for any other input.
        """
        try:
            return cls(
                str(info["streamArn"]),
                str(info["shardId"]),
                str(info["startSequenceNumber"]),
                str(info["endSequenceNumber"]),
                datetime.fromisoformat(info["approximateArrivalOfFirstRecord"]),
                datetime.fromisoformat(info["approximateArrivalOfLastRecord"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Conflict(Message("not a destination record of a stream: {error!r}", error=error)) from error


def read_span(client: Any, span: Span) -> list[Record]:
    """All records from the first to the last, in order.

    Raises: `Trimmed` when records have expired; `Conflict` when the stream has no such range.
    """
    span_records: list[Record] = []
    first, last = int(span.start), int(span.end)
    for record in _from(client, span):
        number = int(record["dynamodb"]["SequenceNumber"])
        if not span_records and number != first:
            raise Trimmed
        if number > last or len(span_records) >= _MOST_RECORDS:
            raise Conflict(Message("the stream has no record {end} after {start}", end=span.end, start=span.start))
        span_records.append(_as_lambda_delivers(record, span.stream_arn))
        if number == last:
            return span_records
    raise Trimmed


def _from(client: Any, span: Span) -> Iterator[Record]:
    empty = 0
    try:
        iterator = client.get_shard_iterator(
            StreamArn=span.stream_arn,
            ShardId=span.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=span.start,
        )["ShardIterator"]
        while iterator and empty < _MOST_EMPTY_PAGES:
            reply = client.get_records(ShardIterator=iterator)
            yield from reply["Records"]
            empty = 0 if reply["Records"] else empty + 1
            iterator = reply.get("NextShardIterator")
    except ClientError as error:
        if error.response["Error"]["Code"] in ("TrimmedDataAccessException", "ResourceNotFoundException"):
            raise Trimmed from error
        raise


def _as_lambda_delivers(record: Record, stream_arn: str) -> Record:
    plain: Record = json.loads(json.dumps(record, default=_as_json))
    return {**plain, "eventSourceARN": stream_arn}


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


# -- the mapping's filter ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SourceMapping:
    """The parts of an event source mapping that a redrive applies again."""

    patterns: tuple[Mapping[str, Any], ...]
    batch_size: int

    def wanted(self, records: Iterable[Record]) -> list[Record]:
        """Records that match one of the patterns; all records when there are none."""
        return [r for r in records if not self.patterns or any(_matches(pattern, r) for pattern in self.patterns)]


def mapping_of(client: Any, function: str, stream_arn: str) -> SourceMapping:
    """The mapping of `function` for the stream.

    Raises: `Conflict` when the function does not read that stream (any more).
    """
    pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    for mapping in (mapping for page in pages for mapping in page["EventSourceMappings"]):
        if mapping["EventSourceArn"] == stream_arn:
            filters = (mapping.get("FilterCriteria") or {}).get("Filters", [])
            return SourceMapping(
                tuple(json.loads(one["Pattern"]) for one in filters), int(mapping.get("BatchSize") or 100)
            )
    raise Conflict(Message("its function does not read the stream of this message any more"))


def _matches(pattern: Mapping[str, Any], value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    return all(
        _matches(rule, value.get(key)) if isinstance(rule, Mapping) else _is_one_of(rule, value.get(key))
        for key, rule in pattern.items()
    )


def _is_one_of(rule: Sequence[Any], value: Any) -> bool:
    for wanted in rule:
        if isinstance(wanted, Mapping):  # `exists`, `prefix`, `numeric` …: our mappings use none
            raise Conflict(
                Message(
                    "the mapping's filter has the operator {next!r}, which a redrive cannot repeat",
                    next=next(iter(wanted)),
                )
            )
        if wanted == value and value is not None:
            return True
    return False


def batches(records: Sequence[Record], size: int) -> Iterator[list[Record]]:
    """Batches in order, each at most the mapping's batch size and the payload limit of one call."""
    batch: list[Record] = []
    size_bytes = 0
    for record in records:
        length = len(json.dumps(record))
        if batch and (len(batch) >= size or size_bytes + length > _CALL_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(record)
        size_bytes += length
    if batch:
        yield batch
