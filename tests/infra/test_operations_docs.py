"""The pages on operations say what the template has: costs, alarms, services, settings."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from infra.catalog import FUNCTIONS
from infra.costs import idle, table

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "operations"
#: The names under which IAM knows services that CloudFormation calls otherwise.
IAM_NAMES = {"ApiGatewayV2": "apigateway"}


def test_the_cost_page_counts_what_the_template_has(prod_stack: Any) -> None:
    assert table(prod_stack.template) in (PAGES / "cost.md").read_text()


def test_the_readmes_name_the_idle_cost(prod_stack: Any) -> None:
    total = round(sum(line.monthly for line in idle(prod_stack.template)))
    assert f"about ${total} a stage and month" in (ROOT / "README.md").read_text()
    assert f"月約{total}ドル" in (ROOT / "README.ja.md").read_text()


def test_every_resource_that_costs_while_idle_is_counted(prod_stack: Any) -> None:
    """A kind that is new here may cost something: decide, and count it in `infra/costs.py`."""
    counted = {"CloudWatch::Alarm", "SecretsManager::Secret", "KMS::Key", "CloudWatch::Dashboard", "Events::Rule"}
    counted |= {"Lambda::EventSourceMapping"}
    by_use = {
        "DynamoDB::Table",
        "S3::Bucket",
        "Logs::LogGroup",
        "Lambda::Function",
        "Lambda::LayerVersion",
        "SQS::Queue",
    }
    by_use |= {"SNS::Topic", "SNS::Subscription", "Events::EventBus", "ApiGatewayV2::Api", "SES::ConfigurationSet"}
    by_use |= {"SES::ConfigurationSetEventDestination"}
    free = {"KMS::Alias", "IAM::Role", "IAM::Policy", "SQS::QueuePolicy", "SNS::TopicPolicy", "S3::BucketPolicy"}
    free |= {f"Lambda::{kind}" for kind in ("Alias", "Version", "Permission", "EventInvokeConfig")}
    free |= {f"ApiGatewayV2::{kind}" for kind in ("Route", "Integration", "Stage")}
    free |= {"SecretsManager::RotationSchedule"}
    kinds = {r["Type"].removeprefix("AWS::") for r in prod_stack.template["Resources"].values()}
    assert kinds == counted | by_use | free


def test_every_alarm_is_on_the_page_and_every_alarm_of_the_page_exists(prod_stack: Any, replying_stack: Any) -> None:
    names = {
        alarm["AlarmName"].removeprefix(f"sodate-{stack.name}-")
        for stack in (prod_stack, replying_stack)
        for alarm in stack.all("AWS::CloudWatch::Alarm").values()
    }
    rows = re.findall(r"^\| (`[^|]+`) \|", (PAGES / "alarms.md").read_text(), re.MULTILINE)
    written = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    patterns = {name: re.compile(re.escape(name).replace("…", "[a-z0-9-]+")) for name in written}
    assert {name for name in names if not any(p.fullmatch(name) for p in patterns.values())} == set()
    assert {text for text, p in patterns.items() if not any(map(p.fullmatch, names))} == set()


def test_the_policy_to_deploy_with_covers_every_service_of_the_template_and_fits(prod_stack: Any) -> None:
    policy = json.loads((PAGES / "deploy-policy.json").read_text())
    assert len(json.dumps(policy, separators=(",", ":"))) <= 6144, "IAM takes no longer managed policy"
    services = {r["Type"].split("::")[1] for r in prod_stack.template["Resources"].values()}
    needed = {IAM_NAMES.get(service, service.lower()) for service in services}
    allowed = {action.split(":")[0] for s in policy["Statement"] for action in _many(s["Action"])}
    assert allowed == needed | {"ssm", "cloudformation"}, "the CDK asks for its version, and one stack reads the other"


def test_the_policy_to_deploy_with_covers_every_name_of_the_template(prod_stack: Any) -> None:
    policy = json.loads((PAGES / "deploy-policy.json").read_text())
    patterns = [resource for s in policy["Statement"] for resource in _many(s["Resource"]) if resource != "*"]
    for kind, arn, field in (
        ("AWS::Lambda::Function", "arn:aws:lambda:r:1:function:{}", "FunctionName"),
        ("AWS::Lambda::LayerVersion", "arn:aws:lambda:r:1:layer:{}", "LayerName"),
        ("AWS::SQS::Queue", "arn:aws:sqs:r:1:{}", "QueueName"),
        ("AWS::SNS::Topic", "arn:aws:sns:r:1:{}", "TopicName"),
        ("AWS::DynamoDB::Table", "arn:aws:dynamodb:r:1:table/{}", "TableName"),
        ("AWS::SecretsManager::Secret", "arn:aws:secretsmanager:r:1:secret:{}-abcdef", "Name"),
        ("AWS::Logs::LogGroup", "arn:aws:logs:r:1:log-group:{}", "LogGroupName"),
        ("AWS::CloudWatch::Alarm", "arn:aws:cloudwatch:r:1:alarm:{}", "AlarmName"),
        ("AWS::CloudWatch::Dashboard", "arn:aws:cloudwatch::1:dashboard/{}", "DashboardName"),
        ("AWS::Events::Rule", "arn:aws:events:r:1:rule/{}", "Name"),
        ("AWS::Events::EventBus", "arn:aws:events:r:1:event-bus/{}", "Name"),
        ("AWS::SES::ConfigurationSet", "arn:aws:ses:r:1:configuration-set/{}", "Name"),
        ("AWS::KMS::Alias", "arn:aws:kms:r:1:{}", "AliasName"),
    ):
        found = prod_stack.all(kind).values()
        assert found
        for properties in found:
            name = arn.format(properties[field])
            assert any(fnmatchcase(name, pattern) for pattern in patterns), name


def test_no_statement_of_it_allows_everything_on_everything() -> None:
    for statement in json.loads((PAGES / "deploy-policy.json").read_text())["Statement"]:
        whole = [action for action in _many(statement["Action"]) if "*" in action]
        assert not (whole and statement["Resource"] == "*"), statement["Sid"]
        assert "*" not in _many(statement["Action"])


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_deploy_page_says_how_much_concurrency_is_reserved() -> None:
    reserved = sum(spec.concurrency.reserved or 0 for spec in FUNCTIONS)
    text = (PAGES / "deploy.md").read_text()
    assert f"reserves {reserved} concurrent executions" in text
    assert f"below a limit of {reserved + 100}" in text, "Lambda keeps 100 unreserved"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "operations.md").read_text()
    assert {page.name for page in PAGES.glob("*.md")} == set(re.findall(r"\(operations/([a-z]+\.md)\)", index))


def test_how_long_a_released_email_waits_is_what_the_code_says() -> None:
    from sodate.scheduling.store import LEAD_TIME

    minutes = {2: "two"}[int(LEAD_TIME.total_seconds() // 60)]
    assert f"planned again at least {minutes} minutes later" in (ROOT / "docs" / "operations.md").read_text()
