"""The same cloud in this process, for figures on a virtual clock: no HTTP, and the bench decides when SES answers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sodate.dynamodb.table import Table
from sodate.runtime import container

from benchmarks.endpoints import Cloud
from benchmarks.harness import TABLE, Harness, Json, harness
from benchmarks.table import Schema


class Client:
    """Answers like a boto3 client, and like the caller below PynamoDB."""

    def __init__(self, cloud: Cloud, service: str) -> None:
        self._cloud, self._service = cloud, service

    def call(self, operation: str, request: Json) -> Json:
        return self._cloud.act(self._service, operation, request)

    def __getattr__(self, name: str) -> Callable[..., Json]:
        operation = "".join(part.capitalize() for part in name.split("_"))
        return lambda **request: self.call(operation, request)


class InProcess:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def ask(self, name: str, *arguments: Any) -> Any:
        return getattr(self.cloud, name)(*arguments)


@contextmanager
def inside(schemas: Mapping[str, Schema]) -> Iterator[tuple[Harness, InProcess]]:
    cloud = Cloud(schemas)
    table = Table(TABLE, Client(cloud, "dynamodb"))
    with harness() as here:
        patch = pytest.MonkeyPatch()
        patch.setattr(container, "table", lambda: table)
        table.use()
        patch.setattr(container, "client", lambda service: Client(cloud, service))
        patch.setattr(container, "ses_client", lambda: Client(cloud, "sesv2"))
        cloud.tables.meter.keep_rates(lambda: int(here.now.timestamp()))
        try:
            yield here, InProcess(cloud)
        finally:
            patch.undo()
