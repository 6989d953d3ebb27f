"""The composition root: builds what a function needs, on first use, once per process. Nothing happens at import."""

import json
import os
import secrets as random
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ulid import ULID

from sodate.consent.links import Links
from sodate.dynamodb.lean_client import LeanClient
from sodate.dynamodb.table import Table
from sodate.email.delivery.dispatcher import DispatcherCache
from sodate.errors import Transient
from sodate.forms.captcha import Turnstile
from sodate.leads.address import address_key
from sodate.playbook.store import Definitions
from sodate.runtime import clock
from sodate.runtime.logs import logger
from sodate.runtime.readers import must_read, report_unreadable
from sodate.runtime.secret_cache import SecretCache
from sodate.runtime.settings import setting
from sodate.runtime.settings import stage as stage
from sodate.sales.links import FeedbackLinks
from sodate.signing import Signer, in_signing_order


@cache
def table() -> Table:
    import boto3

    session = boto3.Session()
    endpoint = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or os.environ.get("AWS_ENDPOINT_URL")
    region = str(session.region_name)
    url = endpoint or f"https://dynamodb.{region}.amazonaws.com"
    return Table(setting("SODATE_TABLE"), LeanClient(url, region, session.get_credentials))


@cache
def definitions() -> Definitions:
    return Definitions(reads=must_read, on_unreadable=report_unreadable)


def bind_table() -> None:
    table().use()


@cache
def dispatcher_cache() -> DispatcherCache:
    return DispatcherCache()


def ask_ses() -> Mapping[str, Any] | None:
    """SES's GetAccount; None when SES does not answer: the caller then uses the stored values."""
    try:
        return dict(ses_client().get_account())
    except (BotoCoreError, ClientError) as error:
        logger().warning("SES cannot be asked for its limits", extra={"why": type(error).__name__})
        return None


def signer() -> Signer:
    """Reads the secret again every five minutes. A new key verifies at once and signs a day later.

    Raises: `Transient` while the secret contains no keys.
    """
    entries = _secret("SODATE_SIGNING_KEYS_SECRET")["keys"]
    if not entries:
        _secrets.forget(setting("SODATE_SIGNING_KEYS_SECRET"))
        raise Transient("the signing keys are being made; this takes a minute after the first deploy")
    return Signer(in_signing_order(entries, clock.now()))


def address_secret() -> bytes:
    return str(_secret("SODATE_ADDRESS_KEY_SECRET")["key"]).encode()


def key_of_address(match: str) -> str:
    return address_key(match, address_secret())


def webhook_secret() -> str:
    """`key`, and during a key change also `previous`, separated by a space: `sales.webhook.keys_of` parses it."""
    secret = _secret("SODATE_WEBHOOK_SECRET")
    return f"{secret['key']} {secret.get('previous', '')}".strip()


def links() -> Links:
    return Links(setting("SODATE_PUBLIC_URL"), signer())


def feedback_links() -> FeedbackLinks:
    return FeedbackLinks(setting("SODATE_PUBLIC_URL"), signer())


def captcha() -> Turnstile:
    return Turnstile(lambda: _secret("SODATE_CAPTCHA_SECRET").get("secret"), _post_json)


def new_id() -> str:
    return str(ULID.from_datetime(clock.now()))


def pause(attempt: int) -> None:
    """Sleep with full jitter, at most 0.5 s, so that many concurrent posts of one address do not conflict again."""
    time.sleep(random.randbelow(1000) / 1000 * min(0.02 * 2**attempt, 0.5))


def enqueue(messages: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
    """Put messages on the send queue.

    Raises: `Transient` when SQS did not accept all of them.
    """
    put_on_queue(setting("SODATE_SEND_QUEUE_URL"), messages, delay_seconds)


def put_on_queue(queue: str, messages: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
    """Put messages on a queue, ten per call.

    Raises: `Transient` when SQS did not accept all of them.
    """
    for start in range(0, len(messages), 10):
        entries = [
            {"Id": str(index), "MessageBody": json.dumps(message), "DelaySeconds": delay_seconds}
            for index, message in enumerate(messages[start : start + 10])
        ]
        reply = client("sqs").send_message_batch(QueueUrl=queue, Entries=entries)
        if reply.get("Failed"):
            raise Transient(f"the queue {queue.rsplit('/', 1)[-1]} rejected {len(reply['Failed'])} messages")


def has_event_letters() -> bool:
    """True when the dead-letter queue of `email_events` contains SES events."""
    queue, name = setting("SODATE_EVENT_DEAD_LETTER_URL"), "ApproximateNumberOfMessages"
    reply = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    return int(reply["Attributes"][name]) > 0


@cache
def client(service: str) -> Any:
    import boto3

    return boto3.client(service)  # type: ignore[call-overload]


@cache
def ses_client() -> Any:
    """One attempt per call: SES has no idempotency token, so the SDK must never repeat a send."""
    import boto3
    from botocore.config import Config

    retries: Any = {"total_max_attempts": 1}
    # SES validates too; validating 50 emails here would take a tenth of their CPU time.
    config = Config(retries=retries, read_timeout=30, connect_timeout=5, parameter_validation=False)
    return boto3.client("sesv2", config=config)


def _secret(variable: str) -> dict[str, Any]:
    return _secrets.get(setting(variable))


def _read_secret(name: str) -> str:
    return str(client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


_secrets = SecretCache(_read_secret)


def _post_json(url: str, payload: dict[str, Any]) -> dict[str, Any]:
    import urllib3

    try:
        reply = urllib3.PoolManager().request("POST", url, json=payload, timeout=5, retries=False, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        raise OSError(f"no answer: {type(error).__name__}") from error
    return dict(json.loads(reply.data))
