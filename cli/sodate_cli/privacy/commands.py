"""`sodate privacy …`: what concerns the data of many leads."""

from dataclasses import asdict
from typing import Annotated

import typer
from sodate.privacy.erase import replay_all

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, now, target
from sodate_cli.output import JsonOption
from sodate_cli.privacy.parts import eraser
from sodate_cli.times import Times

app = typer.Typer(help="Data of leads: erasures after a restore, requests, ends of retention.", no_args_is_help=True)


@app.command()
def erasures(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """The erasure ledger: which leads were erased, when, why, by whom, and whether it came to its end.

    Example: sodate privacy erasures
    """
    with explained():
        where = target(stage)
        rows = [
            {"lead": one.lead_id, "at": one.at.isoformat(), "because": one.because, "by": one.by, "done": is_done}
            for one, is_done in eraser(where, now(where)).ledger.erasures()
        ]
        times = Times.of_stage()
    if as_json:
        output.show_json(rows)
    else:
        shown = [(row["lead"], times.shown(str(row["at"])), row["because"], row["by"], row["done"]) for row in rows]
        columns = ("lead", times.column("began"), "because", "by", "done")
        output.show_table("Erasures", columns, shown, nothing="No lead was erased.")


@app.command("replay-erasures")
def replay_erasures(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """After a restore of the table: carry out every erasure of the ledger once more, and finish those that died.

    It changes nothing where nothing came back. Exit code 1 when something is left.

    Example: sodate privacy replay-erasures --stage prod --yes
    """
    with explained():
        where = target(stage)
        if not yes and (as_json or not typer.confirm(f"Replay all erasures on {where}?")):
            output.fail("nothing was done; add --yes")
        done = [asdict(one) | {"complete": one.is_complete} for one in replay_all(eraser(where, now(where)))]
    if as_json:
        output.show_json(done)
    else:
        again = [one for one in done if any(one["counts"].values())]
        output.say(f"{len(done)} erasures of the ledger; of {len(again)} something had come back and is erased again")
    raise typer.Exit(output.OK if all(one["complete"] for one in done) else output.FAILED)
