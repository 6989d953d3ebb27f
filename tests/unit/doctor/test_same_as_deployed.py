"""What doctor expects is written once more, without the CDK; here the two are compared."""

import json
from pathlib import Path

import pytest
from sodate_cli.doctor import email, schedules, secrets, stack
from sodate_cli.doctor.policy import service_may
from sodate_cli.doctor.runner import CHECKS

from infra.catalog import EVERY_FUNCTION
from infra.components import email as deployed_email
from infra.components import layers, rotation
from infra.components import secrets as deployed_secrets

DOCS = Path(__file__).parents[3] / "docs" / "doctor.md"


def test_the_event_types_are_those_of_the_configuration_set() -> None:
    assert {event.name for event in deployed_email.EVENTS} == set(email.EVENT_TYPES)


def test_the_rotation_interval_the_runtime_and_the_settings_are_those_deployed() -> None:
    assert secrets.ROTATED_EVERY_DAYS == rotation.EVERY_DAYS
    assert layers.RUNTIME.name == stack.RUNTIME
    assert deployed_secrets.setting_of("address-key") == "SODATE_ADDRESS_KEY_SECRET"


def test_every_function_that_runs_by_itself_is_watched() -> None:
    names = {spec.name for spec in EVERY_FUNCTION}
    watched = {*schedules.SCHEDULED, *schedules.QUEUE_READERS, *schedules.REPLY_READERS, *schedules.STREAM_READERS}
    others = {"form_capture", "consent_pages", "privacy_pages", "sales_feedback", "sales_handoff"}
    others |= {"signing_key_rotation", "web_events", "activities_api"}
    assert names == watched | others


def test_names_are_unique_and_each_check_is_on_the_page() -> None:
    names = [check.name for check in CHECKS]
    assert len(names) == len(set(names))
    page = DOCS.read_text()
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| `")]
    assert rows == [f"`{name}`" for name in names]


ACCOUNT = "123456789012"
PUBLISH = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish"}
DEFAULT = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["SNS:Publish", "SNS:Receive"]}
TLS = {"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


@pytest.mark.parametrize(
    ("statements", "may"),
    [
        ([], False),
        ([TLS], False),
        ([PUBLISH, TLS], True),
        ([{**PUBLISH, "Action": ["sns:*"]}], True),
        ([{**PUBLISH, "Action": "sns:Subscribe"}], False),
        ([{**PUBLISH, "Principal": {"Service": ["ses.amazonaws.com"]}}], False),
        ([{**DEFAULT, "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}}], True),
        ([{**PUBLISH, "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}}], True),
        ([{**PUBLISH, "Condition": {"StringEquals": {"AWS:SourceAccount": ["999999999999"]}}}], False),
        ([{**PUBLISH, "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:*"}}}], True),
        (
            [{**PUBLISH, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:*:999999999999:alarm:*"}}}],
            False,
        ),
        ([PUBLISH, {**PUBLISH, "Effect": "Deny"}], False),
    ],
)
def test_a_resource_policy_is_read_as_aws_reads_it(statements: list[dict[str, object]], may: bool) -> None:
    policy = json.dumps({"Statement": statements})
    assert service_may(policy, "cloudwatch", "sns:Publish", ACCOUNT) is may
    assert service_may(None, "cloudwatch", "sns:Publish", ACCOUNT) is False
