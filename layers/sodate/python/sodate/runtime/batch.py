"""Batches from queues and the table's stream: a failing record is retried without the other records of its batch.

A record with a permanent error (`Invalid`, `NotFound`) goes to the dead-letter queue at once, with the reason; any
other error is reported as a partial failure, so the record is redelivered.

An event with `redrive` comes from `sodate dlq redrive`: its message is in the dead-letter queue already, so it is not
sent there again; the response contains the reason of each failure.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sodate.dynamodb.item import plain
from sodate.errors import Invalid, NotFound, Transient
from sodate.playbook.store import DefinitionUnreadable
from sodate.runtime.app import App
from sodate.scheduling.message import M
from sodate.scheduling.poller import AfterError, EntryLane, Outcome, Polled, PolledLane, poll
from sodate.scheduling.store import plan_retry

Record = Mapping[str, Any]
_LARGEST_LETTER = 200_000
Failures = dict[str, list[dict[str, str]]]


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


def whole_batch(app: App, event: Mapping[str, Any], act: Callable[[list[Record]], int]) -> Failures:
    """Stream: all records at once; `act` returns how many it used. After an error, all of them are delivered again."""
    records = list(event["Records"])
    batch = _Batch(app, is_redrive=bool(event.get("redrive")))
    batch.retried(records[0]["dynamodb"]["SequenceNumber"], lambda: {"counted": act(records)})
    report = batch.report()
    if batch.failed and not batch.is_redrive and app.settings.is_local:
        raise Transient("the batch failed")  # as in `each_group`
    return report


def poll_entries(app: App, lane: EntryLane[M]) -> Polled:
    """One tick of a lane whose entries are processed one by one."""
    began, outcomes = app.clock.now(), Counter[str]()
    hand_over = partial(each_entry, app, lane, began=began, outcomes=outcomes)
    ticks = poll([PolledLane(lane.lane, hand_over)], app.dispatcher_cache.cursors, began)
    return Polled(ticks[lane.lane.name], outcomes)


def each_entry(
    app: App,
    lane: EntryLane[M],
    entries: Sequence[Record],
    *,
    began: datetime,
    outcomes: Counter[str],
) -> int:
    """Process due entries in order. Returns the number processed, after which the lane's cursor stops."""
    for number, entry in enumerate(entries):
        if app.clock.now() - began > lane.budget:
            return number
        try:
            outcome = lane.act(lane.types.parse(entry), app.clock.now())
        except Exception as error:  # noqa: BLE001  the lane decides what becomes of the entry
            after = _after_error(app, lane, entry, error, app.clock.now())
            if after is AfterError.STOP:
                return number
            outcome = after.value
        outcomes.update({outcome: 1} if isinstance(outcome, str) else outcome)
    return len(entries)


def _after_error(app: App, lane: EntryLane[M], entry: Record, error: Exception, now: datetime) -> AfterError:
    """Do what the lane decides, except to stop. A table that is not available then stops it too."""
    after = lane.after_error(error)
    if after is AfterError.RAISE:
        raise error
    if after is AfterError.STOP:
        app.log.warning("stopped for now", extra={"why": str(error)})
        return after
    extra = {"why": f"{type(error).__name__}: {error}"[:300], "what": entry.get("what"), "then": after.value}
    if isinstance(error, DefinitionUnreadable):  # until a deployment or a new playbook version
        app.log.warning("due entry put back", extra=extra)
    else:
        app.log.error("due entry failed", extra=extra)
    if after is AfterError.PUT_BACK:
        try:
            plan_retry(entry, lane.lane, now)
        except Transient as trouble:
            app.log.warning("stopped for now", extra={"why": str(trouble)})
            return AfterError.STOP
    return after


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

    def retried(self, name: str, act: Callable[[], Outcome]) -> None:
        """As `guarded`, for work that no error ends: nothing is set aside."""
        try:
            outcome = act()
        except Exception as error:  # noqa: BLE001  the caller's other work must not fail with it
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


def written_at(record: Record, now: datetime) -> datetime:
    """When the change of a stream record was written; `now` for a record that does not say so."""
    seconds = record["dynamodb"].get("ApproximateCreationDateTime")
    return now if seconds is None else datetime.fromtimestamp(float(seconds), UTC)
