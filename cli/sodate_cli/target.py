"""Which table a command works on, and how to reach it: the local cloud when it runs, an AWS account otherwise."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError
from sodate.dynamodb.client import sdk_client
from sodate.dynamodb.table import Table
from sodate.dynamodb.table import name as table_name
from sodate.errors import Invalid, NotFound
from sodate.messages import Message

from sodate_cli.local.folder import LocalFolder, repository

#: As `infra/stages.py` has it, which this room does not import: it would start the CDK's Node process.
STAGE_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,14}[a-z0-9])?")


@dataclass(frozen=True)
class Target:
    """`endpoint` is None on AWS. `endpoints` is the whole endpoints file of the local cloud."""

    stage: str
    table: str
    region: str | None
    endpoint: str | None = None
    endpoints: Mapping[str, Any] = field(default_factory=dict)

    @property
    def overrides(self) -> dict[str, Any]:
        """Playbook values that this target needs (docs/playbook.md, Overrides): the local cloud has its own webhook."""
        sink = self.endpoints.get("sink")
        return {"sales.webhook.url": f"{sink}/sales"} if sink else {}

    def __str__(self) -> str:
        return f"{self.table} ({self.endpoint or self.region or 'region of your AWS profile'})"


def connect(
    stage: str | None = None,
    *,
    table: str | None = None,
    region: str | None = None,
    endpoints_file: Path | None = None,
) -> Target:
    """Binds the table models and, for the local cloud, points this process at it: endpoint, region, credentials, clock.

    Without `stage` the local cloud is meant when its endpoints file is there. Raises `NotFound` when it is meant and
    not there, `Invalid` when no stage can be told.
    """
    if stage is None and table is None and _local_cloud_is_up(endpoints_file):
        stage = "local"
    if stage is None and table is None:
        raise Invalid(
            Message("which stage? Give --stage dev (or prod), or start the local cloud with `sodate local up`")
        )
    if stage is not None and not STAGE_NAME.fullmatch(stage):
        raise Invalid(
            Message("--stage {stage!r}: a stage has 1 to 16 of a-z, 0-9 and '-', and begins with a letter", stage=stage)
        )
    target = (
        _local(table, region, endpoints_file or LocalFolder.of(repository()).endpoints_file)
        if stage == "local"
        else Target(stage or "", table or f"sodate-{stage}", region)
    )
    _set_environment(target)
    Table(target.table, sdk_client(target.region)).use()
    return target


def _local_cloud_is_up(endpoints_file: Path | None) -> bool:
    try:
        return (endpoints_file or LocalFolder.of(repository()).endpoints_file).is_file()
    except NotFound:  # no checkout, so no local cloud
        return False


def explain(error: Exception) -> str:
    """What a person reads: names of exceptions say nothing of stages, regions and credentials."""
    if "ResourceNotFoundException" in str(error):
        return Message(
            "there is no {table} in this account and region; check --stage, AWS_PROFILE and AWS_DEFAULT_REGION"
            " ({error})",
            table=table_name(),
            error=error,
        )
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BotoCoreError):
            return Message("AWS cannot be asked: {cause}", cause=cause)
        cause = getattr(cause, "cause", None) or cause.__cause__
    return str(error)


def _local(table: str | None, region: str | None, file: Path) -> Target:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        return Target("local", table or known["table"], region or known["region"], known["aws"], known)
    except FileNotFoundError as error:
        raise NotFound(
            Message("the local cloud is not running ({file} is not there); start it with `sodate local up`", file=file)
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(
            Message(
                "{file} is not what `sodate local up` writes ({error!r}); run `sodate local up` again",
                file=file,
                error=error,
            )
        ) from error


def _set_environment(target: Target) -> None:
    """SDK clients read these when they are first used, so this must come before any call."""
    if target.region:
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = target.region
    if target.endpoint is None:
        return
    os.environ["AWS_ENDPOINT_URL"] = target.endpoint
    os.environ["AWS_ACCESS_KEY_ID"] = str(target.endpoints.get("access_key_id") or "test")
    os.environ["AWS_SECRET_ACCESS_KEY"] = str(target.endpoints.get("secret_access_key") or "test")
    if clock_file := target.endpoints.get("clock_file"):
        os.environ["SODATE_CLOCK_FILE"] = str(clock_file)  # so that `advance` moves commands too
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
