"""`sodate quarantine …`: suspicious form posts, stored without lead or email until an operator releases them."""

from typing import Annotated, Any

import typer
from sodate.forms.capture import Capture
from sodate.forms.release import find_quarantined, form_to_release, release
from sodate.forms.store import quarantined
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.runtime.clock import pause_between_attempts
from sodate.scenarios.enroll import on_opt_in
from ulid import ULID

from sodate_cli import output
from sodate_cli.labels import Labels, answers
from sodate_cli.operator import MonthOption, StageOption, explained, month, now, secret, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(
    help="Form posts that looked like a robot's: look at them, release the real ones.", no_args_is_help=True
)


@app.command("list")
def list_(stage: StageOption = None, in_month: MonthOption = None, as_json: JsonOption = False) -> None:
    """What waits in quarantine (kept 90 days).

    Example: sodate quarantine list --month 2026-11
    """
    with explained():
        where = target(stage)
        submissions = quarantined(month(in_month, now(where)))
        times, definitions = Times.of_stage(), Definitions()
    rows: list[dict[str, Any]] = [
        {"id": i.submission_id, "at": i.at, "form": i.form_id, "why": i.suspicion, "released": i.released or "",
         "answers": i.read_answers()}
        for i in submissions
    ]  # fmt: skip
    if as_json:
        output.show_json(rows)
    else:
        columns = ("id", "at", "form", "why", "released", "answers")
        labels = Labels(definitions)
        shown = [
            (
                row["id"],
                times.shown(row["at"]),
                labels.named("form", row["form"]),
                row["why"],
                times.shown(row["released"]),
                answers(definitions, row["form"], row["answers"]),
            )
            for row in rows
        ]
        output.show_table(
            times.title("Quarantine"), columns, shown, nothing=Message("No form post of this month is in quarantine.")
        )


@app.command("release")
def release_(
    submission_id: Annotated[str, typer.Argument(help="Id, as `quarantine list` shows it.")],
    stage: StageOption = None,
    in_month: MonthOption = None,
    as_json: JsonOption = False,
) -> None:
    """Treat a post as real: it becomes a lead as if it had never been doubted.

    Example: sodate quarantine release 01KAJ…
    """
    with explained():
        where = target(stage)
        at, when = now(where), month(in_month, now(where))
        definitions = Definitions()
        stored = find_quarantined(submission_id, when)
        form = form_to_release(definitions, stored)
        address_secret = secret(where, "address-key")["key"].encode()
        capture = Capture(
            form, address_secret, on_opt_in(definitions), lambda: str(ULID.from_datetime(at)), pause_between_attempts
        )
        captured = release(capture, stored, at)
    if as_json:
        output.show_json({"submission": captured.submission_id, "lead": captured.lead_id, "status": captured.reason})
    else:
        output.say(Message("released: {reason}", reason=captured.reason))
