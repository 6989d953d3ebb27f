"""`sodate scenario …`: what is live, one drawn as text; enrolling, taking out, and letting in who waits."""

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any

import typer
from sodate.leads.store import profiles_of
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.due_now import due_now
from sodate.scenarios.leads_at_steps import inside
from sodate.scenarios.manual import enroll_by_hand, take_out
from sodate.scenarios.migrate import MigrateEnrollments
from sodate.scenarios.programs import live_program, live_programs
from sodate.scenarios.store import entries_stopped_at
from sodate.scenarios.waiting_entries import WaitingEntries, all_waiting
from sodate.scenarios.words import drawn

from sodate_cli import output
from sodate_cli.labels import Labels
from sodate_cli.leads import EmailArgument, shown_name
from sodate_cli.operator import StageOption, explained, find_lead, now, target
from sodate_cli.output import JsonOption
from sodate_cli.rehearse import rehearse
from sodate_cli.times import Times

app = typer.Typer(help="Scenarios and sequences: what runs, and who is put in by hand.", no_args_is_help=True)
app.command()(rehearse)
ScenarioArgument = Annotated[str, typer.Argument(help="The `id` of a scenario or sequence.")]
KeyOption = Annotated[str | None, typer.Option("--key", help="Value of the scenario's `key`, e.g. a seminar.")]
WaitingArgument = Annotated[str | None, typer.Argument(help="Address of a lead that waits.")]
AllOption = Annotated[bool, typer.Option("--all", help="Everybody who waits.")]
_COLUMNS = ("id", "version", "status", "topic", "steps", "title")


@app.command("list")
def list_scenarios(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Every live scenario and sequence.

    Example: sodate scenario list
    """
    with explained():
        target(stage)
        labels = Labels.of_stage()
        rows = [
            (one.id, one.version, str(one.status), one.topic, one.end, labels.of("sequence", one.id))
            for one in live_programs(Definitions())
        ]
    if as_json:
        output.show_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        shown = [
            (id_, title, version, status, labels.named("topic", topic), steps)
            for id_, version, status, topic, steps, title in rows
        ]
        output.show_table(
            "Scenarios",
            ("id", "title", "version", "status", "topic", "steps"),
            shown,
            nothing=Message("The playbook has neither scenarios nor sequences."),
        )


@app.command()
def show(scenario: ScenarioArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Draw the live version of a scenario or sequence, step by step.

    Example: sodate scenario show welcome
    """
    with explained():
        where = target(stage)
        live = live_program(Definitions(), scenario)
        stopped, times = entries_stopped_at(scenario), Times.of_stage()
        waiting_now = None if live.is_running else due_now(Definitions(), scenario, now(where))
        stored = Definitions().live("sequence", scenario)
    if as_json:
        due = {"leads": dict(waiting_now.leads), "emails": waiting_now.emails} if waiting_now is not None else None
        output.show_json(
            {
                "version": stored.version,
                "definition": stored.body,
                "due_when_it_resumes": due,
                "entries_stopped_at": stopped.isoformat() if stopped else None,
            }
        )
        return
    output.show_text(drawn(live).rstrip())
    if waiting_now is not None:
        at_steps = ", ".join(f"{step} {count}" for step, count in sorted(waiting_now.leads.items())) or "nobody"
        output.say(
            Message(
                "{status}; due when it resumes: {total} leads, {emails} emails",
                status=live.status,
                total=waiting_now.leads.total(),
                emails=waiting_now.emails,
            )
        )
        output.say(Message("by step: {at_steps}", at_steps=at_steps))
    if stopped is not None:
        since = times.moment(stopped)
        output.say(
            Message("entries stopped since {since}: sodate scenario waiting {scenario}", since=since, scenario=scenario)
        )


@app.command()
def leads(scenario: ScenarioArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """How many leads are at which step of which version. Reads every lead.

    Example: sodate scenario leads welcome
    """
    with explained():
        target(stage)
        found = inside(Definitions(), scenario)
    rows = [(*key, count) for key, count in sorted(found.leads.items())]
    columns = ("version", "step", "leads")
    if as_json:
        output.show_json({"live": found.live, "steps": [dict(zip(columns, row, strict=True)) for row in rows]})
    else:
        labels = Labels.of_stage()
        live = Message("live: version {version}", version=found.live) if found.live else "retired"
        output.show_table(
            Message("Leads in {scenario} ({live})", scenario=labels.named("sequence", scenario), live=live),
            columns,
            rows,
            nothing=Message("Nobody is in it."),
        )


@app.command()
def enroll(
    scenario: ScenarioArgument, email: EmailArgument, key: KeyOption = None, stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Put one lead into a scenario that has the entry `manual`.

    Example: sodate scenario enroll welcome taro@example.jp
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        enroll_by_hand(Definitions(), lead_id, scenario, key, now(where))
    sentence = Message(
        "{email} is in {scenario} now; its first step comes within minutes", email=email, scenario=scenario
    )
    output.show_done({"lead": lead_id, "scenario": scenario, "key": key}, sentence, as_json=as_json)


@app.command()
def leave(
    scenario: ScenarioArgument, email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """Take one lead out of a scenario or sequence. Nothing that was sent is undone.

    Example: sodate scenario leave welcome taro@example.jp
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        names = take_out(lead_id, scenario, now(where))
    output.show_done(
        {"lead": lead_id, "left": names},
        Message("{email} left {scenarios}", email=email, scenarios=", ".join(names)),
        as_json=as_json,
    )


@app.command()
def waiting(scenario: ScenarioArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Who waits for you since more leads than `max_entries_per_hour` came.

    Example: sodate scenario waiting welcome
    """
    with explained():
        target(stage)
        live_program(Definitions(), scenario)
        stopped, entries = entries_stopped_at(scenario), list(all_waiting(scenario))
        profiles, times = profiles_of(one.lead_id for one in entries), Times.of_stage()
    names = [shown_name(profiles[one.lead_id]) if one.lead_id in profiles else "(erased)" for one in entries]
    rows = [(name, one.name, one.reason, one.at.isoformat()) for name, one in zip(names, entries, strict=True)]
    if as_json:
        listed = [dict(zip(("lead", "enrollment", "reason", "at"), row, strict=True)) for row in rows]
        output.show_json({"stopped_at": stopped.isoformat() if stopped else None, "waiting": listed})
        return
    columns = ("lead", "enrollment", "because of", times.column("at"))
    shown = [(*row[:3], times.shown(row[3])) for row in rows]
    output.show_table(
        Message("Entries of {scenario} that wait", scenario=scenario), columns, shown, nothing=Message("Nobody waits.")
    )
    if stopped is not None:
        since = times.moment(stopped)
        output.say(
            Message(
                "stopped since {since}: sodate scenario admit {scenario} --all, or sodate scenario drop"
                " {scenario} --all",
                since=since,
                scenario=scenario,
            )
        )


@app.command()
def admit(
    scenario: ScenarioArgument, email: WaitingArgument = None, everybody: AllOption = False,
    stage: StageOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Let in who waits: one lead, or everybody; then further leads enter again.

    Example: sodate scenario admit welcome --all
    """
    output.show_done(*_decided(scenario, email, everybody, stage, WaitingEntries.admit), as_json=as_json)


@app.command()
def drop(
    scenario: ScenarioArgument, email: WaitingArgument = None, everybody: AllOption = False,
    stage: StageOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Drop who waits: one lead, or everybody; then further leads enter again.

    Example: sodate scenario drop welcome --all
    """
    output.show_done(*_decided(scenario, email, everybody, stage, WaitingEntries.drop), as_json=as_json)


def _decided(
    scenario: str, email: str | None, everybody: bool, stage: str | None, act: Callable[[WaitingEntries], Counter[str]]
) -> tuple[dict[str, int], str]:
    """The outcomes, and in words."""
    if (email is None) != everybody:
        output.fail("give the address of one lead, or --all", output.USAGE)
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where) if email is not None else None
        outcomes = act(WaitingEntries(Definitions(), scenario, lead_id, now(where)))
    counted = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items()))
    return dict(outcomes), f"{scenario}: {counted or 'nobody waited'}"


@app.command()
def migrate(
    scenario: ScenarioArgument,
    maps: Annotated[
        list[str] | None, typer.Option("--map", help="OLD=NEW step ids (repeat); NEW may be `end` or `stay`.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show how many leads are at which step.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the enrollments of older versions to the live one. Reads every lead; safe to stop and run again.

    Example: sodate scenario migrate welcome --preview
    """
    mapping = dict(_pair(text) for text in maps or ())
    with explained():
        job = MigrateEnrollments(Definitions(), scenario, mapping, now(target(stage)))
        counts, outcomes = (job.preview(), Counter[str]()) if preview else (Counter[Any](), job.migrate())
    rows = [(*key, count) for key, count in sorted(counts.items())]
    if as_json:
        steps = [dict(zip(("version", "step", "to", "leads"), row, strict=True)) for row in rows]
        output.show_json({"steps": steps} if preview else dict(outcomes))
    elif preview:
        columns = ("version", "step", "step in the live version", "leads")
        output.show_table(
            Message("Enrollments of {scenario}", scenario=scenario),
            columns,
            rows,
            nothing=Message("Nobody is in an older version."),
        )
    else:
        counted = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items()))
        output.say(f"{scenario}: {counted or 'nobody is in an older version'}")


def _pair(text: str) -> tuple[str, str]:
    old, separator, new = text.partition("=")
    if not (old and separator and new):
        output.fail(Message("--map {text!r}: write it as old-step=new-step", text=text), output.USAGE)
    return old, new
