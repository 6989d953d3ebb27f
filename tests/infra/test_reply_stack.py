"""A stage with a reply domain: what SES may write, who reads it, and that nothing of it exists without the setting."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from ses_simulator.inbox import PREFIX

from infra.app import build
from infra.catalog import EVERY_FUNCTION, FUNCTIONS
from infra.config import Stage
from infra.stages import StageInvalid, complete, stage_named
from tests.infra.delivery import Walk
from tests.infra.test_delivery import WAYS
from tests.infra.test_functions import SETTINGS
from tests.infra.test_permissions import ALLOWED

ROOT = Path(__file__).resolve().parents[2]
STAGES = Path(__file__).with_name("stages.toml")
REPLY_SETTINGS = {"SODATE_REPLY_DOMAIN", "SODATE_REPLY_BUCKET"}
RECEIPT = ("AWS::SES::ReceiptRule", "AWS::SES::ReceiptRuleSet")
COMMON = {"SODATE_STAGE", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}


def _bucket(stack: Any) -> tuple[str, dict[str, Any]]:
    ((logical_id, bucket),) = [
        (k, b) for k, b in stack.all("AWS::S3::Bucket").items() if "-replies-" in str(b["BucketName"])
    ]
    return logical_id, bucket


def test_without_the_setting_nothing_of_it_exists(aws_stack: Any) -> None:
    assert "inbound_email" not in aws_stack.functions()
    assert set(aws_stack.functions()) == {spec.name for spec in FUNCTIONS}
    assert not [kind for kind in RECEIPT if aws_stack.all(kind)]
    assert "SODATE_REPLY" not in str(aws_stack.template)


def test_the_local_stage_receives_by_our_simulator_and_has_no_receipt_rule(local_stack: Any) -> None:
    assert set(local_stack.functions()) == {spec.name for spec in EVERY_FUNCTION}
    assert not [kind for kind in RECEIPT if local_stack.all(kind)]
    assert "ReplyRuleSet" not in local_stack.outputs
    _, bucket = _bucket(local_stack)
    (notification,) = bucket["NotificationConfiguration"]["QueueConfigurations"]
    assert notification["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": PREFIX}], "where the simulator puts"


def test_with_it_one_function_more_exists_and_two_know_the_domain(replying_stack: Any) -> None:
    functions = replying_stack.functions()
    assert set(functions) == {spec.name for spec in EVERY_FUNCTION}
    found = {name: set(f["Environment"]["Variables"]) - COMMON for name, f in functions.items()}
    sender, receiver, eraser = (found.pop(name) for name in ("email_sender", "inbound_email", "privacy_review"))
    assert eraser == SETTINGS["privacy_review"] | {"SODATE_REPLY_BUCKET"}, "it deletes replies of whom it erases"
    assert sender == SETTINGS["email_sender"] | REPLY_SETTINGS
    assert receiver == REPLY_SETTINGS | {
        "SODATE_TABLE", "SODATE_SIGNING_KEYS_SECRET", "SODATE_ADDRESS_KEY_SECRET", "SODATE_DEAD_LETTER_URL"
    }  # fmt: skip
    assert found == {name: settings for name, settings in SETTINGS.items() if name in found}


def test_the_outputs_that_doctor_and_commands_read_are_there(replying_stack: Any) -> None:
    outputs = replying_stack.outputs
    assert outputs["ReplyDomain"]["Value"] == "reply.sodate.test"
    assert outputs["ReplyRuleSet"]["Value"] == "sodate-replying"
    assert replying_stack.kind_of(outputs["ReplyBucket"]["Value"]) == "AWS::S3::Bucket"
    assert {"FunctionInboundEmail", "DlqInboundEmailUrl"} <= set(outputs)


def test_the_receiver_reads_and_deletes_and_the_sender_only_reads(replying_stack: Any) -> None:
    for name, wanted in (
        ("inbound_email", {"GetObject", "DeleteObject", "ListBucket"}),
        ("email_sender", {"GetObject", "ListBucket"}),
    ):
        found: dict[str, set[str]] = {}
        role = replying_stack.target_of(replying_stack.functions()[name]["Role"])
        for statement in replying_stack.statements_of(role):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            for service, verb in (action.split(":") for action in actions):
                found.setdefault(service, set()).add(verb)
                if service == "s3" and verb != "ListBucket":
                    assert str(statement["Resource"]).endswith("/inbound/*']]}")
        assert found["s3"] == wanted
        others = {service: verbs for service, verbs in found.items() if service not in ("s3", "logs", "kms")}
        assert others == {service: verbs for service, verbs in ALLOWED[name].items() if service != "s3"}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_on_its_ways_is_refused(way: str, replying_stack: Any) -> None:
    assert list(WAYS[way](Walk(replying_stack))) == []


def test_raw_email_is_encrypted_private_without_versions_and_ends_after_days(replying_stack: Any) -> None:
    logical_id, bucket = _bucket(replying_stack)
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert replying_stack.kind_of(encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]) == "AWS::KMS::Key"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert "VersioningConfiguration" not in bucket, "a deleted email is gone"
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 5
    (notification,) = bucket["NotificationConfiguration"]["QueueConfigurations"]
    queue = replying_stack.resource(replying_stack.target_of(notification["Queue"]))["Properties"]
    assert queue["QueueName"] == "sodate-replying-inbound-email"
    assert notification["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "inbound/"}]
    denied = [s for s in _policy(replying_stack, logical_id)[1] if s["Effect"] == "Deny"]
    assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_ses_may_write_by_this_rule_of_this_account_only(replying_stack: Any) -> None:
    logical_id, _ = _bucket(replying_stack)
    (statement,) = [s for s in _policy(replying_stack, logical_id)[1] if s["Effect"] == "Allow"]
    assert statement["Principal"] == {"Service": "ses.amazonaws.com"}
    assert statement["Action"] == "s3:PutObject"
    walk = Walk(replying_stack)
    equal = statement["Condition"]["StringEquals"]
    assert equal["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert walk.arn(equal["aws:SourceArn"]) == (
        "arn:aws:ses:ap-northeast-1:111122223333:receipt-rule-set/sodate-replying:receipt-rule/sodate-replying"
    )


def test_ses_may_encrypt_with_the_key_of_the_bucket(replying_stack: Any) -> None:
    """Otherwise SES cannot store the email and bounces it to the lead."""
    (key,) = replying_stack.all("AWS::KMS::Key").values()
    (statement,) = [s for s in key["KeyPolicy"]["Statement"] if "ses.amazonaws.com" in str(s["Principal"])]
    assert {"kms:GenerateDataKey", "kms:Decrypt"} <= set(statement["Action"])
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_rule_takes_the_domain_only_scans_and_asks_for_tls(replying_stack: Any) -> None:
    ((logical_id, properties),) = replying_stack.all("AWS::SES::ReceiptRule").items()
    rule = properties["Rule"]
    assert rule["Recipients"] == ["reply.sodate.test"]
    assert (rule["Enabled"], rule["ScanEnabled"], rule["TlsPolicy"]) == (True, True, "Require")
    (action,) = rule["Actions"]
    assert action["S3Action"]["ObjectKeyPrefix"] == "inbound/"
    assert "KmsKeyArn" not in action["S3Action"], "encrypted on the side of SES, it could not be read"
    assert replying_stack.kind_of(action["S3Action"]["BucketName"]) == "AWS::S3::Bucket"
    bucket, _ = _bucket(replying_stack)
    waits = replying_stack.resource(logical_id)["DependsOn"]
    assert {bucket, _policy(replying_stack, bucket)[0]} <= set(waits), "SES writes a test object at once"
    assert any(replying_stack.resource(one)["Type"] == "AWS::SES::ReceiptRuleSet" for one in waits)


def test_its_queue_has_dead_letters_and_an_alarm_on_both(replying_stack: Any) -> None:
    names = {a["AlarmName"] for a in replying_stack.all("AWS::CloudWatch::Alarm").values()}
    wanted = {"inbound-email-dlq-not-empty", "inbound-email-queue-age", "inbound-email-errors"}
    assert {f"sodate-replying-{name}" for name in wanted} <= names
    (queue,) = [
        q for q in replying_stack.all("AWS::SQS::Queue").values() if q["QueueName"] == "sodate-replying-inbound-email"
    ]
    dead = replying_stack.resource(replying_stack.target_of(queue["RedrivePolicy"]["deadLetterTargetArn"]))
    assert dead["Properties"]["QueueName"] == "sodate-replying-inbound-email-dlq"


def test_a_rule_set_that_is_active_already_is_joined_and_not_made(tmp_path: Path) -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(outdir=str(tmp_path), context={**context, "aws:cdk:bundling-stacks": []})
    build(app, replace(_replying(), reply_rule_set="company-mail"))
    app.synth()
    (file,) = tmp_path.glob("*-stateful.template.json")
    template = json.loads(file.read_text())
    rules = [r for r in template["Resources"].values() if r["Type"] == "AWS::SES::ReceiptRule"]
    assert [r["Properties"]["RuleSetName"] for r in rules] == ["company-mail"]
    assert not [r for r in template["Resources"].values() if r["Type"] == "AWS::SES::ReceiptRuleSet"]
    assert "receipt-rule-set/company-mail:receipt-rule/sodate-replying" in file.read_text()


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ('reply_domain = "reply"', "a subdomain"), ('reply_domain = "sodate.test"', "a subdomain"),
        ('reply_domain = "Reply.sodate.test"', "a subdomain"), ("reply_domain = 5", "a subdomain"),
        ("reply_days = 0", "from 1 to 30"), ('reply_rule_set = "a b"', "the name of an SES receipt rule set"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_line_with_what_to_write(line: str, wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "stages.toml"
    file.write_text(f"[dev]\n{line}\n")
    with pytest.raises(StageInvalid, match=wrong) as refused:
        stage_named("dev", file=file)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("identity", ["mail.sodate.test", "news@mail.sodate.test"])
def test_the_domain_of_the_companys_own_mailboxes_is_refused(identity: str) -> None:
    """An MX record for SES would take all their email away."""
    stage = _replying()
    with pytest.raises(StageInvalid, match="whose mailboxes would get no email"):
        complete(
            replace(stage, mail_identity=replace(stage.mail_identity, name=identity), reply_domain="mail.sodate.test")
        )


def test_a_placeholder_is_refused_where_data_is_kept() -> None:
    with pytest.raises(StageInvalid, match="set reply_domain"):
        complete(replace(_replying(), reply_domain="reply.example.co.jp"))


def test_the_longest_name_of_a_stage_leaves_the_bucket_a_name_that_s3_takes() -> None:
    assert len(f"sodate-{'a' * 16}-replies-123456789012-ap-northeast-1") <= 63


def _replying() -> Stage:
    return stage_named("replying", file=STAGES)


def _policy(stack: Any, bucket: str) -> tuple[str, list[Any]]:
    ((logical_id, policy),) = [
        (k, p) for k, p in stack.all("AWS::S3::BucketPolicy").items() if stack.target_of(p["Bucket"]) == bucket
    ]
    return logical_id, policy["PolicyDocument"]["Statement"]
