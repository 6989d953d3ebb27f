"""`sodate dlq show|redrive|drop` as a person types them."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from sodate_cli.dlq import app
from typer.testing import CliRunner

from tests.fakes.dead_letters import DeadLetterQueue, Functions

OUTPUTS = {
    "DlqSendUrl": "https://sqs/sodate-dev-send-dlq",
    "DlqAlarmMailUrl": "https://sqs/sodate-dev-alarm-mail-dlq",
    "FunctionEmailSender": "arn:aws:lambda:r:1:function:sodate-dev-email-sender:live",
    "TableName": "sodate-dev",
}


class Sqs(DeadLetterQueue):
    """The queue before the dead letters exists."""

    def get_queue_url(self, QueueName: str) -> dict[str, Any]:
        return {"QueueUrl": f"https://sqs/{QueueName}"}


class CloudFormation:
    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in OUTPUTS.items()]}]}


class NoTable:
    """The bad day on which dead letters are read: the table, which knows the time zone, does not answer."""

    def __getattr__(self, _: str) -> Any:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Sqs:
    queue = Sqs()

    def send(_: str, event: Any) -> Any:
        record = event["Records"][0]
        if "poison" in record["body"]:
            why = {"itemIdentifier": record["messageId"], "reason": "Invalid: the send message is not JSON"}
            return {"batchItemFailures": [why]}
        return {"batchItemFailures": []}

    made = {"sqs": queue, "lambda": Functions(send), "cloudformation": CloudFormation(), "dynamodb": NoTable()}
    monkeypatch.setattr(boto3, "client", lambda service, **_: made.get(service))
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.setenv(name, "ap-northeast-1")
    return queue


def run(*command: str, answer: str = "") -> Any:
    return CliRunner().invoke(app, [*command, "--stage", "dev"], input=answer)


def test_redrive_says_what_is_done_and_what_stays_with_its_reason(sqs: Sqs) -> None:
    sqs.put("good")
    poison = sqs.put("poison", "the send message is not JSON")
    shown = run("redrive", "Send", "--json")
    report = json.loads(shown.stdout)
    assert (shown.exit_code, report["moved"], report["left"]) == (1, 1, 1)
    assert report["reasons"] == {poison: "Invalid: the send message is not JSON"}
    assert (list(sqs.bodies), sqs.hidden) == ([poison], set())
    again = run("redrive", "Send")
    assert (again.exit_code, list(sqs.bodies)) == (1, [poison])
    assert "0 done, 1 left where they are" in again.stderr


def test_a_redrive_that_leaves_nothing_ends_well(sqs: Sqs) -> None:
    sqs.put("good")
    assert run("redrive", "Send").exit_code == 0
    assert sqs.bodies == {}


def test_show_has_the_whole_message_and_hides_it_from_nobody(sqs: Sqs) -> None:
    name = sqs.put("x" * 900, "why it failed")
    sqs.put("another")
    (shown,) = json.loads(run("show", "Send", "--message", name, "--json").stdout)
    assert (shown["body"], shown["reason"], shown["received"]) == ("x" * 900, "why it failed", 1)
    assert sqs.hidden == set()
    assert "why it failed" in run("show", "Send").stdout


def test_drop_asks_keeps_a_copy_that_only_its_owner_can_read_and_deletes_only_what_was_named(
    sqs: Sqs, tmp_path: Path
) -> None:
    poison, other = sqs.put("poison", "why"), sqs.put("good")
    copy = tmp_path / "copy.jsonl"
    command = ("drop", "Send", "--message", poison, "--copy", str(copy))
    assert run(*command, answer="n\n").exit_code == 1
    assert (list(sqs.bodies), sqs.hidden, copy.exists()) == ([poison, other], set(), False)
    assert run(*command, answer="y\n").exit_code == 0
    assert (list(sqs.bodies), sqs.hidden) == ([other], set())
    assert copy.stat().st_mode & 0o777 == 0o600
    assert json.loads(copy.read_text())["body"] == "poison"


def test_drop_never_writes_over_a_file_and_then_deletes_nothing(sqs: Sqs, tmp_path: Path) -> None:
    sqs.put("poison")
    copy = tmp_path / "copy.jsonl"
    copy.write_text("mine")
    shown = run("drop", "Send", "--yes", "--copy", str(copy))
    assert (shown.exit_code, copy.read_text(), len(sqs.bodies)) == (1, "mine", 1)
    assert "nothing was dropped" in shown.stderr


def test_an_edge_of_which_nothing_of_ours_is_the_reader_is_named(sqs: Sqs) -> None:
    assert "dlq show AlarmMail" in run("redrive", "AlarmMail").stderr
    assert "there are AlarmMail, Send" in run("redrive", "Nothing").stderr
