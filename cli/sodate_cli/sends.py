"""`sodate sends …`: attempts whose outcome nobody knows, and those that failed for certain (`failed_sends`)."""

from typing import Annotated, Literal

import typer
from sodate.mail import unknown as unknowns

from sodate_cli import failed_sends, output
from sodate_cli.operator import MonthOption, StageOption, explained, month, now, target
from sodate_cli.output import JsonOption

app = typer.Typer(help="Mails whose outcome is unknown, and mails that failed: list them, settle them, try them again.")
app.command("failed")(failed_sends.failed)
app.command("retry")(failed_sends.retry)


@app.command()
def unknown(stage: StageOption = None, in_month: MonthOption = None, as_json: JsonOption = False) -> None:
    """Sends that SES neither confirmed nor refused within fifteen minutes.

    Example: sodate sends unknown --month 2026-11
    """
    with explained():
        where = target(stage)
        found = unknowns.unknown_sends(month(in_month, now(where)))
    rows = [
        {"send": s.send_id, "lead": s.lead_id, "mail": s.template or s.name, "attempt": s.attempted_at, "why": s.reason}
        for s in found
    ]
    if as_json:
        output.show_json(rows)
    else:
        output.show_table(
            "Unknown sends", ("send", "lead", "mail", "attempt (UTC)", "why"), [tuple(r.values()) for r in rows]
        )


@app.command()
def resolve(
    lead_id: Annotated[str, typer.Argument(help="Lead id, as `sends unknown` lists it.")],
    send_id: Annotated[str, typer.Argument(help="Send id, as `sends unknown` lists it.")],
    verdict: Annotated[Literal["sent", "lost"], typer.Option("--as", help="What you found out.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what became of an unknown send. A later SES event still corrects it.

    Example: sodate sends resolve 01KAJ… 3f2c… --as sent
    """
    with explained():
        where = target(stage)
        unknowns.resolve(lead_id, send_id, verdict, now(where))
    if as_json:
        output.show_json({"send": send_id, "resolved": verdict})
    else:
        output.say(f"{send_id}: {verdict}")
