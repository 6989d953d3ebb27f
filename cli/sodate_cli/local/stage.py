"""What makes a deployed stack a stage to use: our server taught, a playbook published, functions warm."""

import getpass
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sodate.messages import Message

from sodate_cli.local import deploy, services
from sodate_cli.local.folder import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, STAGE, LocalFolder
from sodate_cli.local.process import Child

if TYPE_CHECKING:
    from sodate.authoring.check import Checked

_HEALTHY_WITHIN = 60.0


class NotRunning(RuntimeError):
    """The local cloud, or a part of it, is not there."""


def teach(server: Child, endpoints: Mapping[str, Any]) -> None:
    """Tell our server about the stage: whom to publish to, whom to believe."""
    secrets = deploy.client("secretsmanager", endpoints["aws"])
    webhook = deploy.secret_of(secrets, f"sodate-{STAGE}/webhook")
    stage = {
        "aws": endpoints["aws"],
        "region": REGION,
        "credentials": {"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY},
        "topic": endpoints["topic"],
        "configuration_sets": [endpoints["configuration_set"]],
        "webhook_secret": webhook.get("key"),
        "reply_domain": endpoints["reply_domain"],
        "reply_bucket": endpoints["reply_bucket"],
    }
    status, body = services.call(server.port, "POST", "/control/stage", stage)
    if status != 200:
        raise NotRunning(Message("the mailbox refused the stage: {answer}", answer=body.decode()))


def check_playbook(playbook: Path, server: Child) -> "Checked":
    """The playbook as the local stage needs it: sales hears of hot leads at our sink. Raises PlaybookInvalid."""
    from sodate.authoring.check import check
    from sodate.playbook.problem import PlaybookInvalid

    checked = check(playbook, {"sales.webhook.url": f"{base_of(server)}/sink/sales"})
    if not checked.ok:
        raise PlaybookInvalid(checked.problems)
    return checked


def publish_playbook(folder: LocalFolder, checked: "Checked", endpoints: dict[str, Any]) -> None:
    """Publish it to the table of the stage that is being started."""
    import boto3
    from sodate.authoring.apply import publish
    from sodate.authoring.sender_identity import create_identities, sender_of

    from sodate_cli.target import connect

    # Not endpoints.json: that file means "ready", and it is not yet.
    unfinished = folder.root / "unfinished.json"
    unfinished.write_text(json.dumps(endpoints))
    connect(STAGE, endpoints_file=unfinished)
    if (mailing := sender_of(checked)) is not None:
        create_identities(boto3.client("sesv2", endpoint_url=endpoints["mailbox"]), mailing)
    publish(checked, now=datetime.now(UTC), applied_by=getpass.getuser())


def warm(endpoints: Mapping[str, Any]) -> None:
    """Start one worker of each queue and stream function now, so that the first lead does not wait for them."""
    functions = deploy.client("lambda", endpoints["aws"])
    for name in ("EmailEvents", "Scoring", "EventPublisher", "EmailSender", "InboundEmail"):
        functions.invoke(FunctionName=endpoints["functions"][name], InvocationType="Event", Payload=b'{"Records":[]}')


def wait_for_api(api: str, ministack: Child) -> None:
    """Any answer of our own code will do; 502 is MiniStack saying that the function does not start."""
    path = "/" + api.split("/", 3)[3] + "/forms/none"
    deadline = time.monotonic() + _HEALTHY_WITHIN
    last: tuple[int, bytes] = (0, b"")
    while time.monotonic() < deadline and ministack.alive:
        with suppress(OSError):
            last = services.get(ministack.port, path, timeout=30)
            if 200 <= last[0] < 500:
                return
        time.sleep(0.2)
    raise NotRunning(
        Message(
            "the API does not answer: {status} {answer}", status=last[0], answer=last[1].decode(errors="replace")[:400]
        )
    )


def endpoints_of(aws: str, server: Child, outputs: Mapping[str, str], folder: LocalFolder) -> dict[str, Any]:
    """What other programs read; DESIGN §8 names the first six."""
    base = base_of(server)
    return {
        "api": outputs["ApiUrl"],
        "mailbox": base,
        "aws": aws,
        "region": REGION,
        "table": outputs["TableName"],
        "bus": outputs["BusName"],
        "sink": f"{base}/sink",
        "control": f"{base}/control",
        "access_key_id": ACCESS_KEY_ID,
        "secret_access_key": SECRET_ACCESS_KEY,
        "clock_file": str(folder.clock_file),
        "send_queue": outputs["SendQueueUrl"],
        "topic": outputs["EventsTopicArn"],
        "configuration_set": outputs["ConfigurationSet"],
        "reply_domain": outputs["ReplyDomain"],
        "reply_bucket": outputs["ReplyBucket"],
        "functions": _with_prefix(outputs, "Function"),
        "dead_letters": {name.removesuffix("Url"): url for name, url in _with_prefix(outputs, "Dlq").items()},
    }


def base_of(server: Child) -> str:
    return f"http://localhost:{server.port}"


def _with_prefix(outputs: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in outputs.items() if name.startswith(prefix)}
