"""`sodate playbook …`: parse the command line, call one use case, print.

The compilers and the table take half a second to import, so each command imports what it needs and help stays quick.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from sodate.errors import SodateError
from sodate.messages import Message
from sodate.runtime import clock

from sodate_cli import output
from sodate_cli.playbook.init import init

if TYPE_CHECKING:
    from sodate.authoring.check import Checked
    from sodate.authoring.plan import Plan

    from sodate_cli.target import Target

app = typer.Typer(help="Marketing as files: begin, check, plan and apply a playbook.", no_args_is_help=True)
app.command()(init)

Directory = Annotated[Path, typer.Argument(help="The directory that holds playbook.yaml.", show_default=False)]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Override a value, e.g. sales.webhook.url=https://… (repeat for more). `apply` stores it for the stage.",
        metavar="PATH=VALUE",
    ),
]
Unset = Annotated[
    list[str] | None,
    typer.Option("--unset", help="Forget a value that an earlier apply stored for the stage.", metavar="PATH"),
]
Stage = Annotated[str | None, typer.Option("--stage", help="local, dev, prod; default: the local cloud if it runs.")]
Table = Annotated[str | None, typer.Option("--table", help="Table name, when it is not sodate-<stage>.")]
Region = Annotated[str | None, typer.Option("--region", help="AWS region, when it is not your profile's.")]
Retire = Annotated[bool, typer.Option("--retire", help="Retire live definitions that the playbook no longer has.")]


@app.command()
def check(
    directory: Directory,
    settings: Settings = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask for each linked page (HEAD, public hosts only).")
    ] = False,
    as_json: output.JsonOption = False,
) -> None:
    """Is the playbook right? Lists every problem with file and line; exit code 1 when there is an error."""
    from sodate.authoring.online import with_dead_links
    from sodate.authoring.override import parse_settings

    from sodate_cli.playbook.show import show_problems

    with _speaking():
        overrides = parse_settings(settings or [])
    checked = _check(directory, overrides)
    checked = with_dead_links(checked) if online else checked
    show_problems(checked, as_json=as_json)
    raise typer.Exit(output.OK if checked.ok else output.FAILED)


@app.command()
def plan(
    directory: Directory,
    settings: Settings = None,
    unset: Unset = None,
    stage: Stage = None,
    table: Table = None,
    region: Region = None,
    retire: Retire = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Print, as markdown, what 1,000 imagined people would meet differently.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Show every field, of new definitions too, and values as they are.")
    ] = False,
    as_json: output.JsonOption = False,
) -> None:
    """What `apply` would change, and who is affected. Changes nothing; exit code 1 when `apply` would refuse it."""
    from sodate.authoring.plan import make_plan

    from sodate_cli.playbook.show import show_plan

    target = _connect(stage, table, region)
    checked = _sound(directory, (settings, unset), target, as_json=as_json)
    with _speaking():
        planned = make_plan(checked, clock.now(), retire=retire, full=full)
        _warn(target, checked)
        if not rehearse:
            show_plan(planned, target, as_json=as_json, full=full)
            raise typer.Exit(output.FAILED if planned.refused else output.OK)
        from sodate_cli.rehearse import show_difference_from_live

        show_difference_from_live(checked, target)


@app.command()
def apply(
    directory: Directory,
    settings: Settings = None,
    unset: Unset = None,
    stage: Stage = None,
    table: Table = None,
    region: Region = None,
    retire: Retire = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    no_backfill: Annotated[
        bool, typer.Option("--no-backfill", help="Where segments have changed, do not look at every lead anew.")
    ] = False,
    as_json: output.JsonOption = False,
) -> None:
    """Check, show the plan, ask, and publish. Applying the same playbook again changes nothing."""
    from sodate.authoring.apply import publish
    from sodate.authoring.plan import make_plan

    from sodate_cli.operator import person
    from sodate_cli.playbook.show import show_applied, show_plan

    if as_json and not yes:
        output.fail("apply --json cannot ask; add --yes (and look at plan --json before)", output.USAGE)
    target = _connect(stage, table, region)
    checked = _sound(directory, (settings, unset), target, as_json=as_json)
    with _speaking():
        planned = make_plan(checked, clock.now(), retire=retire)
        _warn(target, checked)
        if not yes:
            show_plan(planned, target, as_json=False)
            if planned.refused:
                raise typer.Exit(output.FAILED)
            if planned.changes and not output.confirm("Publish this?"):
                raise typer.Exit(output.FAILED)
        _verify_locally(target, checked)
        applied = publish(checked, now=clock.now(), retire=retire, applied_by=person(target))
        job = None if no_backfill else _begin_backfill(target, planned)
        show_applied(applied, target, job, as_json=as_json)


@app.command()
def schema(
    out: Annotated[Path, typer.Option("--out", help="Directory for the JSON Schema files.")] = Path("schemas/playbook"),
    as_json: output.JsonOption = False,
) -> None:
    """Write the JSON Schemas of the playbook files, for editors (yaml-language-server) and reviews."""
    from sodate.authoring.schema import write_schemas

    written = [str(path) for path in write_schemas(out)]
    output.show_done({"written": written}, "\n".join(written), as_json=as_json)


@contextmanager
def _speaking() -> Iterator[None]:
    """Errors raised on purpose end the command with their message, never with a stack trace."""
    try:
        yield
    except SodateError as error:
        from sodate_cli.target import explain

        output.fail(explain(error))


def _check(directory: Path, overrides: Mapping[str, Any]) -> "Checked":
    from sodate.authoring.check import check

    with _speaking():
        return check(directory, overrides)


def _sound(
    directory: Path, given: tuple[list[str] | None, list[str] | None], target: "Target", *, as_json: bool
) -> "Checked":
    """The playbook with the settings of the stage. `given`: what `--set` and `--unset` say."""
    from sodate.authoring.override import next_settings
    from sodate.playbook.overrides import settings_of, stored_overrides
    from sodate.playbook.store import Definitions

    from sodate_cli.playbook.show import show_problems, show_settings

    with _speaking():
        stored = stored_overrides(Definitions())
        settings = next_settings(settings_of(stored), given[1] or (), given[0] or ())
    checked = _check(directory, {**target.overrides, **settings})
    if not as_json:
        show_settings(settings, target)
    if not checked.ok:
        show_problems(checked, as_json=as_json)
        raise typer.Exit(output.FAILED)
    return replace(checked, settings=settings) if settings or stored is not None else checked


def _warn(target: "Target", checked: "Checked") -> None:
    """Prints what is missing on the stage itself. Refuses nothing: a sound playbook may be applied before it."""
    import boto3
    from sodate.authoring.release import why_deploy_first
    from sodate.authoring.sender_identity import missing_parts, sender_of

    if target.table != f"sodate-{target.stage}":
        return  # a table of your own: its stack is not known
    mailing = sender_of(checked)
    warnings = []
    if mailing is not None and target.stage != "local":
        warnings += missing_parts(boto3.client("sesv2", region_name=target.region), mailing)
    if why := why_deploy_first(target.stage, _outputs(target)):
        warnings.append(why)
    for warning in warnings:
        output.say(Message("warning: {warning}", warning=warning))


def _outputs(target: "Target") -> dict[str, str]:
    """Outputs of the stage's stacks; none when one is missing, or CloudFormation refuses or cannot be reached."""
    from botocore.exceptions import BotoCoreError, ClientError

    from sodate_cli.operator import outputs
    from sodate_cli.stacks import StackMissing

    try:
        return outputs(target)
    except (ClientError, BotoCoreError, StackMissing):
        return {}


def _begin_backfill(target: "Target", plan: "Plan") -> str | None:
    """Returns the id of its job. None: there is nothing to look at, or it could not begin, which is said.

    The playbook is published by then, so nothing that fails here may look as if it were not.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from sodate.playbook.store import Definitions
    from sodate.segments import backfill

    from sodate_cli.score_job import begin_backfill
    from sodate_cli.target import explain

    if plan.is_first:
        backfill.not_needed(Definitions(), clock.now())
        return None
    if not plan.needs_backfill:
        return None
    if target.table != f"sodate-{target.stage}":
        output.say("warning: the segments have changed; the queue of this table is not known, so no lead is looked at")
        return None
    try:
        return begin_backfill(target)
    except (SodateError, ClientError, BotoCoreError) as error:
        output.say(
            Message(
                "warning: published, but no lead is looked at ({explain}): sodate segment backfill",
                explain=explain(error),
            )
        )
        return None


def _verify_locally(target: "Target", checked: "Checked") -> None:
    """On the local cloud, the sender of any playbook is verified, not only that of the sample."""
    import boto3
    from sodate.authoring.sender_identity import create_identities, sender_of

    mailing, mailbox = sender_of(checked), target.endpoints.get("mailbox")
    if mailing is not None and mailbox:
        create_identities(boto3.client("sesv2", endpoint_url=mailbox), mailing)


def _connect(stage: str | None, table: str | None, region: str | None) -> "Target":
    from sodate_cli.target import connect

    with _speaking():
        return connect(stage, table=table, region=region)
