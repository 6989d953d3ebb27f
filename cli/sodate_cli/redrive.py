"""Redrive: messages of a dead-letter queue are sent to their function again, and its response is awaited.

A message is deleted only after its function succeeded; what fails again stays where it is, with the reason. Only what
lay there at the beginning is tried, so a redrive ends. A repeat is safe because every consumer acts once.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from sodate.errors import Conflict, NotFound
from sodate.messages import Message

from sodate_cli.rebuild import NOTES, Window, lost_records
from sodate_cli.stream_span import Record, SourceMapping, Span, Trimmed, batches, mapping_of, read_span

MOST_LETTERS = 10_000
_HIDDEN_SECONDS = 900
_A_CALL = 10


@dataclass(frozen=True)
class Clients:
    sqs: Any
    functions: Any
    """Lambda client, with a read timeout longer than any function and without retries."""
    streams: Any
    dynamodb: Any
    mappings: dict[str, SourceMapping] = field(default_factory=dict)
    """By stream, asked for once."""


@dataclass(frozen=True)
class Edge:
    """A dead-letter queue and the function before it. `is_queue`: the function reads a queue, else it gets events."""

    name: str
    dlq_url: str
    function: str
    is_queue: bool
    table: str


@dataclass(frozen=True)
class Letter:
    id: str
    body: str
    receipt: str
    sent_at: str = ""
    receives: int = 0
    reason: str = ""


@dataclass
class Redriven:
    """`left`: message id → why it stays. `notes`: what a person must know beside the numbers."""

    moved: int = 0
    rebuilt: int = 0
    left: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def edge_of(clients: Clients, name: str, outputs: Mapping[str, str]) -> Edge:
    """`outputs` are the stack's; `<queue>-dlq` stands behind `<queue>`. Raises `NotFound` when it leads nowhere."""
    url = outputs[f"Dlq{name}Url"]
    reader = "EmailSender" if name == "Send" else name.removesuffix("Topic")
    function = outputs.get(f"Function{reader}")
    if function is None:
        raise NotFound(
            Message(
                "nothing of ours stands before the dead-letter queue of {name!r}; see `sodate dlq show {name}`",
                name=name,
            )
        )
    queue = url.rsplit("/", 1)[-1].removesuffix("-dlq").removesuffix("-topic")
    return Edge(name, url, function, _exists(clients.sqs, queue), outputs["TableName"])


def _exists(sqs: Any, queue: str) -> bool:
    try:
        sqs.get_queue_url(QueueName=queue)
    except ClientError as error:
        if "NonExistentQueue" not in error.response["Error"]["Code"] and "QueueDoesNotExist" not in str(error):
            raise
        return False
    return True


def letters_of(sqs: Any, url: str, most: int = MOST_LETTERS, hidden_seconds: int = _HIDDEN_SECONDS) -> list[Letter]:
    """What lies there now. Hidden from others, and from ourselves, until they are deleted or released."""
    found: dict[str, Letter] = {}
    while len(found) < most:
        reply = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_A_CALL,
            VisibilityTimeout=hidden_seconds,
            WaitTimeSeconds=1,
            AttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )
        fresh = [message for message in reply.get("Messages", []) if message["MessageId"] not in found]
        if not fresh:
            break
        found |= {message["MessageId"]: _letter(message) for message in fresh}
    return list(found.values())


def _letter(message: Mapping[str, Any]) -> Letter:
    about = message.get("Attributes", {})
    return Letter(
        id=message["MessageId"],
        body=message["Body"],
        receipt=message["ReceiptHandle"],
        sent_at=str(about.get("SentTimestamp", "")),
        receives=int(about.get("ApproximateReceiveCount", 0)),
        reason=message.get("MessageAttributes", {}).get("reason", {}).get("StringValue", ""),
    )


def release(sqs: Any, url: str, letters: Iterable[Letter]) -> None:
    """Make the messages visible again at once."""
    for letter in letters:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=letter.receipt, VisibilityTimeout=0)


def redrive(clients: Clients, edge: Edge) -> Redriven:
    """Each message once, in no promised order; those that the stream has forgotten together at the end."""
    done, forgotten = Redriven(), list[tuple[Letter, Span]]()
    letters = letters_of(clients.sqs, edge.dlq_url)
    for letter in letters:
        try:
            _deliver(clients, edge, letter)
        except Trimmed:
            forgotten.append((letter, Span.of(json.loads(letter.body)["DDBStreamBatchInfo"])))
        except Conflict as error:
            done.left[letter.id] = str(error)
        else:
            _delete(clients, edge, letter)
            done.moved += 1
    if forgotten:
        _rebuild(clients, edge, forgotten, done)
    release(clients.sqs, edge.dlq_url, (letter for letter in letters if letter.id in done.left))
    if len(letters) >= MOST_LETTERS:
        done.notes.append("there may be more messages; run it again")
    return done


def _delete(clients: Clients, edge: Edge, letter: Letter) -> None:
    clients.sqs.delete_message(QueueUrl=edge.dlq_url, ReceiptHandle=letter.receipt)


def _deliver(clients: Clients, edge: Edge, letter: Letter) -> None:
    """Raises `Conflict` with the reason when the function refuses it, and `Trimmed`."""
    if edge.is_queue:
        _invoke(clients, edge, {"Records": [{"messageId": letter.id, "body": letter.body}]})
        return
    event = event_of(letter.body)
    if isinstance(event, Span):
        mapping = _mapping(clients, edge, event)
        _hand_over(clients, edge, mapping, mapping.wanted(read_span(clients.streams, event)))
    else:
        _invoke(clients, edge, event)


def _mapping(clients: Clients, edge: Edge, span: Span) -> SourceMapping:
    if span.stream_arn not in clients.mappings:
        clients.mappings[span.stream_arn] = mapping_of(clients.functions, edge.function, span.stream_arn)
    return clients.mappings[span.stream_arn]


def _rebuild(clients: Clients, edge: Edge, forgotten: list[tuple[Letter, Span]], done: Redriven) -> None:
    windows = [Window(span.first_arrival, span.last_arrival) for _, span in forgotten]
    try:
        mapping = _mapping(clients, edge, forgotten[0][1])
        records = mapping.wanted(lost_records(clients.dynamodb, edge.table, edge.name, windows))
        _hand_over(clients, edge, mapping, records)
    except Conflict as error:
        done.left |= {letter.id: str(error) for letter, _ in forgotten}
        return
    for letter, _ in forgotten:
        _delete(clients, edge, letter)
    done.rebuilt = len(forgotten)
    done.notes.append(
        Message(
            "{messages_count} of them were older than the stream keeps records: {note}",
            messages_count=len(forgotten),
            note=NOTES[edge.name],
        )
    )


def _hand_over(clients: Clients, edge: Edge, mapping: SourceMapping, records: list[Record]) -> None:
    """All batches, also behind one that fails: leads do not wait for each other. Raises `Conflict` for the first."""
    failures = [why for why in map(_outcome(clients, edge), batches(records, mapping.batch_size)) if why]
    if failures:
        raise Conflict(failures[0])


def _outcome(clients: Clients, edge: Edge) -> Callable[[list[Record]], str | None]:
    def hand_over(batch: list[Record]) -> str | None:
        try:
            _invoke(clients, edge, {"Records": batch})
        except Conflict as error:
            return str(error)
        return None

    return hand_over


def _invoke(clients: Clients, edge: Edge, event: Any) -> None:
    """`redrive` asks a batch not to set its failures aside once more, but to name them in its answer."""
    payload = {**event, "redrive": True} if isinstance(event, dict) and "Records" in event else event
    reply = clients.functions.invoke(FunctionName=edge.function, Payload=json.dumps(payload))
    answer = json.loads(reply["Payload"].read() or "null")
    if reply.get("FunctionError"):
        words = answer.get("errorMessage") if isinstance(answer, dict) else None
        raise Conflict(Message("the function failed: {words}", words=words or reply["FunctionError"]))
    if isinstance(answer, dict) and answer.get("batchItemFailures"):
        first = answer["batchItemFailures"][0]
        raise Conflict(first.get("reason") or Message("the function refused it again; its log has the error"))


def event_of(body: str) -> Any:
    """The event as the function first got it: records it set aside itself, a destination record of Lambda's, or a
    bus event; a `Span` where only the place in the stream was kept. Raises `Conflict`.
    """
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Conflict(Message("not an event: it is no JSON")) from error
    if isinstance(content, list):
        return {"Records": content}
    if not isinstance(content, dict):
        raise Conflict(Message("not an event"))
    if "DDBStreamBatchInfo" in content:
        return Span.of(content["DDBStreamBatchInfo"])
    return content.get("requestPayload", content)
