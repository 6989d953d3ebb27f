"""`sodate call …`: the calls (架電) that scenarios ask of sales, and what came of them."""

from typing import Annotated, Any

import typer
from sodate.activities.catalog import CallOutcome
from sodate.calls.call import CallState
from sodate.calls.store import Closing
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.queries.calls import OpenCall, open_calls_with_owner
from sodate.sales.close_call import Wanted, close_call
from sodate.sales.definition import Sales

from sodate_cli import output
from sodate_cli.labels import Labels
from sodate_cli.languages import words
from sodate_cli.leads import EmailArgument, shown_name
from sodate_cli.operator import StageOption, explained, find_lead, now, person, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="Calls (架電) that scenarios ask of sales, and what came of them.", no_args_is_help=True)
StepOption = Annotated[str | None, typer.Option("--step", help="The step of the scenario, where several are open.")]
CallOption = Annotated[str | None, typer.Option("--call", help="Its id, as `sodate call list --json` shows it.")]
NoteOption = Annotated[str | None, typer.Option("--note", help="For people; at most 1,000 characters.")]
_LONGEST_NOTE = 1000


@app.command("list")
def list_calls(
    owner: Annotated[str | None, typer.Option("--owner", help="Id of an owner in sales.yaml.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those whose due time has passed.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open calls in order of their due times, with the owner of each.

    Example: sodate call list --owner sato --overdue
    """
    with explained():
        found = open_calls_with_owner(Definitions(), now(target(stage)))
        times, labels = Times.of_stage(), Labels.of_stage()
    rows = [_row(one) for one in found if owner in (None, one.owner) and (one.is_overdue or not overdue)]
    if as_json:
        output.show_json(rows)
        return
    columns = (times.column("due"), "", "owner", "lead", "call", "scenario", "step")
    shown = [
        (
            times.shown(row["due"]),
            words("overdue") if row["overdue"] else "",
            labels.named("owner", row["owner"]) if row["owner"] else "",
            row["lead"],
            row["call"],
            labels.named("sequence", row["scenario"]),
            row["step"],
        )
        for row in rows
    ]
    output.show_table("Open calls", columns, shown, nothing=Message("No call is open."))


def _row(one: OpenCall) -> dict[str, Any]:
    call = one.call
    return {
        "id": call.key,
        "due": call.due,
        "overdue": one.is_overdue,
        "owner": one.owner,
        "lead": shown_name(one.profile),
        "phone": one.profile.primary.get("phone"),
        "call": call.text,
        "scenario": call.about["scenario"],
        "step": call.about["step"],
    }


@app.command()
def done(
    email: EmailArgument,
    outcome: Annotated[CallOutcome, typer.Option("--outcome", help="What came of it.")],
    step: StepOption = None,
    call: CallOption = None,
    note: NoteOption = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what came of a call. Scenarios that wait for `call_made` go on; the same again changes nothing.

    Example: sodate call done taro@example.jp --outcome reached
    """
    _close(email, Wanted(step, call), outcome, note, stage=stage, as_json=as_json)


@app.command()
def drop(
    email: EmailArgument,
    step: StepOption = None,
    call: CallOption = None,
    note: NoteOption = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a call off the list that nobody makes any more. It has no result.

    Example: sodate call drop taro@example.jp --note "a customer of another branch"
    """
    _close(email, Wanted(step, call), None, note, stage=stage, as_json=as_json)


def _close(
    email: str, wanted: Wanted, outcome: CallOutcome | None, note: str | None, *, stage: str | None, as_json: bool
) -> None:
    if note is not None and len(note) > _LONGEST_NOTE:
        output.fail(
            Message(
                "--note has {note_count} characters; at most {longest_note}",
                note_count=len(note),
                longest_note=_LONGEST_NOTE,
            ),
            output.USAGE,
        )
    with explained():
        where = target(stage)
        lead_id, state = find_lead(email, where), CallState.DONE if outcome else CallState.DROPPED
        closing = Closing(state, outcome.value if outcome else None, person(where), note, now(where))
        closed, was_open = close_call(lead_id, wanted, closing, parsed(Definitions().live("sales"), Sales))
    document = {
        "lead": lead_id, "id": closed.key, "scenario": closed.about["scenario"], "step": closed.about["step"],
        "state": state.value, "outcome": closing.result, "recorded": was_open,
    }  # fmt: skip
    if as_json:
        output.show_json(document)
    else:
        output.show_fields("Recorded" if was_open else "Recorded before; nothing has changed", document)
