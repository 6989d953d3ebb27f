"""No error of AWS ends a report: it becomes a row that says what to do, and other rows do not repeat its cause."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from moto import mock_aws
from sodate_cli.doctor.commands import is_sick, report
from sodate_cli.doctor.finding import Finding, Verdict
from sodate_cli.doctor.runner import CHECKS, examine
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.fakes.aws_answers import Json, Refused
from tests.support.sound_deployment import REGION, TABLE, SoundDeployment


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[SoundDeployment]:
    with mock_aws():
        yield SoundDeployment(tmp_path)


def raises(error: Exception) -> Any:
    def answer(_: Json) -> Json:
        raise error

    return answer


def row(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "no AWS credentials"),
        (Refused("ExpiredToken", status=403), "does not accept these credentials"),
        (EndpointConnectionError(endpoint_url="https://sts"), "no answer"),
        (ReadTimeoutError(endpoint_url="https://sts"), "no answer"),
    ],
)
def test_without_aws_one_row_says_why_and_nothing_else_is_asked(
    error: Exception, words: str, sound: SoundDeployment
) -> None:
    sound.answer("sts", "GetCallerIdentity", raises(error))
    findings = examine(sound.deployment())
    assert [f.name for f in findings if f.verdict is Verdict.FAILED] == ["caller"]
    assert words in findings[0].detail and findings[0].what_to_do
    assert {service for service, _ in sound.aws.calls} == {"sts"}


def test_another_region_than_the_stage_s_is_told_before_anything_is_missing_there(sound: SoundDeployment) -> None:
    deployment = sound.deployment()
    deployment.expected = replace(deployment.expected, region="us-east-1")
    findings = examine(deployment)
    assert [f.name for f in findings if f.verdict is Verdict.FAILED] == ["caller"]
    assert "us-east-1" in findings[0].detail


def test_a_stage_that_was_never_deployed_fails_once(sound: SoundDeployment) -> None:
    missing = Refused("ValidationError", "Stack with id Sodate-prod does not exist")
    sound.answer("cloudformation", "DescribeStacks", raises(missing))
    findings = examine(sound.deployment())
    stack = row(findings, "stack")
    assert stack.verdict is Verdict.FAILED and "no stack" in stack.detail and "make deploy" in stack.what_to_do
    assert row(findings, "functions").verdict is Verdict.NOT_CHECKABLE
    assert "see `stack`" in row(findings, "dead-letters").detail


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (Refused("AccessDeniedException", status=403), "may not call ListRules"),
        (Refused("ThrottlingException", status=400), "too busy"),
        (Refused("InternalFailure", status=500), "too busy"),
        (Refused("ResourceNotFoundException", "no bus", status=400), "no bus"),
    ],
)
def test_what_could_not_be_seen_is_never_green(refused: Refused, words: str, sound: SoundDeployment) -> None:
    sound.answer("events", "ListRules", raises(refused))
    found = row(examine(sound.deployment(), only=["schedules"]), "schedules")
    assert found.verdict is Verdict.FAILED
    assert words in found.detail and found.what_to_do


def test_an_answer_without_what_aws_documents_is_a_finding(sound: SoundDeployment) -> None:
    sound.answer("sesv2", "GetAccount", lambda _: {"SendingEnabled": True})
    found = row(examine(sound.deployment(), only=["ses-quota"]), "ses-quota")
    assert found.verdict is Verdict.FAILED and "SendQuota" in found.detail


def test_only_what_is_named_is_examined_after_the_caller(sound: SoundDeployment) -> None:
    assert [f.name for f in examine(sound.deployment(), only=["table", "sending"])] == ["caller", "sending", "table"]


def test_nothing_is_sent_or_rung_unasked(sound: SoundDeployment) -> None:
    findings = examine(sound.deployment())
    assert [f.name for f in findings if f.verdict is Verdict.NOT_CHECKABLE] == ["alarm-delivery", "round-trip"]
    verbs = {operation for _, operation in sound.aws.calls}
    assert all(verb.startswith(("Get", "List", "Describe", "Simulate")) for verb in verbs), verbs


def test_a_rung_alarm_is_put_back_whatever_happens(sound: SoundDeployment) -> None:
    states = []

    def ring(request: Json) -> Json:
        states.append(request["StateValue"])
        return {}

    sound.answer("cloudwatch", "SetAlarmState", ring)
    sound.moved = [lambda: (_ for _ in ()).throw(TimeoutError("the network went away"))]
    found = row(examine(sound.deployment(), only=["alarm-delivery"], asked=["--ring"]), "alarm-delivery")
    assert found.verdict is Verdict.FAILED
    assert states == ["ALARM", "OK"]


def test_the_local_cloud_says_what_it_cannot_show_and_does_not_fail_for_it(sound: SoundDeployment) -> None:
    deployment = sound.deployment()
    deployment.target = Target("local", TABLE, REGION, endpoint="http://127.0.0.1:4566", endpoints={})
    findings = examine(deployment, only=[check.name for check in CHECKS if check.needs_aws])
    assert {f.verdict for f in findings[1:]} == {Verdict.NOT_CHECKABLE}
    assert all(f.detail for f in findings)
    assert not is_sick(findings)


def test_what_the_local_cloud_does_not_offer_is_no_failure_there(sound: SoundDeployment) -> None:
    deployment = sound.deployment()
    deployment.target = Target("local", TABLE, REGION, endpoint="http://127.0.0.1:4566", endpoints={})
    sound.answer("sesv2", "GetAccount", raises(Refused("404", status=404)))
    found = row(examine(deployment, only=["ses-account"]), "ses-account")
    assert found.verdict is Verdict.NOT_CHECKABLE and "GetAccount" in found.detail


def test_the_report_for_programs(sound: SoundDeployment) -> None:
    sound.account["SendingEnabled"] = False
    document = json.loads(json.dumps(report(examine(sound.deployment(), only=["ses-account"]))))
    assert document["sound"] is False
    assert document["counts"] == {"ok": 1, "warning": 0, "failed": 1, "not_checkable": 0}
    found = document["findings"][1]
    assert set(found) == {"name", "verdict", "detail", "what_to_do"}
    assert (found["name"], found["verdict"]) == ("ses-account", "failed")
    assert "sending is disabled" in found["detail"]


def test_no_row_shows_a_secret_or_an_address(sound: SoundDeployment) -> None:
    text = json.dumps(report(examine(sound.deployment(), asked=["--ring"])))
    assert not any(value in text for value in ("a-key", "an-address-key", "a-webhook-key", "ops@norte.test"))


def test_the_command_ends_with_one_and_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    ended = CliRunner().invoke(app, ["doctor", "--stage", "dev"])
    assert ended.exit_code == 1 and isinstance(ended.exception, SystemExit)
    assert "no AWS credentials" in ended.stdout and "FAILED" in ended.stdout
    ended = CliRunner().invoke(app, ["doctor", "--stage", "dev", "--json"])
    assert ended.exit_code == 1
    assert json.loads(ended.stdout)["sound"] is False


def test_a_wrong_name_is_a_usage_error_that_lists_the_right_ones() -> None:
    ended = CliRunner().invoke(app, ["doctor", "--stage", "dev", "--only", "nonsense"])
    assert ended.exit_code == 2
    assert "dead-letters" in ended.stderr
