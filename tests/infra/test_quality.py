"""What other people's rules say about our templates, and the pins that make them reproducible."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import aws_cdk
import pytest

from infra.config import LocalCloud, MailIdentity

ROOT = Path(__file__).resolve().parents[2]
MATH_ALARMS = 2
NOT_AS_RECOMMENDED = {
    "@aws-cdk/core:target-partitions": "China has another SES, and no arm64 Lambda where it has",
    "@aws-cdk/core:enableAdditionalMetadataCollection": "it reports which properties we use; we report nothing",
}
# CDK itself writes a DependsOn next to the role that a function already names.
REDUNDANT_DEPENDS_ON = "W3005"


def test_cdk_nag_finds_nothing(aws_stack: Any) -> None:
    report = json.loads((aws_stack.assembly / "validation-report.json").read_text())
    assert [v["ruleName"] for r in report["pluginReports"] for v in r["violations"]] == []


def test_cdk_nag_is_looking_and_would_find_a_queue_that_takes_plain_http(tmp_path: Path) -> None:
    from aws_cdk import App
    from aws_cdk import aws_sqs as sqs

    from infra.app import build

    app = App(outdir=str(tmp_path), context={"stage": "dev", "aws:cdk:bundling-stacks": []})
    sqs.Queue(build(app).stateful, "Careless")
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS4"):
        app.synth()


def test_every_answer_to_cdk_nag_is_known_here_and_gives_a_reason(aws_stack: Any) -> None:
    metadata = [aws_stack.assembly / f"{part}.metadata.json" for part in aws_stack.parts]
    answers = [answer for file in metadata for answer in _answers(json.loads(file.read_text()))]
    rules = {rule for rule, _ in answers}
    bucket = f"arn:<AWS::Partition>:s3:::sodate-{aws_stack.name}-imports-<AWS::AccountId>-<AWS::Region>"
    of_imports = {f"IAM5[Resource::{bucket}/{prefix}/*]" for prefix in ("imports", "results")}
    ledger = f"IAM5[Resource::{bucket.replace('-imports-', '-erasures-')}/erasures/*]"
    template = "IAM5[Resource::arn:aws:ses:ap-northeast-1:<AWS::AccountId>:template/*]"
    assert rules == {"APIG4", "IAM5[Resource::*]", "L1", "S1", "SMG4", "SQS3", template, ledger} | of_imports
    assert all(len(reason) >= 30 for _, reason in answers)


def _answers(metadata: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str]]:
    given = [e["data"] for entries in metadata.values() for e in entries if e["type"] == "aws:cdk:acknowledged-rules"]
    return [(rule.split("AwsSolutions-")[1], reason) for answers in given for rule, reason in answers.items()]


def test_cfn_lint_finds_nothing(every_aws_stack: list[Any]) -> None:
    templates = [str(stack.assembly / f"{part}.template.json") for stack in every_aws_stack for part in stack.parts]
    linter = Path(sys.executable).parent / "cfn-lint"
    command = [str(linter), *templates, "--ignore-checks", REDUNDANT_DEPENDS_ON, "--regions", "ap-northeast-1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_stack_that_keeps_its_data_cannot_be_deleted_by_accident(aws_stack: Any) -> None:
    manifest = json.loads((aws_stack.assembly / "manifest.json").read_text())
    for part in aws_stack.parts:
        properties = manifest["artifacts"][part]["properties"]
        assert properties.get("terminationProtection", False) is aws_stack.keeps


def test_what_npm_brings_is_pinned_without_an_address() -> None:
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert pinned == {
        "aws-cdk": "2.1148.1", "axe-core": "4.14.1", "echarts": "6.1.0",
        "esbuild": "0.28.2", "react": "19.3.1", "react-dom": "19.3.1",
    }  # fmt: skip
    lock = (ROOT / "package-lock.json").read_text()
    assert "resolved" not in lock
    assert "http" not in lock
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text()


def test_a_changed_layer_makes_a_new_version() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    assert context["@aws-cdk/aws-lambda:recognizeLayerVersion"] is True


def test_a_relative_clock_file_is_refused() -> None:
    with pytest.raises(ValueError, match="absolute"):
        LocalCloud(clock_file="clock.json")


def test_a_mail_identity_is_a_domain_or_one_address() -> None:
    assert MailIdentity("example.co.jp").from_address_pattern == "*@example.co.jp"
    assert MailIdentity("news@example.co.jp").from_address_pattern == "news@example.co.jp"


def test_the_local_stage_differs_from_aws_only_where_a_flag_says_so(local_stack: Any, replying_stack: Any) -> None:
    policies = {f"AWS::{kind}Policy" for kind in ("S3::Bucket", "SQS::Queue", "SNS::Topic")}
    rules = {"AWS::SES::ReceiptRule", "AWS::SES::ReceiptRuleSet"}  # `receipt_rules`
    only_on_aws = {"AWS::SecretsManager::RotationSchedule", *policies, *rules}
    local, prod = (_count(s, only_on_aws) for s in (local_stack, replying_stack))
    prod["AWS::S3::Bucket"] -= 1  # the access log of a stage that keeps its data
    prod["AWS::SNS::Subscription"] -= 1  # who hears the alarms, with
    prod["AWS::SQS::Queue"] -= 1  # a dead-letter queue behind it and
    prod["AWS::CloudWatch::Alarm"] -= 1 + MATH_ALARMS  # an alarm on that; `metric_math`
    assert local == prod


def test_a_first_deployment_that_fails_can_be_undone(tmp_path: Path) -> None:
    """CloudFormation deletes what it made, and the CDK the stack: neither may be protected yet."""
    from aws_cdk import App

    from infra.app import build

    stages = str(Path(__file__).with_name("stages.toml"))
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    mine = {"stage": "prod", "stages": stages, "first_deploy": "true", "aws:cdk:bundling-stacks": []}
    app = App(outdir=str(tmp_path), context={**flags, **mine})
    assert not any(part.termination_protection for part in build(app))
    app.synth()
    resources = json.loads((tmp_path / "Sodate-prod-stateful.template.json").read_text())["Resources"].values()
    (table,) = [r for r in resources if r["Type"] == "AWS::DynamoDB::Table"]
    assert table["Properties"]["DeletionProtectionEnabled"] is False
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"


def test_every_recommended_feature_flag_is_set_or_refused_with_a_reason() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    recommended = _recommended_flags()
    assert len(recommended) > 50
    differing = {flag for flag, value in recommended.items() if context.get(flag) != value}
    assert differing == set(NOT_AS_RECOMMENDED)
    assert set(context) - set(recommended) == {"@aws-cdk/aws-lambda:recognizeVersionProps"}


def _recommended_flags() -> dict[str, Any]:
    """What the installed CDK library recommends, out of the archive that it ships."""
    (archive,) = Path(aws_cdk.__file__).parent.joinpath("_jsii").glob("aws-cdk-lib@*.jsii.tgz")
    with tarfile.open(archive) as files:
        found = files.extractfile("package/recommended-feature-flags.json")
        assert found
        return dict(json.load(found))


def _count(stack: Any, without: set[str]) -> dict[str, int]:
    kinds = [r["Type"] for r in stack.template["Resources"].values() if r["Type"] not in without]
    return {kind: kinds.count(kind) for kind in kinds}
