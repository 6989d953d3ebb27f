"""The AWS clients of a process. Each is built on first use: a function pays for no client that it does not call."""

import os
from typing import Any, Protocol

from sodate.dynamodb.client import Client
from sodate.dynamodb.lean_client import LeanClient


class AwsClients(Protocol):
    """What an `App` calls AWS with; tests, simulation and benchmarks give their own."""

    def client(self, service: str) -> Any:
        """A client with the interface of `boto3.client(service)`."""

    def ses(self) -> Any:
        """A client of SES v2 that makes one attempt per call."""

    def dynamodb(self) -> Client:
        """The client below the table gateway."""


class BotoClients:
    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}
        self._ses: Any = None

    def client(self, service: str) -> Any:
        if service not in self._clients:
            import boto3

            self._clients[service] = boto3.client(service)  # type: ignore[call-overload]
        return self._clients[service]

    def ses(self) -> Any:
        """One attempt per call: SES has no idempotency token, so the SDK must never repeat a send."""
        if self._ses is None:
            import boto3
            from botocore.config import Config

            retries: Any = {"total_max_attempts": 1}
            # SES validates too; validating 50 emails here would take a tenth of their CPU time.
            config = Config(retries=retries, read_timeout=30, connect_timeout=5, parameter_validation=False)
            self._ses = boto3.client("sesv2", config=config)
        return self._ses

    def dynamodb(self) -> Client:
        import boto3

        session = boto3.Session()
        endpoint = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or os.environ.get("AWS_ENDPOINT_URL")
        region = str(session.region_name)
        url = endpoint or f"https://dynamodb.{region}.amazonaws.com"
        return LeanClient(url, region, session.get_credentials)
