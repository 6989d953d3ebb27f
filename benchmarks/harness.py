"""The ground all contestants stand on: settings, a clock that the bench moves, CPU time and log bytes of a call."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import boto3
import pytest
from sodate.runtime.app import App
from sodate.runtime.aws import AwsClients, BotoClients
from sodate.runtime.clock import Clock
from sodate.runtime.settings import Settings

from benchmarks import sample

Json = dict[str, Any]
TABLE = "sodate-bench"
SERVICE = "bench"
#: What Lambda itself writes per invocation: START, END and REPORT, as measured by others (performance.md §2).
PLATFORM_LOG_BYTES = 300
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": SERVICE,
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "SODATE_STAGE": "bench",
    "SODATE_TABLE": TABLE,
    "SODATE_BUS": "bus",
    "SODATE_ANNOUNCE_ROUTINE": "off",
    "SODATE_SEND_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/send",
    "SODATE_EVENTS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/events",
    "SODATE_DEAD_LETTER_URL": "https://sqs.us-east-1.amazonaws.com/1/dead",
    "SODATE_SIGNING_KEYS_SECRET": "signing",
    "SODATE_ADDRESS_KEY_SECRET": "address",
    "SODATE_WEBHOOK_SECRET": "webhook",
    "SODATE_CAPTCHA_SECRET": "captcha",
    "SODATE_PUBLIC_URL": sample.PUBLIC_URL,
    "SODATE_CONFIGURATION_SET": "bench",
}


class Harness:
    """`cpu` is user and system time of this process inside `timed` calls, in seconds."""

    def __init__(self, clients: AwsClients) -> None:
        self.now: datetime = sample.START
        self.app = App(Settings(SETTINGS), Clock(lambda: self.now, self.sleep), clients)
        self.cpu = 0.0
        self.invocations = 0
        self.log_bytes = 0

    def call(self, function: str, event: Json) -> Json:
        """Invoke a function of ours, measured."""
        return dict(self.timed(import_module(f"functions.{function}.handler").handle, self.app, event))

    def timed(self, function: Callable[..., Any], *arguments: Any) -> Any:
        begun = time.process_time()
        try:
            return function(*arguments)
        finally:
            self.cpu += time.process_time() - begun
            self.invocations += 1
            self.point_logs_here()

    def sleep(self, seconds: float) -> None:
        """Sleeping costs no CPU and here no time either."""
        self.now += timedelta(seconds=seconds)

    def write(self, text: str) -> int:
        """Stands in for standard output of the loggers."""
        self.log_bytes += len(text.encode())
        return len(text)

    def flush(self) -> None: ...

    def point_logs_here(self) -> None:
        """A logger made anew writes to the standard output of its time."""
        self.app.log.debug("the logger is made on first use")
        for handler in logging.getLogger(SERVICE).handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(self)


@contextmanager
def harness(url: str | None = None, clients: AwsClients | None = None) -> Iterator[Harness]:
    """`url`: where every SDK client goes. `clients`: used instead of SDK clients."""
    patch = pytest.MonkeyPatch()
    here = Harness(clients or BotoClients())
    for name, value in SETTINGS.items():
        patch.setenv(name, value)
    if url:
        patch.setenv("AWS_ENDPOINT_URL", url)
    patch.setattr(sys, "stdout", here)  # metrics are printed
    here.app.table.use()
    here.point_logs_here()
    try:
        yield here
    finally:
        patch.undo()
        boto3.DEFAULT_SESSION = None
