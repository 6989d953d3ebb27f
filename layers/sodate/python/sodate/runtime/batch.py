"""Batches from queues and the stream: healthy records are done once, a failing one comes back alone.

`Invalid` can never succeed, so it goes to the dead-letter queue at once, with the reason in words; anything else is
reported as a partial failure and comes again.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sodate.errors import Invalid, NotFound, Transient
from sodate.runtime import container
from sodate.runtime.logs import logger
from sodate.runtime.settings import is_local, setting

Record = Mapping[str, Any]
Failures = dict[str, list[dict[str, str]]]


def each_message(event: Mapping[str, Any], act: Callable[[str], str]) -> Failures:
    """SQS: `act` gets the body and says in one word what it did; the words are counted in one log line."""
    failed: list[str] = []
    outcomes: dict[str, int] = defaultdict(int)
    for record in event["Records"]:
        outcome = _guarded(record["messageId"], record["body"], partial(act, record["body"]), failed)
        outcomes[outcome] += 1
    logger().info("batch", extra={"outcomes": dict(outcomes)})
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def each_group(event: Mapping[str, Any], act: Callable[[str, list[Record]], str]) -> Failures:
    """Stream: records grouped by partition key, so that a lead is read and written once a batch.

    A stream goes back to the lowest failed record; the groups are safe to repeat.
    """
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in event["Records"]:
        groups[record["dynamodb"]["Keys"]["pk"]["S"]].append(record)
    failed: list[str] = []
    outcomes: dict[str, int] = defaultdict(int)
    for pk, records in groups.items():
        first = records[0]["dynamodb"]["SequenceNumber"]
        outcomes[_guarded(first, json.dumps(records), partial(act, pk, records), failed)] += 1
    logger().info("batch", extra={"outcomes": dict(outcomes)})
    if failed and is_local():
        raise Transient("some records failed")  # the local cloud takes a partial answer from a stream for success
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def _guarded(name: str, content: str, act: Callable[[], str], failed: list[str]) -> str:
    try:
        return act()
    except (Invalid, NotFound) as error:
        try:
            _bury(content, str(error))
        except Exception as trouble:  # noqa: BLE001  whatever it is, the record must come again
            logger().error("could not reach the dead-letter queue", extra={"why": type(trouble).__name__})
            failed.append(name)
            return "failed"
        return "dead_letter"
    except Exception as error:  # noqa: BLE001  one record's bug must not repeat its neighbours
        logger().error("record failed", extra={"record": name, "why": f"{type(error).__name__}: {error}"[:300]})
        failed.append(name)
        return "failed"


def _bury(content: str, reason: str) -> None:
    attributes = {
        "reason": {"DataType": "String", "StringValue": reason[:500] or "unknown"},
        "function": {"DataType": "String", "StringValue": setting("POWERTOOLS_SERVICE_NAME")},
    }
    queue = setting("SODATE_DEAD_LETTER_URL")
    container.client("sqs").send_message(QueueUrl=queue, MessageBody=content[:200_000], MessageAttributes=attributes)


def image(record: Record, which: str) -> dict[str, Any] | None:
    """`NewImage` or `OldImage` of a stream record as plain values."""
    raw = record["dynamodb"].get(which)
    return _plain({"M": raw}) if raw else None


def _plain(value: Mapping[str, Any]) -> Any:
    (tag, content), *_ = value.items()
    match tag:
        case "M":
            return {name: _plain(item) for name, item in content.items()}
        case "L":
            return [_plain(item) for item in content]
        case "N":
            return int(content) if content.lstrip("-").isdigit() else float(content)
        case "NULL":
            return None
        case _:
            return content
