"""A stretch of the table's stream, read once more as Lambda would have handed it over.

A failed batch leaves only its place: the sequence numbers of its first and last record. Between the two lie records
that the event source mapping's filter kept from the function; they are read and left out here as well.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from sodate.errors import Conflict

Record = dict[str, Any]
#: Pages without a record between two with some; an open shard gives empty pages for ever.
_MOST_EMPTY_PAGES = 100
_MOST_RECORDS = 200_000
#: Lambda takes 6 MB a call.
_CALL_BYTES = 3_000_000


class Trimmed(Exception):
    """The stream keeps a record for 24 hours; some of these are older."""


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
        """`DDBStreamBatchInfo` of a destination record. Raises `Conflict` for what is none."""
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
            raise Conflict(f"not a destination record of a stream: {error!r}") from error


def read_span(client: Any, span: Span) -> list[Record]:
    """Every record from the first to the last, in order, whatever the pages. Raises `Trimmed`, or `Conflict`."""
    found: list[Record] = []
    first, last = int(span.start), int(span.end)
    for record in _from(client, span):
        number = int(record["dynamodb"]["SequenceNumber"])
        if not found and number != first:
            raise Trimmed
        if number > last or len(found) >= _MOST_RECORDS:
            raise Conflict(f"the stream has no record {span.end} after {span.start}")
        found.append(_as_lambda_hands_it_over(record, span.stream_arn))
        if number == last:
            return found
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


def _as_lambda_hands_it_over(record: Record, stream_arn: str) -> Record:
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
    """Of an event source mapping what a redrive repeats."""

    patterns: tuple[Mapping[str, Any], ...]
    batch_size: int

    def wanted(self, records: Iterable[Record]) -> list[Record]:
        """Lambda hands over what one of the patterns matches; without patterns everything."""
        return [r for r in records if not self.patterns or any(_matches(pattern, r) for pattern in self.patterns)]


def mapping_of(client: Any, function: str, stream_arn: str) -> SourceMapping:
    """Raises `Conflict` when the function does not read that stream (any more)."""
    pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    for mapping in (mapping for page in pages for mapping in page["EventSourceMappings"]):
        if mapping["EventSourceArn"] == stream_arn:
            filters = (mapping.get("FilterCriteria") or {}).get("Filters", [])
            return SourceMapping(
                tuple(json.loads(one["Pattern"]) for one in filters), int(mapping.get("BatchSize") or 100)
            )
    raise Conflict("its function does not read the stream of this message any more")


def _matches(pattern: Mapping[str, Any], value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    return all(
        _matches(rule, value.get(key)) if isinstance(rule, Mapping) else _is_one_of(rule, value.get(key))
        for key, rule in pattern.items()
    )


def _is_one_of(rule: Sequence[Any], value: Any) -> bool:
    for wanted in rule:
        if isinstance(wanted, Mapping):  # `exists`, `prefix`, `numeric` …: none of ours uses one
            raise Conflict(
                f"the mapping's filter has the operator {next(iter(wanted))!r}, which a redrive cannot repeat"
            )
        if wanted == value and value is not None:
            return True
    return False


def batches(records: Sequence[Record], size: int) -> Iterator[list[Record]]:
    """In order, no larger than the mapping's batches, and none too large for a call."""
    batch: list[Record] = []
    held = 0
    for record in records:
        length = len(json.dumps(record))
        if batch and (len(batch) >= size or held + length > _CALL_BYTES):
            yield batch
            batch, held = [], 0
        batch.append(record)
        held += length
    if batch:
        yield batch
