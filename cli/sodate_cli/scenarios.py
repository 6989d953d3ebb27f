"""`sodate scenario …`: what is live, one drawn as text, and enrolling or taking out one lead."""

from typing import Annotated

import typer
from sodate.playbook.store import Definitions
from sodate.scenarios.manual import enroll_by_hand, take_out
from sodate.scenarios.programs import live_program, live_programs
from sodate.scenarios.words import drawn

from sodate_cli import output
from sodate_cli.leads import EmailArgument
from sodate_cli.operator import StageOption, explained, find_lead, now, target
from sodate_cli.output import JsonOption
from sodate_cli.rehearse import rehearse

app = typer.Typer(help="Scenarios and sequences: what runs, and who is put in by hand.", no_args_is_help=True)
app.command()(rehearse)
ScenarioArgument = Annotated[str, typer.Argument(help="The `id` of a scenario or sequence.")]
KeyOption = Annotated[str | None, typer.Option("--key", help="Value of the scenario's `key`, e.g. a seminar.")]
_COLUMNS = ("id", "version", "status", "topic", "steps")


@app.command("list")
def list_scenarios(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Every live scenario and sequence.

    Example: sodate scenario list
    """
    with explained():
        target(stage)
        rows = [(one.id, one.version, str(one.status), one.topic, one.end) for one in live_programs(Definitions())]
    if as_json:
        output.show_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        output.show_table("Scenarios", _COLUMNS, rows, nothing="The playbook has neither scenarios nor sequences.")


@app.command()
def show(scenario: ScenarioArgument, stage: StageOption = None) -> None:
    """Draw the live version of a scenario or sequence, step by step.

    Example: sodate scenario show welcome
    """
    with explained():
        target(stage)
        text = drawn(live_program(Definitions(), scenario))
    output.show_text(text.rstrip())


@app.command()
def enroll(scenario: ScenarioArgument, email: EmailArgument, key: KeyOption = None, stage: StageOption = None) -> None:
    """Put one lead into a scenario that has the entry `manual`.

    Example: sodate scenario enroll welcome taro@example.jp
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        enroll_by_hand(Definitions(), lead_id, scenario, key, now(where))
    output.say(f"{email} is in {scenario} now; its first step comes within minutes")


@app.command()
def leave(scenario: ScenarioArgument, email: EmailArgument, stage: StageOption = None) -> None:
    """Take one lead out of a scenario or sequence. Nothing that was sent is undone.

    Example: sodate scenario leave welcome taro@example.jp
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        names = take_out(lead_id, scenario, now(where))
    output.say(f"{email} left {', '.join(names)}")
