"""`sodate doctor`: arguments, the report, and the exit code.

The checks compare a deployment with the CDK app of a checkout, so they are imported when the command runs: every other
command works without a checkout.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text
from sodate.messages import Message
from sodate.runtime import clock
from ulid import ULID

from sodate_cli import output
from sodate_cli.doctor.finding import Finding, Verdict
from sodate_cli.local.folder import repository
from sodate_cli.operator import StageOption, explained, now, target
from sodate_cli.output import JsonOption

if TYPE_CHECKING:
    from sodate_cli.doctor.deployment import Deployment

_LOOK = {
    Verdict.OK: ("ok", "green"),
    Verdict.WARNING: ("warning", "yellow"),
    Verdict.FAILED: ("FAILED", "bold red"),
    Verdict.NOT_CHECKABLE: ("not checkable", "dim"),
}


def doctor(
    stage: StageOption = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="CHECK", help="Only this check; repeat it.")
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Also send three emails to SES's mailbox simulator and follow them.")
    ] = False,
    ring: Annotated[bool, typer.Option("--ring", help="Also force one alarm: its recipients get a message.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Is this deployment sound? Looks from outside and changes nothing unless asked; exit code 1 when a check fails.

    Example: sodate doctor --stage dev --send --ring
    """
    with explained():
        repository()
    from sodate_cli.doctor.runner import CHECKS, examine

    names = [check.name for check in CHECKS]
    if unknown := [name for name in only or [] if name not in names]:
        output.fail(
            Message("no check {unknown!r}; there are {names}", unknown=unknown[0], names=", ".join(names)), output.USAGE
        )
    asked = [option for option, given in (("--send", send), ("--ring", ring)) if given]
    with explained(), output.progress("examining"):
        findings = examine(_deployment(stage), only or (), asked)
    if as_json:
        output.show_json(report(findings))
    else:
        _show(findings)
    raise typer.Exit(output.FAILED if is_sick(findings) else output.OK)


def is_sick(findings: Sequence[Finding]) -> bool:
    return any(finding.verdict is Verdict.FAILED for finding in findings)


def report(findings: Sequence[Finding]) -> dict[str, object]:
    """What `--json` prints."""
    return {
        "sound": not is_sick(findings),
        "counts": {verdict.value: _count(findings, verdict) for verdict in Verdict},
        "findings": [
            {"name": f.name, "verdict": f.verdict.value, "detail": f.detail, "what_to_do": f.what_to_do}
            for f in findings
        ],
    }


def _deployment(stage: str | None) -> "Deployment":
    from sodate_cli.doctor.deployment import Deployment, clients_of, get_over_http, machine_time

    where = target(stage)
    return Deployment(
        target=where,
        clients=clients_of(where),
        now=now(where),
        machine_now=machine_time,
        fetch=get_over_http,
        pause=clock.sleep,
        new_id=lambda: str(ULID.from_datetime(clock.now())),
    )


def _show(findings: Sequence[Finding]) -> None:
    table = Table(header_style="bold", show_lines=False)
    for column in ("check", "verdict", "what it found"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        word, style = _LOOK[finding.verdict]
        text = Text(output.plain(finding.detail))
        if finding.what_to_do and finding.verdict in (Verdict.FAILED, Verdict.WARNING):
            text.append(f"\n→ {output.plain(finding.what_to_do)}", style="italic")
        table.add_row(Text(finding.name), Text(word, style=style), text)
    output.show(table)
    output.say(", ".join(f"{_count(findings, verdict)} {_LOOK[verdict][0]}" for verdict in Verdict))
    if is_sick(findings):
        output.say(
            Message("failed: {checks}", checks=", ".join(f.name for f in findings if f.verdict is Verdict.FAILED))
        )


def _count(findings: Sequence[Finding], verdict: Verdict) -> int:
    return sum(finding.verdict is verdict for finding in findings)
