"""The same cloud in this process, for figures on a virtual clock: no HTTP, and the bench decides when SES answers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.endpoints import Cloud
from benchmarks.harness import Harness, Json, harness
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


@dataclass(frozen=True)
class CloudClients:
    cloud: Cloud

    def client(self, service: str) -> Client:
        return Client(self.cloud, service)

    def ses(self) -> Client:
        return Client(self.cloud, "sesv2")

    def dynamodb(self) -> Client:
        return Client(self.cloud, "dynamodb")


@contextmanager
def inside(schemas: Mapping[str, Schema]) -> Iterator[tuple[Harness, InProcess]]:
    cloud = Cloud(schemas)
    with harness(clients=CloudClients(cloud)) as here:
        cloud.tables.meter.keep_rates(lambda: int(here.now.timestamp()))
        yield here, InProcess(cloud)
