"""`sodate dlq …`: what could not be processed, why, and another try. A redrive is safe: every consumer acts once."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from botocore.config import Config
from sodate.errors import Invalid, NotFound
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, now, outputs, target
from sodate_cli.output import JsonOption
from sodate_cli.redrive import Clients, Letter, edge_of, letters_of, release
from sodate_cli.redrive import redrive as again
from sodate_cli.times import Times

app = typer.Typer(help="Dead-letter queues: list what lies there with the reason, send it through again, give it up.")
EdgeArgument = Annotated[str, typer.Argument(help="Edge, as `dlq list` shows it, e.g. Send or Scoring.")]
MessageOption = Annotated[str | None, typer.Option("--message", help="Only this message: its id, or how it begins.")]
_SHOWN, _HIDDEN_SECONDS = 10, 30
#: For programs; people read the time in the zone of the stage.
_SENT = "sent (UTC)"
_NO_REASON = "failed on every try; the function's log has the error"


@app.command("list")
def list_(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Every dead-letter queue, how many messages it holds, and the reasons of the first ten.

    Example: sodate dlq list
    """
    with explained():
        found = outputs(target(stage))
        rows = [_row(edge, url) for edge, url in _queues(found).items()]
    if as_json:
        output.show_json(rows)
        return
    shown = [(row["edge"], row["messages"], "\n".join(m["reason"] for m in row["first"])) for row in rows]
    output.show_table(
        "Dead-letter queues", ("edge", "messages", "reasons"), shown, nothing=Message("No dead-letter queue.")
    )


@app.command()
def show(
    edge: EdgeArgument,
    message: MessageOption = None,
    most: Annotated[int, typer.Option("--most", min=1, max=1000, help="How many messages at most.")] = 20,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """The messages of one dead-letter queue in full, with the reason, when they came and how often they were tried.

    They hold personal data. Example: sodate dlq show Send --most 3
    """
    with explained():
        url = _url(outputs(target(stage)), edge)
        sqs = boto3.client("sqs")
        letters = letters_of(sqs, url, most, _HIDDEN_SECONDS)
        release(sqs, url, letters)
        chosen = _chosen(letters, message)[:most]
    if as_json:
        output.show_json([_shown(letter) for letter in chosen])
        return
    times = Times.of_stage()  # UTC when the table, which has the time zone, does not answer
    for letter in chosen:
        fields = {(times.column("sent") if name == _SENT else name): value for name, value in _shown(letter).items()}
        output.show_fields(letter.id, {**fields, times.column("sent"): times.shown(_sent(letter))})
    if not chosen:
        output.say(
            Message(
                "The dead-letter queue of {edge} holds no {value}.",
                edge=edge,
                value="such message" if message else "message",
            )
        )


@app.command()
def redrive(edge: EdgeArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Send every message of one dead-letter queue through its function again, once.

    A message is deleted when its function succeeded; what fails again stays, with the reason, and the exit code is 1.
    What the table's stream has forgotten (after 24 hours) is rebuilt from the table.

    Example: sodate dlq redrive Send
    """
    with explained():
        known = outputs(target(stage))
        _url(known, edge)
        clients = _clients()
        with output.progress(Message("redriving {edge}", edge=edge)):
            done = again(clients, edge_of(clients, edge, known))
    if as_json:
        output.show_json(
            {"edge": edge, "moved": done.moved, "rebuilt": done.rebuilt, "left": len(done.left), "reasons": done.left,
             "notes": done.notes}
        )  # fmt: skip
    else:
        rebuilt = Message(", {rebuilt} rebuilt from the table", rebuilt=done.rebuilt) if done.rebuilt else ""
        output.say(
            Message(
                "{edge}: {moved} done{rebuilt}, {left_count} left where they are",
                edge=edge,
                moved=done.moved,
                rebuilt=rebuilt,
                left_count=len(done.left),
            )
        )
        for note in done.notes:
            output.say(note)
        if done.left:
            output.show_table("Left", ("message", "why"), list(done.left.items()))
    if done.left:
        raise typer.Exit(output.FAILED)


@app.command()
def drop(
    edge: EdgeArgument,
    message: MessageOption = None,
    copy: Annotated[Path | None, typer.Option("--copy", help="File for the copies; default: beside you.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give up messages that no redrive can mend. Each is first copied to a file, which holds personal data.

    Example: sodate dlq drop Send --message 0b1c…
    """
    with explained():
        where = target(stage)
        url, sqs = _url(outputs(where), edge), boto3.client("sqs")
        letters = letters_of(sqs, url)
        chosen = _chosen(letters, message)
        kept = copy or Path(f"dead-letters-{where.stage}-{edge}-{now(where):%Y%m%d-%H%M%S}.jsonl")
        if not chosen or not (
            yes
            or output.confirm(
                Message(
                    "Drop {chosen_count} of {edge}? A copy goes to {kept}.",
                    chosen_count=len(chosen),
                    edge=edge,
                    kept=kept,
                )
            )
        ):
            release(sqs, url, letters)
            raise typer.Exit(output.FAILED)
        keep_copies(kept, [_shown(letter) for letter in chosen])
        for letter in chosen:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=letter.receipt)
        release(sqs, url, (letter for letter in letters if letter not in chosen))
    if as_json:
        output.show_json({"edge": edge, "dropped": len(chosen), "copy": str(kept)})
    else:
        output.say(
            Message("{edge}: {chosen_count} dropped; copies in {kept}", edge=edge, chosen_count=len(chosen), kept=kept)
        )


def keep_copies(file: Path, copies: list[dict[str, Any]]) -> None:
    """One JSON document a line, readable by its owner only. Raises `Invalid` rather than write over anything."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise Invalid(
            Message(
                "{file} cannot be written ({strerror}); nothing was dropped, choose another --copy",
                file=file,
                strerror=error.strerror,
            )
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in copies)
        opened.flush()
        os.fsync(opened.fileno())


def _clients() -> Clients:
    """A function runs for a minute at most; the SDK must neither give up earlier nor invoke it a second time."""
    patient = Config(read_timeout=130, retries={"total_max_attempts": 1})
    return Clients(
        boto3.client("sqs"),
        boto3.client("lambda", config=patient),
        boto3.client("dynamodbstreams"),
        boto3.client("dynamodb"),
    )


def _chosen(letters: list[Letter], message: str | None) -> list[Letter]:
    return [letter for letter in letters if message is None or letter.id.startswith(message)]


def _shown(letter: Letter) -> dict[str, Any]:
    sent = _sent(letter)
    return {
        "message": letter.id,
        _SENT: sent.isoformat() if sent else "",
        "received": letter.receives,
        "reason": letter.reason or _NO_REASON,
        "body": letter.body,
    }


def _sent(letter: Letter) -> datetime | None:
    return datetime.fromtimestamp(int(letter.sent_at) / 1000, UTC) if letter.sent_at else None


def _url(known: dict[str, str], edge: str) -> str:
    queues = _queues(known)
    if edge not in queues:
        raise NotFound(Message("no edge {edge!r}; there are {queues}", edge=edge, queues=", ".join(sorted(queues))))
    return queues[edge]


def _queues(found: dict[str, str]) -> dict[str, str]:
    return {
        name.removeprefix("Dlq").removesuffix("Url"): url
        for name, url in sorted(found.items())
        if name.startswith("Dlq") and name.endswith("Url")
    }


def _row(edge: str, url: str) -> dict[str, Any]:
    client = boto3.client("sqs")
    reply = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    count = reply["Attributes"]["ApproximateNumberOfMessages"]
    first = []
    if int(count):
        received = client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=_SHOWN, VisibilityTimeout=0, MessageAttributeNames=["All"]
        )
        first = [_message(message) for message in received.get("Messages", [])]
    return {"edge": edge, "messages": int(count), "first": first}


def _message(message: Mapping[str, Any]) -> dict[str, str]:
    said = message.get("MessageAttributes", {}).get("reason", {}).get("StringValue")
    return {"reason": said or _NO_REASON, "body": message["Body"][:500]}
