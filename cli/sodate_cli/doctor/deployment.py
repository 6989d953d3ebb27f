"""The deployment as its checks see it: AWS clients, the outputs of its stacks, what this checkout expects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from sodate.errors import NotFound
from sodate.messages import Message
from sodate.playbook.store import Definitions

from infra.catalog import FunctionSpec, functions_of
from infra.config import Stage
from infra.stages import StageInvalid, stage_named
from sodate_cli import stacks
from sodate_cli.local.folder import repository
from sodate_cli.target import Target

#: An AWS client by the name of its service.
Clients = Callable[[str], Any]
#: A GET over HTTPS: status and body. Raises OSError.
Fetch = Callable[[str], tuple[int, bytes]]


@dataclass
class Deployment:
    """`now` is the stage's own time (the local one may have been moved); `machine_now` is this machine's.

    `pause` waits so many seconds between two looks; `new_id` makes the ids of probes.
    """

    target: Target
    clients: Clients
    now: datetime
    machine_now: Callable[[], datetime]
    fetch: Fetch
    pause: Callable[[float], None]
    new_id: Callable[[], str]
    checkout: Path = field(default_factory=repository)

    @property
    def stage(self) -> str:
        return self.target.stage

    @property
    def is_local(self) -> bool:
        return self.target.endpoint is not None

    @property
    def prefix(self) -> str:
        return f"sodate-{self.stage}"

    @property
    def redeploy(self) -> str:
        """What to do about a deployment that is not as its template says."""
        if self.is_local:
            return "start the local cloud anew: `sodate local down`, then `sodate local up`"
        return f"deploy the stage again: make deploy STAGE={self.stage}"

    @cached_property
    def expected(self) -> Stage:
        """What `stages.toml` and the defaults of this checkout say.

        Raises:
            NotFound: the stage cannot be deployed as it is written there.
        """
        try:
            return stage_named(self.stage)
        except StageInvalid as error:
            raise NotFound(str(error)) from error

    @cached_property
    def stacks(self) -> list[Mapping[str, Any]]:
        """The stateful and the stateless stack, in this order. Raises `StackMissing`."""
        return stacks.described(self.clients("cloudformation"), self.stage)

    @cached_property
    def outputs(self) -> dict[str, str]:
        return stacks.merged(self.stacks)

    def output(self, name: str) -> str:
        """Raises `NotFound`: stacks of another release, or changed by hand."""
        if name not in self.outputs:
            raise NotFound(
                Message(
                    "no stack of {stage} has an output {name}; they were deployed from another release",
                    stage=self.stage,
                    name=name,
                )
            )
        return self.outputs[name]

    @property
    def receives(self) -> bool:
        """The stage has a reply domain."""
        return "ReplyDomain" in self.outputs

    @property
    def functions(self) -> tuple[FunctionSpec, ...]:
        return functions_of(replies=self.receives)

    def alias_of(self, spec: FunctionSpec) -> str:
        """The ARN of the alias that every trigger of this function uses."""
        return self.output(f"Function{spec.id}")

    def function_name(self, spec: FunctionSpec) -> str:
        return f"{self.prefix}-{spec.dashed}"

    @cached_property
    def configurations(self) -> dict[str, Mapping[str, Any]]:
        """Function (its name in the catalog) → configuration of the version behind its alias; missing ones left out."""
        found: dict[str, Mapping[str, Any]] = {}
        client = self.clients("lambda")
        for spec in self.functions:
            try:
                found[spec.name] = client.get_function_configuration(FunctionName=self.alias_of(spec))
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
            except NotFound:
                continue
        return found

    @cached_property
    def table(self) -> Mapping[str, Any]:
        return dict(self.clients("dynamodb").describe_table(TableName=self.output("TableName"))["Table"])

    @cached_property
    def definitions(self) -> Definitions:
        return Definitions()

    @cached_property
    def account(self) -> str:
        return str(self.clients("sts").get_caller_identity()["Account"])

    @property
    def region(self) -> str:
        return str(self.clients("sts").meta.region_name)


def clients_of(target: Target) -> Clients:
    """Patient enough for a slow answer, impatient enough that forty checks end within a minute or two."""
    made: dict[str, Any] = {}
    retries: Any = {"mode": "standard", "total_max_attempts": 3}
    config = Config(connect_timeout=5, read_timeout=15, retries=retries)
    # On the local cloud SES is our own simulator, beside the gateway of everything else.
    endpoints = {"sesv2": target.endpoints.get("mailbox")} if target.endpoint else {}

    def client(service: str) -> Any:
        if service not in made:
            connect: Any = boto3.client
            made[service] = connect(service, endpoint_url=endpoints.get(service), config=config)
        return made[service]

    return client


def get_over_http(url: str) -> tuple[int, bytes]:
    """One GET, redirects not followed. Raises OSError when nothing answers."""
    import urllib3

    timeout = urllib3.Timeout(connect=5, read=20)
    try:
        reply = urllib3.PoolManager().request("GET", url, timeout=timeout, retries=False, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        raise OSError(f"no answer ({type(error).__name__})") from error
    return int(reply.status), bytes(reply.data)


def machine_time() -> datetime:
    return datetime.now(UTC)
