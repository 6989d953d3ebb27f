"""`sodate dlq …`: what could not be processed, why, and another try. A redrive is safe: every consumer acts once."""

from typing import Annotated, Any

import boto3
import typer
from sodate.errors import NotFound

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, outputs, target
from sodate_cli.output import JsonOption
from sodate_cli.redrive import destination_of, resend

app = typer.Typer(help="Dead-letter queues: list what lies there with the reason, send it through again.")
EdgeArgument = Annotated[str, typer.Argument(help="Edge, as `dlq list` shows it, e.g. Send or Events.")]
_SHOWN = 10


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
    output.show_table("Dead-letter queues", ("edge", "messages", "reasons"), shown)


@app.command()
def redrive(edge: EdgeArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Send every message of one dead-letter queue through its consumer again.

    Example: sodate dlq redrive Send
    """
    with explained():
        found = outputs(target(stage))
        queues = _queues(found)
        if edge not in queues:
            raise NotFound(f"no edge {edge!r}; there are {', '.join(sorted(queues))}")
        with output.progress(f"redriving {edge}"):
            moved, left = resend(queues[edge], destination_of(edge, found))
    if as_json:
        output.show_json({"edge": edge, "moved": moved, "left": left})
    else:
        output.say(f"{edge}: {moved} sent again, {left} left where they are")


def _queues(found: dict[str, str]) -> dict[str, str]:
    return {
        name.removeprefix("Dlq").removesuffix("Url"): url
        for name, url in sorted(found.items())
        if name.startswith("Dlq") and name.endswith("Url")
    }


def _row(edge: str, url: str) -> dict[str, Any]:
    client = boto3.client("sqs")
    wanted = ["ApproximateNumberOfMessages"]
    count = client.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"][wanted[0]]
    first = []
    if int(count):
        reply = client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=_SHOWN, VisibilityTimeout=0, MessageAttributeNames=["All"]
        )
        first = [_message(message) for message in reply.get("Messages", [])]
    return {"edge": edge, "messages": int(count), "first": first}


def _message(message: dict[str, Any]) -> dict[str, str]:
    said = message.get("MessageAttributes", {}).get("reason", {}).get("StringValue")
    return {"reason": said or "failed on every try; the function's log has the error", "body": message["Body"][:500]}
