"""`sodate campaign conversions …`: what goes back to ad platforms."""

from collections import Counter
from enum import StrEnum
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import typer
from sodate.campaigns import store
from sodate.campaigns.conversion_files import FILES
from sodate.campaigns.export_conversions import export_again, export_conversions, upload_conversions
from sodate.campaigns.meta_client import ENDPOINT, MetaClient
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.playbook.store import Definitions

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, now, secret_text, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="Conversions that go back to ad platforms.", no_args_is_help=True)


class AdPlatformName(StrEnum):
    GOOGLE = "google"
    META = "meta"
    YAHOO = "yahoo"
    MICROSOFT = "microsoft"


PlatformOption = Annotated[AdPlatformName, typer.Option("--platform", help="The ad platform.")]


@app.command("list")
def list_conversions(platform: PlatformOption, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """The queue of a platform: what waits, what went out, what was withheld.

    Example: sodate campaign conversions list --platform google
    """
    with explained():
        target(stage)
        queue, times = list(store.conversions_of(platform.value)), Times.of_stage()
    documents = [
        {"at": one.at.isoformat(), "lead": one.lead_id, "name": one.name,
         "amount": str(one.money) if one.money else None,
         "state": one.state.value, "batch": one.batch or None, "key": one.key}
        for one in queue
    ]  # fmt: skip
    if as_json:
        output.show_json({"conversions": documents, "counts": dict(Counter(one.state.value for one in queue))})
        return
    columns = (times.column("at"), "lead", "conversion", "amount", "state", "batch")
    rows = [
        (times.shown(one["at"]), one["lead"], one["name"], one["amount"] or "", one["state"], one["batch"] or "")
        for one in documents
    ]
    output.show_table(
        Message("Conversions for {value}", value=platform.value),
        columns,
        rows,
        nothing="Nothing waits and nothing was sent.",
    )


@app.command("export")
def export(
    platform: PlatformOption,
    out: Annotated[Path, typer.Option("--out", help="The file to write; it must not exist.")],
    batch: Annotated[
        str | None, typer.Option("--batch", help="Write an earlier batch again, for example after a lost file.")
    ] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write what waits into a file for upload, each conversion once: JSON lines for Meta, CSV for the others.

    Example: sodate campaign conversions export --platform google --out conversions.csv
    """
    with explained():
        if out.exists():
            raise Invalid(Message("{out} exists; give another name", out=out))
        where = target(stage)
        at = now(where)
        name = batch or f"{at:%Y%m%dT%H%M%S}-{token_hex(3)}"
        take = export_conversions if batch is None else export_again
        done = take(platform.value, Definitions(), name, at)
        made, encoding = FILES[platform.value]
        _write(out, made(done.rows), encoding, name)
    document = {"batch": name, "rows": len(done.rows), "set_aside": dict(done.set_aside), "file": str(out)}
    if as_json:
        output.show_json(document)
    else:
        output.show_fields(Message("Conversions for {value}", value=platform.value), document)


@app.command("upload")
def upload(
    platform: PlatformOption,
    dataset: Annotated[str, typer.Option("--dataset", help="Id of the data set, as Meta's Events Manager shows it.")],
    token_secret: Annotated[
        str, typer.Option("--token-secret", help="Name of the secret in Secrets Manager that holds the access token.")
    ],
    endpoint: Annotated[
        str, typer.Option("--endpoint", help="Another address, for a server that plays Meta.")
    ] = ENDPOINT,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send what waits to the platform's API; for Meta. Each conversion gets a verdict; one without waits for the next
    time, until it is too old.

    Example: sodate campaign conversions upload --platform meta --dataset 1234567890 --token-secret sodate/meta
    """
    with explained():
        if platform is not AdPlatformName.META:
            raise Invalid(
                Message(
                    "Sodate calls no API of {platform}; `sodate campaign conversions export` makes a file for upload",
                    platform=platform.value,
                )
            )
        where = target(stage)
        client, at = MetaClient(dataset, secret_text(token_secret), endpoint), now(where)
        name = f"{at:%Y%m%dT%H%M%S}-{token_hex(3)}"
        counts = upload_conversions("meta", client, Definitions(), name, at)
    document = {"batch": name, **counts}
    if as_json:
        output.show_json(document)
    else:
        output.show_fields(Message("Conversions for {value}", value=platform.value), document)


def _write(out: Path, text: str, encoding: str, batch: str) -> None:
    """Raises: `Invalid`; the batch can be written again."""
    try:
        with out.open("x", encoding=encoding, newline="") as stream:
            stream.write(text)
    except OSError as error:
        raise Invalid(
            Message(
                "{out} cannot be written: {reason}; the rows are in the batch: choose another --out, with --batch"
                " {batch}",
                out=out,
                reason=error.strerror,
                batch=batch,
            )
        ) from error
