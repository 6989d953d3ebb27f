"""`sodate broadcast …`: what is planned and sent, estimate and test before the release, approval, pause and cancel."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from sodate.broadcasts import control
from sodate.broadcasts.approve import approve as approve_broadcast
from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.estimate import estimate as estimate_audience
from sodate.broadcasts.progress import Progress, progress_of
from sodate.broadcasts.run import Run
from sodate.broadcasts.seed_test import SeedTest
from sodate.broadcasts.store import find_approval, runs_of, tests_of
from sodate.errors import Invalid
from sodate.leads.store import load_profile, profiles_of
from sodate.messages import Message, joined
from sodate.playbook.store import Definitions, parsed
from sodate.segments.backfill import why_behind

from sodate_cli import output
from sodate_cli.leads import shown_name
from sodate_cli.operator import StageOption, explained, find_lead, now, person, target
from sodate_cli.output import JsonOption
from sodate_cli.test_sends import seed_sender, show_answers
from sodate_cli.times import Times

app = typer.Typer(help="Broadcasts (メールマガジン): one email to a segment.", no_args_is_help=True)
BroadcastArgument = Annotated[str, typer.Argument(metavar="ID", help="The broadcast's `id`.")]
RunOption = Annotated[str | None, typer.Option("--run", help="Which run, as `show` lists it; default: the open one.")]


@app.command("list")
def list_broadcasts(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Every live broadcast and its latest run.

    Example: sodate broadcast list
    """
    with explained():
        target(stage)
        rows = []
        for stored in Definitions().all_live("broadcast"):
            latest = next(iter(runs_of(stored.id, 1)), None)
            run = (latest.occurrence, shown_state(latest), latest.planned) if latest else (None, "not approved", 0)
            rows.append((stored.id, parsed(stored, Broadcast).title, parsed(stored, Broadcast).status, *run))
    columns = ("id", "title", "status", "run", "state", "emails")
    if as_json:
        output.show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        output.show_table("Broadcasts", columns, rows, nothing=Message("The playbook has no broadcasts."))


@app.command("show")
def show(broadcast: BroadcastArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Approval, test sends, and each run with the exact number of its emails by outcome.

    It reads one ledger item per email.

    Example: sodate broadcast show monthly-news
    """
    with explained():
        target(stage)
        stored, approval, tests = (
            Definitions().live("broadcast", broadcast),
            find_approval(broadcast),
            tests_of(broadcast),
        )
        runs = [(run, progress_of(run)) for run in runs_of(broadcast)]
        times = Times.of_stage()
    if as_json:
        output.show_json(
            {
                "id": broadcast,
                "version": stored.version,
                "approval": vars(approval) if approval else None,
                "tests": [vars(test) for test in tests],
                "runs": [_run_document(run, progress) for run, progress in runs],
            }
        )
        return
    fields: dict[str, object] = {"version": stored.version, "approved": "no"}
    if approval is not None:
        fields["approved"] = Message(
            "version {version}, template version {template_version}, by {person}, {at}",
            version=approval.version,
            template_version=approval.template_version,
            person=approval.approved_by,
            at=times.shown(approval.at),
        )
    fields["test sends"] = joined("; ", [_tested(one.version, one.sent_by, times.shown(one.at)) for one in tests])
    output.show_fields(times.title(Message("Broadcast {broadcast}", broadcast=broadcast)), fields)
    rows = [
        (run.occurrence, shown_state(run), progress.emails, _counted(progress.states), _counted(progress.reasons))
        for run, progress in runs
    ]
    output.show_table(
        "Runs", ("run", "state", "emails", "outcomes", "reasons"), rows, nothing=Message("No run is planned.")
    )


@app.command("estimate")
def estimate(
    broadcast: BroadcastArgument,
    sample: Annotated[int, typer.Option("--sample", min=0, max=100, help="Recipients to show.")] = 5,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """How many would get it now, who is left out and why, when, and how long the sending takes.

    Example: sodate broadcast estimate monthly-news
    """
    with explained():
        where = target(stage)
        result, behind = estimate_audience(Definitions(), broadcast, now(where), sample), why_behind(Definitions())
        profiles, times = profiles_of(result.sample), Times.of_stage()
    names = [shown_name(profiles[lead_id]) if lead_id in profiles else "(erased)" for lead_id in result.sample]
    document = {
        "members": result.members,
        "recipients": result.recipients,
        "left_out": dict(result.left_out),
        "local_time": result.local.isoformat() if result.local else None,
        "instants": {at.isoformat(): count for at, count in sorted(result.instants.items())},
        "minutes": round(result.minutes, 1),
        "sample": names,
        "segments_behind": behind,
    }
    if as_json:
        output.show_json(document)
        return
    shown = {times.shown(at.isoformat()): count for at, count in sorted(result.instants.items())}
    fields = {
        **document,
        "left_out": _counted(result.left_out),
        "local_time": f"{result.local:%Y-%m-%d %H:%M}" if result.local else None,
        "instants": _counted(shown),
        "sample": ", ".join(names),
    }
    output.show_fields(times.title(Message("Broadcast {broadcast}", broadcast=broadcast)), fields)


@app.command("test")
def test(
    broadcast: BroadcastArgument,
    to: Annotated[list[str] | None, typer.Option("--to", help="Address (repeat); default: `seed_contacts`.")] = None,
    like: Annotated[str | None, typer.Option("--like", help="Address of a lead whose values fill the email.")] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send it to a few addresses now. Nothing counts it, and its unsubscribe link works for nobody.

    Example: sodate broadcast test monthly-news --to me@example.jp
    """
    with explained():
        where = target(stage)
        tester = SeedTest(Definitions(), seed_sender(where), person(where) or "(unknown)")
        profile = load_profile(find_lead(like, where)) if like else None
        answers = tester.send(broadcast, to or [], profile)
    show_answers(Message("Test of {broadcast}", broadcast=broadcast), answers, as_json=as_json)


@app.command("approve")
def approve(
    broadcast: BroadcastArgument,
    as_: Annotated[str | None, typer.Option("--as", help="Who approves; on the local stage only.")] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Release the live version with its template, as another person than the one who applied them.

    Example: sodate broadcast approve monthly-news
    """
    with explained():
        where = target(stage)
        if as_ is not None and where.stage != "local":
            raise Invalid(Message("--as is for the local stage; elsewhere your AWS credentials say who you are"))
        who = as_ or person(where)
        if who is None:
            raise Invalid(
                Message("AWS does not say who you are (sts:GetCallerIdentity), so nobody would have approved it")
            )
        approved, behind = approve_broadcast(Definitions(), broadcast, who, now(where)), why_behind(Definitions())
    if as_json:
        output.show_json({**vars(approved.approval), "run": approved.occurrence, "segments_behind": behind})
        return
    output.say(
        Message(
            "approved: version {version}, next run {occurrence}",
            version=approved.approval.version,
            occurrence=approved.occurrence,
        )
    )
    if behind:
        output.say(Message("warning: {warning}", warning=behind))


@app.command("pause")
def pause(
    broadcast: BroadcastArgument, run: RunOption = None, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """Send nothing of a run until it is resumed.

    Example: sodate broadcast pause monthly-news
    """
    _change(control.pause, broadcast, run, stage, as_json=as_json)


@app.command("resume")
def resume(
    broadcast: BroadcastArgument, run: RunOption = None, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """Go on with a paused run, within ten minutes. What became too old meanwhile is skipped.

    Example: sodate broadcast resume monthly-news
    """
    _change(control.resume, broadcast, run, stage, as_json=as_json)


@app.command("cancel")
def cancel(
    broadcast: BroadcastArgument,
    run: RunOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a run: what was not sent yet never is. It cannot be undone.

    Example: sodate broadcast cancel monthly-news --run 20261204T1000
    """
    if not yes and not output.confirm(Message("Cancel {broadcast}?", broadcast=broadcast)):
        raise typer.Exit(output.FAILED)
    _change(control.cancel, broadcast, run, stage, as_json=as_json)


def _tested(version: int, person: str, at: str) -> Message:
    return Message("version {version} by {person}, {at}", version=version, person=person, at=at)


def shown_state(run: Run) -> str:
    reason = f" ({run.reason})" if run.reason else ""
    return Message("paused ({state})", state=run.state) if run.is_paused else f"{run.state}{reason}"


def _change(
    change: Callable[[str, str | None], Run], broadcast: str, run: str | None, stage: str | None, *, as_json: bool
) -> None:
    with explained():
        target(stage)
        changed = change(broadcast, run)
        progress = progress_of(changed)
    if as_json:
        output.show_json(_run_document(changed, progress))
    else:
        counts = _counted(progress.states) or "no email yet"
        output.say(
            Message(
                "run {occurrence}: {shown_state}; {counts}",
                occurrence=changed.occurrence,
                shown_state=shown_state(changed),
                counts=counts,
            )
        )


def _run_document(run: Run, progress: Progress) -> dict[str, Any]:
    return {
        "run": run.occurrence,
        "state": run.state,
        "paused": run.is_paused,
        "reason": run.reason,
        "version": run.version,
        "emails": progress.emails,
        "outcomes": dict(progress.states),
        "reasons": dict(progress.reasons),
    }


def _counted(counts: Any) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
