"""The composition root: what the functions of one process share.

`lambda_app` builds it from the environment of a Lambda function. Tests, simulation and benchmarks build their own with
other clients, another clock and other settings, and pass it to the same handlers.
"""

import json
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from ulid import ULID

from sodate.dynamodb.table import Table
from sodate.email.delivery.dispatcher import DispatcherCache
from sodate.kpis.count import PlannedRounds
from sodate.playbook.store import Definitions, DefinitionUnreadable
from sodate.runtime.aws import AwsClients, BotoClients
from sodate.runtime.clock import Clock
from sodate.runtime.metrics import BusinessMetrics, Metric
from sodate.runtime.queues import Queues
from sodate.runtime.readers import must_read
from sodate.runtime.secret_cache import SecretCache
from sodate.runtime.secrets import Secrets
from sodate.runtime.settings import Settings
from sodate.sales.webhook import Post, deliver
from sodate.tracking.limits import AddressWindow
from sodate.tracking.script import Script


class App:
    """Each part is built on first use. An attribute may be replaced before that (tests do)."""

    def __init__(self, settings: Settings, clock: Clock, aws: AwsClients) -> None:
        self.settings = settings
        self.clock = clock
        self.aws = aws
        self.dispatcher_cache = DispatcherCache()
        self.addresses, self.beacon = AddressWindow(), Script()
        self.planned_rounds = PlannedRounds()
        self.post_json = post_json
        self.deliver_webhook: Callable[[Post], int] = lambda post: deliver(post, allow_private=settings.is_local)

    @cached_property
    def table(self) -> Table:
        return Table(self.settings.table, self.aws.dynamodb())

    @cached_property
    def definitions(self) -> Definitions:
        return Definitions(reads=must_read, on_unreadable=self.report_unreadable)

    @cached_property
    def secrets(self) -> Secrets:
        def read(name: str) -> str:
            return str(self.aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])

        return Secrets(self.settings, SecretCache(read, self.clock.wall_seconds), self.clock.now)

    @cached_property
    def queues(self) -> Queues:
        return Queues(self.settings, lambda: self.aws.client("sqs"))

    @cached_property
    def log(self) -> Logger:
        """One structured log line per invocation, never per email, never with personal data or a token."""
        return Logger(service=self.settings.service, log_uncaught_exceptions=False, use_rfc3339=True, utc=True)

    @cached_property
    def metrics(self) -> BusinessMetrics:
        return BusinessMetrics(self.settings.service, self.settings.stage)

    def new_id(self) -> str:
        return str(ULID.from_datetime(self.clock.now()))

    def ask_ses(self) -> Mapping[str, Any] | None:
        """SES's GetAccount; None when SES does not answer: the caller then uses the stored values."""
        try:
            return dict(self.aws.ses().get_account())
        except (BotoCoreError, ClientError) as error:
            self.log.warning("SES cannot be asked for its limits", extra={"why": type(error).__name__})
            return None

    def report_unreadable(self, error: DefinitionUnreadable) -> None:
        why = {"why": str(error)}
        self.log.error("a live definition cannot be read; the last good version goes on", extra=why)
        self.metrics.count(Metric.DEFINITION_UNREADABLE, 1)


def lambda_app() -> App:
    return App(Settings(os.environ), Clock(), BotoClients())


def on_lambda(handle: Callable[[App, Any], Any], *, uses_table: bool = True) -> Callable[[Any, object], Any]:
    """Lambda's entry point of a function. The first invocation builds the `App`, which lives as long as the process.

    `uses_table`: False for a function that has no access to the table.
    """
    apps: list[App] = []

    def handler(event: Any, _: object) -> Any:
        if not apps:
            apps.append(lambda_app())
        if uses_table:
            apps[0].table.use()
        return handle(apps[0], event)

    return handler


def post_json(url: str, payload: dict[str, Any]) -> dict[str, Any]:
    """POST JSON and return the JSON of the answer.

    Raises: `OSError` without an answer, `ValueError` for one that is not JSON.
    """
    import urllib3

    try:
        reply = urllib3.PoolManager().request("POST", url, json=payload, timeout=5, retries=False, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        raise OSError(f"no answer: {type(error).__name__}") from error
    return dict(json.loads(reply.data))
