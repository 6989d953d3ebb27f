"""Shared by operator commands: connection, lookup of a lead by address, and errors as exit codes."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError
from sodate.errors import NotFound, SodateError
from sodate.messages import Message
from sodate.queries import lead
from sodate.runtime import clock

from sodate_cli import output, stacks
from sodate_cli.target import Target, connect, explain

StageOption = Annotated[
    str | None, typer.Option("--stage", help="Stage on AWS, e.g. dev; default: the running local cloud.")
]
MonthOption = Annotated[str | None, typer.Option("--month", help="Month (UTC) as 2026-11; default: this month.")]


@contextmanager
def explained() -> Iterator[None]:
    """Errors are for people: one line and an exit code, never a stack trace."""
    try:
        yield
    except NotFound as error:
        output.fail(str(error), output.NOT_FOUND)
    except SodateError as error:
        output.fail(explain(error))
    except ClientError as error:
        output.fail(Message("AWS says: {explain}", explain=explain(error)))
    except BotoCoreError as error:
        output.fail(explain(error))


def target(stage: str | None) -> Target:
    return connect(stage)


def now(where: Target) -> datetime:
    """The stage's own time: the local stage may have been moved."""
    if where.stage == "local":
        from sodate_cli.local.clock import ShiftedClock
        from sodate_cli.local.folder import LocalFolder, repository

        return ShiftedClock(LocalFolder.of(repository()).clock_file)()
    return clock.now()


def person(where: Target) -> str | None:
    """Who runs the command: the identity of the AWS credentials, or the user of this machine on the local stage.

    None when AWS does not say.
    """
    if where.stage == "local":
        return getpass.getuser()
    try:
        return str(boto3.client("sts", region_name=where.region).get_caller_identity()["Arn"])
    except (ClientError, BotoCoreError):
        return None


def ses_client(where: Target) -> Any:
    """On the local cloud, SES is our own simulator, beside the gateway of everything else."""
    connect: Any = boto3.client
    return connect("sesv2", endpoint_url=where.endpoints.get("mailbox") if where.endpoint else None)


def month(text: str | None, at: datetime) -> datetime:
    if text is None:
        return at
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        output.fail(Message("--month {text!r}: write it as 2026-11", text=text), output.USAGE)


def find_lead(email: str, where: Target) -> str:
    """Id of the lead with this address on the stage.

    Raises: `NotFound`; `Invalid` for text that is no address.
    """
    return lead.find_lead(email, secret(where, "address-key")["key"].encode())


def secret(where: Target, name: str) -> dict[str, Any]:
    text = boto3.client("secretsmanager").get_secret_value(SecretId=f"sodate-{where.stage}/{name}")["SecretString"]
    return dict(json.loads(text))


def secret_text(name: str) -> str:
    """A secret that is not of a stage.

    Raises: `NotFound`.
    """
    client = boto3.client("secretsmanager")
    try:
        return str(client.get_secret_value(SecretId=name)["SecretString"]).strip()
    except client.exceptions.ResourceNotFoundException as error:
        raise NotFound(Message("Secrets Manager has no secret {name!r} here", name=name[:100])) from error


def outputs(where: Target) -> dict[str, str]:
    """Outputs of the stage's stacks by name."""
    return stacks.outputs(boto3.client("cloudformation"), where.stage)
