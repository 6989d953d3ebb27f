"""`sodate campaign cost …`: imports what ads cost, from the reports of ad platforms."""

from pathlib import Path
from typing import Annotated

import typer
from sodate.campaigns.ad_cost_file import LARGEST_FILE, read_ad_costs
from sodate.campaigns.campaign import Platform
from sodate.campaigns.import_costs import import_costs
from sodate.errors import Invalid
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, now, target
from sodate_cli.output import JsonOption

app = typer.Typer(help="Ad costs from the reports of ad platforms.", no_args_is_help=True)
_MOST_SHOWN = 20


@app.callback()
def cost() -> None:
    """Ad costs from the reports of ad platforms."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="The report, as CSV: by day, with campaign and cost.")],
    platform: Annotated[Platform, typer.Option("--format", help="Whose report it is.")],
    currency: Annotated[
        str | None, typer.Option("--currency", help="Of a report without a currency column; Yahoo!広告: JPY.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read the file and compare; write nothing.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import ad cost by day, campaign, ad group and keyword. The same file again changes nothing; a changed row is a
    correction, and reports as of an earlier day keep the earlier figure.

    Example: sodate campaign cost import keywords.csv --format google
    """
    with explained():
        where = target(stage)
        own = currency.strip().upper() if currency else ("JPY" if platform == "yahoo" else None)
        read = read_ad_costs(_bytes(file), platform, own, now(where))
        done = import_costs(read.records, dry_run=dry_run)
    document = {
        "file": file.name, "encoding": read.encoding, "rows": read.rows, "new": done.new, "corrected": done.corrected,
        "unchanged": done.unchanged, "totals_differ": read.totals_differ,
        "problems": [{"line": one.line, "reason": one.reason} for one in read.problems],
    }  # fmt: skip
    if as_json:
        output.show_json(document)
    else:
        shown = {name: value for name, value in document.items() if name != "problems"}
        output.show_fields("Read, nothing written" if dry_run else "Imported", shown)
        for one in read.problems[:_MOST_SHOWN]:
            output.say(Message("line {line}: {reason}", line=one.line, reason=one.reason))
        if len(read.problems) > _MOST_SHOWN:
            output.say(
                Message("{problems_count} more; --json has all", problems_count=len(read.problems) - _MOST_SHOWN)
            )
        if read.totals_differ:
            output.say("the totals of the file are not the sum of its rows: was it cut off?")
    if read.problems:
        raise typer.Exit(output.FAILED)


def _bytes(file: Path) -> bytes:
    """Raises: `Invalid`."""
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Invalid(
            Message(
                "{file} cannot be read ({reason}); look at its name and its permissions",
                file=file,
                reason=error.strerror,
            )
        ) from error
