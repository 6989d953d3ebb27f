"""`sodate doctor` looks for things by their names: on every stage, the template must make them under those names."""

import json
import re
from pathlib import Path
from typing import Any

from sodate_cli.doctor.policy import service_may
from sodate_cli.doctor.schedules import QUEUE_READERS, SCHEDULED, STREAM_READERS

from infra.catalog import FUNCTIONS, functions_of

DOCTOR = Path(__file__).parents[2] / "cli" / "sodate_cli" / "doctor"
ACCOUNT = "123456789012"


def test_every_output_that_doctor_reads_is_there(stack: Any) -> None:
    read = {
        name for path in DOCTOR.glob("*.py") for name in re.findall(r"""output\(["'](\w+)["']\)""", path.read_text())
    }
    assert len(read) >= 6
    replies = {name for name in read if name.startswith("Reply")}
    assert replies, "of a stage with a reply domain: tests/infra/test_reply_stack.py"
    wanted = (read - replies) | {f"Function{spec.id}" for spec in FUNCTIONS}
    assert wanted <= set(stack.outputs)
    dead_letters = [name for name in stack.outputs if name.startswith("Dlq") and name.endswith("Url")]
    assert len(dead_letters) == sum(
        queue["QueueName"].endswith("-dlq") for queue in stack.all("AWS::SQS::Queue").values()
    )


def test_rules_queues_secrets_and_logs_have_the_names_that_doctor_looks_for(stack: Any) -> None:
    prefix = f"sodate-{stack.name}"

    def names(kind: str, member: str) -> set[str]:
        return {str(properties[member]) for properties in stack.all(kind).values()}

    dashed = {spec.name: spec.dashed for spec in functions_of(replies=stack.receives)}
    assert names("AWS::Events::Rule", "Name") == {f"{prefix}-{dashed[name]}" for name in (*SCHEDULED, "sales_handoff")}
    queues = names("AWS::SQS::Queue", "QueueName")
    assert {name for name in queues if not name.endswith("-dlq")} == {f"{prefix}-{q}" for q in _readers(stack).values()}
    assert names("AWS::SecretsManager::Secret", "Name") == {
        f"{prefix}/{name}" for name in ("signing-keys", "address-key", "webhook", "captcha")
    }
    logs = {f"/aws/lambda/{prefix}-{name}" for name in dashed.values()} | {f"/aws/apigateway/{prefix}"}
    assert logs <= names("AWS::Logs::LogGroup", "LogGroupName")
    assert all(name.startswith(f"{prefix}-") for name in names("AWS::CloudWatch::Alarm", "AlarmName"))


def test_every_mapping_is_one_that_doctor_asks_for(stack: Any) -> None:
    readers = {
        stack.function_behind(mapping["FunctionName"])["FunctionName"].removeprefix(f"sodate-{stack.name}-")
        for mapping in stack.all("AWS::Lambda::EventSourceMapping").values()
    }
    assert readers == {name.replace("_", "-") for name in (*_readers(stack), *STREAM_READERS)}


def _readers(stack: Any) -> dict[str, str]:
    return {**QUEUE_READERS, **({"inbound_email": "inbound-email"} if stack.receives else {})}


def test_the_policy_of_the_topic_of_mail_events_satisfies_doctor(aws_stack: Any) -> None:
    policies = [
        json.dumps(policy["PolicyDocument"]).replace('{"Ref": "AWS::AccountId"}', f'"{ACCOUNT}"')
        for policy in aws_stack.all("AWS::SNS::TopicPolicy").values()
    ]
    flat = [
        re.sub(r'"[aA][wW][sS]:SourceArn": \{.*?\]\]\}', f'"aws:SourceArn": "arn:aws:ses:x:{ACCOUNT}:y"', p)
        for p in policies
    ]
    assert any(service_may(policy, "ses", "sns:Publish", ACCOUNT) for policy in flat)
