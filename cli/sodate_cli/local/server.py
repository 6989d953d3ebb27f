"""One process, one port, loopback only: SES, the mailbox, the control API and the webhook sink.

    python -m sodate_cli.local.server --port 8025 --state .local

What it needs to know of the deployed stage (topic, configuration set, webhook key) arrives by POST /control/stage and
is kept in the state folder, so that a restarted server is ready at once.
"""

import argparse
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from ses_simulator.inbox import Inbox
from ses_simulator.journal import Journal
from ses_simulator.message import counting_ids
from ses_simulator.publisher import Publish, Publisher
from ses_simulator.simulator import SesSimulator

from sodate_cli.local.clock import ShiftedClock
from sodate_cli.local.mailbox.actions import Actions
from sodate_cli.local.mailbox.control import ControlApi
from sodate_cli.local.mailbox.site import Site
from sodate_cli.local.ses_api import SesApi
from sodate_cli.local.sink import Sink
from sodate_cli.local.web import Request, Response, Route, Router, json_response, serve


class LocalServices:
    """Everything behind the port, wired once."""

    def __init__(self, state: Path) -> None:
        self._stage_file, self._identities_file = state / "stage.json", state / "identities.json"
        self._saved: tuple[str, ...] = ()
        clock = ShiftedClock(state / "clock.json")
        journal = Journal(state / "mail.jsonl")
        lock = Lock()
        self.simulator = SesSimulator(clock=clock, identities=(), configuration_sets=())
        recorded = journal.replay_into(self.simulator)
        # Ids continue where the journal ends, so that a restart does not issue one twice.
        self.simulator.ids = counting_ids(seed=recorded)
        self.simulator.observer = journal.record
        self.publisher = Publisher(self.simulator, lock)
        self.sink = Sink(clock)
        self.inbox = Inbox()
        self.actions = Actions(self.simulator, lock, post_form, self.publisher.wake, self.inbox)
        self.router = Router(
            [
                *SesApi(self.simulator, lock, self._changed).routes(),
                Route("POST", "/control/stage", self._learn),
                *ControlApi(self.actions, self.health).routes(),
                *self.sink.routes(),
                *Site(self.actions).routes(),
            ]
        )
        if self._stage_file.exists():
            self._apply(json.loads(self._stage_file.read_text()))
        if self._identities_file.exists():
            self._verify(json.loads(self._identities_file.read_text()))

    def health(self) -> Mapping[str, object]:
        return {
            "status": "ok",
            "messages": len(self.simulator.messages),
            "unpublished": self.publisher.unpublished,
            "publisher_error": self.publisher.last_error,
            "webhooks": len(self.sink.received),
            "ready": self.publisher.publish is not None,
        }

    def _learn(self, request: Request) -> Response:
        stage = request.json()
        self._apply(stage)
        self._stage_file.write_text(json.dumps(stage))
        return json_response(self.health())

    def _changed(self) -> None:
        """After each call of SES: an identity that was made outlives this process."""
        made = tuple(self.simulator.identities)
        if made != self._saved:
            self._identities_file.write_text(json.dumps(made))
            self._saved = made
        self.publisher.wake()

    def _verify(self, names: Iterable[str]) -> None:
        self.simulator.identities = tuple(dict.fromkeys([*self.simulator.identities, *names]))

    def _apply(self, stage: Mapping[str, Any]) -> None:
        self.simulator.configuration_sets = tuple(stage["configuration_sets"])
        self.sink.secret = stage.get("webhook_secret")
        self.publisher.publish = sns_publisher(stage)
        if "reply_bucket" in stage:
            self.inbox.domain, self.inbox.store = stage["reply_domain"], s3_store(stage)


def sns_publisher(stage: Mapping[str, Any]) -> Publish:
    """Publishes to the topic of the local stage; quick to give up, because the caller tries again."""
    client = _client("sns", stage)

    def publish(text: str) -> None:
        client.publish(TopicArn=stage["topic"], Message=text, Subject="Amazon SES Email Event Notification")

    return publish


def s3_store(stage: Mapping[str, Any]) -> Callable[[str, bytes], None]:
    """Puts received email into the bucket of the local stage, which then tells the queue."""
    client = _client("s3", stage)

    def store(key: str, content: bytes) -> None:
        try:
            client.put_object(Bucket=stage["reply_bucket"], Key=key, Body=content)
        except (BotoCoreError, ClientError) as error:
            raise OSError(f"the bucket for replies did not take the email: {type(error).__name__}") from error

    return store


def _client(service: str, stage: Mapping[str, Any]) -> Any:
    connect: Any = boto3.client
    return connect(
        service,
        endpoint_url=stage["aws"],
        region_name=stage["region"],
        aws_access_key_id=stage["credentials"]["access_key_id"],
        aws_secret_access_key=stage["credentials"]["secret_access_key"],
        config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}),
    )


def post_form(url: str, body: str) -> int:
    """One POST without cookies and without following redirects, as RFC 8058 asks of a mail program."""
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.netloc, timeout=30)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {"Content-Type": "application/x-www-form-urlencoded"})
        return connection.getresponse().status
    finally:
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    services = LocalServices(arguments.state)
    services.publisher.start()
    server = serve(services.router, arguments.port)
    print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
