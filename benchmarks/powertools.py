"""`python -m benchmarks.powertools`: what Powertools' batches, event classes and parameters cost beside our own code.

CPU time of this machine, all in one run: medians of fresh processes for imports, of repeated batches for records. Only
the ratios mean something elsewhere. docs/decisions/0078 quotes them.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from sodate.dynamodb import keys
from sodate.runtime.batch import Failures, each_message, image

_RUNS, _BATCHES, _RECORDS = 7, 400, 10
_HANDLERS = ("email_events", "form_capture")
_PARTS = ("batch", "data_classes", "parameters")


def imports() -> list[str]:
    """Per handler: its own import, and what each part of Powertools adds to it."""
    lines = []
    for handler in _HANDLERS:
        own = _median(lambda h=handler: _seconds(f"import functions.{h}.handler"))  # type: ignore[misc]
        lines.append(f"import of {handler}: {own * 1e3:.0f} ms")
        for part in _PARTS:
            more = _median(
                lambda h=handler, p=part: _seconds(  # type: ignore[misc]
                    f"import aws_lambda_powertools.utilities.{p}", f"import functions.{h}.handler, boto3"
                )
            )
            lines.append(f"  + utilities.{part}: {more * 1e3:.0f} ms, {more / own:.0%} of it")
    return lines


def _seconds(measured: str, before: str = "") -> float:
    code = f"import time\n{before}\nt = time.process_time()\n{measured}\nprint(time.process_time() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(_RUNS))


def records() -> list[str]:
    """Messages of a queue and records of a stream that need no work, by both ways."""
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
    from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

    event = {"Records": [_message(number) for number in range(_RECORDS)]}
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    context: Any = None

    def ours() -> Failures:
        return each_message(event, lambda body: body[:4])

    def theirs() -> Any:
        return process_partial_response(event, lambda record: record.body[:4], processor, context)

    change: Any = _change()
    return [
        _compared("message of a queue", _microseconds(ours, _RECORDS), _microseconds(theirs, _RECORDS)),
        _compared(
            "new image of a stream record",
            _microseconds(lambda: image(change, "NewImage"), 1),
            _microseconds(lambda: DynamoDBRecord(change).dynamodb.new_image, 1),  # type: ignore[union-attr]
        ),
    ]


def _microseconds(act: Callable[[], object], records_of_it: int) -> float:
    taken = []
    for _ in range(_BATCHES):
        before = time.process_time()
        act()
        taken.append(time.process_time() - before)
    return statistics.median(taken) * 1e6 / records_of_it


def _compared(what: str, ours: float, theirs: float) -> str:
    return f"{what}: ours {ours:.1f} µs, Powertools {theirs:.1f} µs, ratio {theirs / ours:.1f}"


def _message(number: int) -> dict[str, Any]:
    return {
        "messageId": f"m-{number}",
        "receiptHandle": "r",
        "body": '{"sends": []}',
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:ap-northeast-1:123456789012:send",
        "awsRegion": "ap-northeast-1",
    }


def _change() -> dict[str, Any]:
    values = {f"attribute_{number}": {"S": "x" * 20} for number in range(12)}
    nested = {"topics": {"M": {"news": {"S": "confirmed"}}}, "count": {"N": "12"}}
    key = {"pk": {"S": keys.lead("1")}, "sk": {"S": keys.STATE}}
    change = {"Keys": key, "NewImage": {**key, **values, **nested}, "SequenceNumber": "1"}
    return {"eventID": "1", "eventName": "MODIFY", "dynamodb": change}


if __name__ == "__main__":
    import logging

    logging.disable(logging.CRITICAL)
    sys.stdout.write("\n".join([*imports(), *records()]) + "\n")
