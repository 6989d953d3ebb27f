"""`sodate sends …`: attempts with unknown outcome, and those that certainly failed (`failed_sends`)."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Literal

import typer
from sodate.email.ledger.store import SendItem, find_send
from sodate.email.operator_lists import unknown as unknowns
from sodate.errors import Conflict, Invalid, NotFound
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.next_attempt import attempt_again, evidence_about

from sodate_cli import failed_sends, output
from sodate_cli.failed_sends import moment
from sodate_cli.operator import MonthOption, StageOption, explained, month, now, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

_NONE_UNKNOWN = "No send of this month has an unknown outcome."

app = typer.Typer(help="Mails whose outcome is unknown, and mails that failed: list them, settle them, try them again.")
app.command("failed")(failed_sends.failed)
app.command("retry")(failed_sends.retry)


@app.command()
def unknown(
    stage: StageOption = None,
    in_month: MonthOption = None,
    summary: Annotated[bool, typer.Option("--summary", help="Counts by hour of the attempt and reason.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Sends that SES neither confirmed nor refused within fifteen minutes, and that were not attempted again.

    Example: sodate sends unknown --summary
    """
    with explained():
        where = target(stage)
        selected = unknowns.unknown_sends(month(in_month, now(where)))
        times = Times.of_stage()
    if summary:
        _summary(selected, times, as_json=as_json)
        return
    rows = [
        {"send": s.send_id, "lead": s.lead_id, "mail": s.template or s.name, "attempt": s.attempted_at, "why": s.reason}
        for s in selected
    ]
    if as_json:
        output.show_json(rows)
        return
    shown = [(row["send"], row["lead"], row["mail"], times.shown(row["attempt"]), row["why"]) for row in rows]
    columns = ("send", "lead", "mail", "attempt", "why")
    output.show_table(times.title("Unknown sends"), columns, shown, nothing=_NONE_UNKNOWN)


def _summary(selected: list[SendItem], times: Times, *, as_json: bool) -> None:
    counts = Counter((str(s.attempted_at or s.planned_at)[:13], s.sequence or s.name, s.reason or "") for s in selected)
    names = ("hour", "sequence", "reason")
    rows = [{**dict(zip(names, key, strict=True)), "sends": count} for key, count in sorted(counts.items())]
    if as_json:
        output.show_json(rows)
        return
    shown = [(times.shown(str(row["hour"])), row["sequence"], row["reason"], row["sends"]) for row in rows]
    titles = ("hour of the attempt", "sequence", "reason", "sends")
    output.show_table(times.title("Unknown sends by hour and reason"), titles, shown, nothing=_NONE_UNKNOWN)


@app.command()
def resolve(
    verdict: Annotated[
        Literal["sent", "lost", "send-again"], typer.Option("--as", help="What you found out, or what to do.")
    ],
    lead_id: Annotated[str | None, typer.Argument(help="Lead id, as `sends unknown` lists it.")] = None,
    send_id: Annotated[str | None, typer.Argument(help="Send id, as `sends unknown` lists it.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="Attempted at or after this time (UTC without an offset).")
    ] = None,
    end: Annotated[str | None, typer.Option("--until", help="Attempted before this time (likewise).")] = None,
    stage: StageOption = None,
    in_month: MonthOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what became of an unknown send, or of all that were attempted in a time. A later SES event still corrects it.

    `send-again` makes another attempt: consent, caps, quiet hours and `valid_hours` are asked anew.

    Examples: sodate sends resolve 01KAJ… 3f2c… --as sent;
    sodate sends resolve --from 2026-11-24T09:00 --until 2026-11-24T10:00 --as send-again
    """
    with explained():
        if (lead_id is None) != (send_id is None) or (lead_id is None and not (begin and end)):
            raise Invalid(Message("which sends? Give a lead id and a send id, or --from and --until"))
        where = target(stage)
        at = now(where)
        selected = (
            [_one(lead_id, send_id)]
            if lead_id and send_id
            else _attempted_between(unknowns.unknown_sends(month(in_month, at)), begin, end)
        )
        evidence = evidence_about(selected, at) if selected else ""
        if not as_json:
            output.say(Message("{sends_count} sends. {evidence}", sends_count=len(selected), evidence=evidence))
        if (
            selected
            and lead_id is None
            and not yes
            and not output.confirm(
                Message("Resolve {selected_count} sends as {verdict}?", selected_count=len(selected), verdict=verdict)
            )
        ):
            raise typer.Exit(output.FAILED)
        left = {send.send_id: why for send in selected if (why := _resolve(send, verdict, evidence, at))}
    if as_json:
        output.show_json({"resolved": verdict, "sends": len(selected) - len(left), "evidence": evidence, "left": left})
    else:
        _say_resolved(verdict, len(selected) - len(left), left)
    if left:
        raise typer.Exit(output.FAILED)


def _say_resolved(verdict: str, resolved: int, left: dict[str, str]) -> None:
    output.say(
        Message(
            "{resolved} resolved as {verdict}, {left_count} left",
            resolved=resolved,
            verdict=verdict,
            left_count=len(left),
        )
    )
    if left:
        output.show_table("Left", ("send", "why"), list(left.items()))


def _one(lead_id: str, send_id: str) -> SendItem:
    send = find_send(lead_id, send_id)
    if send is None:
        raise NotFound(Message("no send {send_id} of lead {lead_id}", send_id=send_id, lead_id=lead_id))
    return send


def _attempted_between(sends: list[SendItem], begin: str | None, end: str | None) -> list[SendItem]:
    after, before = moment(begin, "--from") or "", moment(end, "--until") or "~"
    return [send for send in sends if after <= str(send.attempted_at or send.planned_at) < before]


def _resolve(send: SendItem, verdict: str, evidence: str, at: datetime) -> str | None:
    """None, or the reason why it was not resolved."""
    try:
        if verdict == "send-again":
            attempt_again(Definitions(), send, f"asked for by a person; {evidence}", at)
        else:
            unknowns.resolve(send.lead_id, send.send_id, unknowns.Finding(verdict), at)
    except (Conflict, NotFound) as error:
        return str(error)
    return None
