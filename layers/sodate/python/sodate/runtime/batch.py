"""Batches from queues and the table's stream: a failing record is retried without the other records of its batch.

A record with a permanent error (`Invalid`, `NotFound`) goes to the dead-letter queue at once, with the reason; any
other error is reported as a partial failure, so the record is redelivered.

An event with `redrive` comes from `sodate dlq redrive`: its message is in the dead-letter queue already, so it is not
sent there again; the response contains the reason of each failure.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sodate.dynamodb.item import plain
from sodate.errors import Invalid, NotFound, Transient
from sodate.playbook.store import DefinitionUnreadable
from sodate.runtime.app import App

Record = Mapping[str, Any]
_LARGEST_LETTER = 200_000
Failures = dict[str, list[dict[str, str]]]
#: Outcome of a message: one word, or counts by word when a message contains many sends.
Outcome = str | Mapping[str, int]


def each_message(app: App, event: Mapping[str, Any], act: Callable[[str], Outcome]) -> Failures:
    """SQS: `act` gets the body and returns the outcome; one log line contains the counts of all outcomes."""
    batch = _Batch(app, is_redrive=bool(event.get("redrive")))
    for record in event["Records"]:
        batch.guarded(record["messageId"], record["body"], partial(act, record["body"]))
    return batch.report()


def each_group(app: App, event: Mapping[str, Any], act: Callable[[str, list[Record]], str]) -> Failures:
    """Stream: records grouped by partition key, so that a lead is read and written once per batch.

    Lambda retries from the lowest failed record on; `act` must be idempotent.
    """
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in event["Records"]:
        groups[record["dynamodb"]["Keys"]["pk"]["S"]].append(record)
    batch = _Batch(app, is_redrive=bool(event.get("redrive")))
    for pk, records in groups.items():
        first = records[0]["dynamodb"]["SequenceNumber"]
        batch.guarded(first, json.dumps(records), partial(act, pk, records))
    report = batch.report()
    if batch.failed and not batch.is_redrive and app.settings.is_local:
        raise Transient("some records failed")  # the local stage treats a partial failure of a stream batch as success
    return report


def each_entry(
    app: App,
    entries: Sequence[Record],
    act: Callable[[Record], None],
    *,
    put_back: Callable[[Record], None],
    has_time: Callable[[], bool],
) -> int:
    """Process due entries in order. Returns the number processed, after which the caller's cursor stops.

    `Transient` and the end of the time stop the processing. An entry with another error must not block the entries
    after it: it is planned again for later.
    """
    for number, entry in enumerate(entries):
        if not has_time():
            return number
        try:
            try:
                act(entry)
            except DefinitionUnreadable as error:  # until a deployment or a new playbook version
                app.log.warning("due entry put back", extra={"why": str(error), "what": entry.get("what")})
                put_back(entry)
            except Transient:
                raise
            except Exception as error:  # noqa: BLE001  any error concerns this entry only
                why = f"{type(error).__name__}: {error}"[:300]
                app.log.error("due entry failed", extra={"why": why, "what": entry.get("what")})
                put_back(entry)
        except Transient as error:
            app.log.warning("stopped for now", extra={"why": str(error)})
            return number
    return len(entries)


class _Batch:
    """Outcomes and errors of one batch, in one log line however many records fail."""

    _REASONS, _LETTERS = 5, 200

    def __init__(self, app: App, *, is_redrive: bool) -> None:
        self._app = app
        self.is_redrive = is_redrive
        self.failed: list[str] = []
        self._reasons: dict[str, str] = {}
        self._outcomes: Counter[str] = Counter()
        self._troubles: Counter[str] = Counter()

    def guarded(self, name: str, content: str, act: Callable[[], Outcome]) -> None:
        try:
            outcome = act()
        except (Invalid, NotFound) as error:
            outcome = self._set_aside(name, content, str(error))
        except Exception as error:  # noqa: BLE001  an error of one record must not repeat the others
            outcome = self._fails(name, error)
        self._outcomes.update({outcome: 1} if isinstance(outcome, str) else outcome)

    def report(self) -> Failures:
        more: dict[str, Any] = {}
        if self.failed:
            common = {why: count for why, count in self._troubles.most_common(self._REASONS)}
            more = {"why": common, "records": self.failed[: self._REASONS]}
        log = self._app.log.error if self.failed else self._app.log.info
        log("batch", extra={"outcomes": dict(self._outcomes), **more})
        return {"batchItemFailures": [{"itemIdentifier": name, **self._reason(name)} for name in self.failed]}

    def _reason(self, name: str) -> dict[str, str]:
        return {"reason": self._reasons[name]} if self.is_redrive else {}

    def _set_aside(self, name: str, content: str, reason: str) -> str:
        try:
            if self.is_redrive:
                raise Invalid(reason)
            send_to_dlq(self._app, content, reason)
        except Exception as trouble:  # noqa: BLE001  after any error the record must be redelivered
            return self._fails(name, trouble)
        return "dead_letter"

    def _fails(self, name: str, error: Exception) -> str:
        self._reasons[name] = f"{type(error).__name__}: {error}"[:500]
        self.failed.append(name)
        self._troubles[f"{type(error).__name__}: {error}"[: self._LETTERS]] += 1
        return "failed"


def send_to_dlq(app: App, content: str, reason: str) -> None:
    attributes = {
        "reason": {"DataType": "String", "StringValue": reason[:500] or "unknown"},
        "function": {"DataType": "String", "StringValue": app.settings.service},
    }
    queue = app.settings.dead_letter_queue
    for part in _parts(content):
        app.aws.client("sqs").send_message(QueueUrl=queue, MessageBody=part, MessageAttributes=attributes)


def _parts(content: str) -> Iterator[str]:
    """Parts that SQS accepts. A group of stream records is split between records, so that each part can be redriven."""
    if len(content) <= _LARGEST_LETTER or not content.startswith("["):
        yield content[:_LARGEST_LETTER]
        return
    part: list[Any] = []
    for record in json.loads(content):
        if part and len(json.dumps([*part, record])) > _LARGEST_LETTER:
            yield json.dumps(part)
            part = []
        part.append(record)
    yield json.dumps(part)[:_LARGEST_LETTER]


def image(record: Record, which: str) -> dict[str, Any] | None:
    """`NewImage` or `OldImage` of a stream record as plain values."""
    raw = record["dynamodb"].get(which)
    return plain({"M": raw}) if raw else None
