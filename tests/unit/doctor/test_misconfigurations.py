"""Figure 13: each of these changes one thing in a sound deployment; `doctor` names it, and ends with an error code."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from moto import mock_aws
from sodate.dynamodb import keys, table
from sodate.email.reputation import rate_limiter
from sodate.email.reputation.store import SyncItem
from sodate.playbook.store import Definitions
from sodate.scheduling import store as due
from sodate_cli.doctor.commands import is_sick
from sodate_cli.doctor.finding import Finding, Verdict
from sodate_cli.doctor.runner import examine

from tests.fakes.aws_answers import Json, Refused
from tests.support.sound_deployment import (
    ALARMS,
    NOW,
    PREFIX,
    TABLE,
    SoundDeployment,
    alarm,
    moto,
    put_definition,
    put_unknown_send,
    remove_cursor,
)

Spoil = Callable[[SoundDeployment], object]


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[SoundDeployment]:
    with mock_aws():
        yield SoundDeployment(tmp_path)


def refuse(service: str, operation: str, code: str, status: int = 400) -> Spoil:
    def spoil(aws: SoundDeployment) -> None:
        def answer(_: Json) -> Json:
            raise Refused(code, status=status)

        aws.answer(service, operation, answer)

    return spoil


def change(*path: str, to: object) -> Spoil:
    """`account.SendingEnabled`: an attribute of the deployment, then members of its answer."""

    def spoil(aws: SoundDeployment) -> None:
        place = getattr(aws, path[0])
        for member in path[1:-1]:
            place = place[member]
        place[path[-1]] = to

    return spoil


def shift(name: str, by: timedelta) -> Spoil:
    return lambda aws: setattr(aws, name, getattr(aws, name) + by)


def stack_status(status: str, part: str = "stateless") -> Spoil:
    return change(part, "StackStatus", to=status)


def function(name: str, member: str, value: object) -> Spoil:
    return lambda aws: aws.function(name).update({member: value})


def setting(name: str, variable: str, value: str) -> Spoil:
    return lambda aws: aws.function(name)["Environment"]["Variables"].update({variable: value})


def no_function(aws: SoundDeployment) -> None:
    del aws.functions[f"{PREFIX}-score-decay"]


def mapping(function_name: str, member: str, value: object) -> Spoil:
    return lambda aws: aws.mappings[f"{PREFIX}-{function_name}"].update({member: value})


def other_code(aws: SoundDeployment) -> None:
    """What is deployed stays; the checkout moves on."""
    (aws.checkout / "layers" / "sodate" / "python" / "sodate" / "new.py").write_text("# new\n")


def other_sender(_: SoundDeployment) -> None:
    body = Definitions().live("mailing").body
    put_definition("mailing", {**body, "sender": {**body["sender"], "from_address": "news@other.test"}})


def paused_set(aws: SoundDeployment) -> None:
    aws.configuration_set["SendingOptions"] = {"SendingEnabled": False}


def topic_policy(name: str) -> Spoil:
    """As the template of today: the Deny for plain HTTP, and no Allow at all."""
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }

    def spoil(aws: SoundDeployment) -> None:
        text = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
        moto("sns").set_topic_attributes(TopicArn=aws.topics[name], AttributeName="Policy", AttributeValue=text)

    return spoil


def key_without(service: str) -> Spoil:
    def spoil(aws: SoundDeployment) -> None:
        client = moto("kms")
        policy = json.loads(client.get_key_policy(KeyId=aws.key, PolicyName="default")["Policy"])
        kept = [s for s in policy["Statement"] if s["Principal"]["Service"] != f"{service}.amazonaws.com"]
        text = json.dumps({**policy, "Statement": kept})
        client.put_key_policy(KeyId=aws.key, PolicyName="default", Policy=text)

    return spoil


def unsubscribed(name: str) -> Spoil:
    def spoil(aws: SoundDeployment) -> None:
        sns = moto("sns")
        for one in sns.list_subscriptions_by_topic(TopicArn=aws.topics[name])["Subscriptions"]:
            sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])

    return spoil


def unconfirmed(aws: SoundDeployment) -> None:
    real = aws.aws.client("sns").list_subscriptions_by_topic(TopicArn=aws.topics["email-events"])["Subscriptions"]
    waiting = {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "ops@norte.test"}

    def answer(request: Json) -> Json:
        return {"Subscriptions": real if request["TopicArn"] == aws.topics["email-events"] else [waiting]}

    aws.answer("sns", "ListSubscriptionsByTopic", answer)


def silent_alarm(**other: object) -> Spoil:
    return lambda aws: moto("cloudwatch").put_metric_alarm(**alarm(ALARMS[0], aws.topics["alarms"], **other))


def deleted_alarm(_: SoundDeployment) -> None:
    moto("cloudwatch").delete_alarms(AlarmNames=[ALARMS[0]])


def failing_action(aws: SoundDeployment) -> None:
    aws.action_state = "Failed"


def never_acted(aws: SoundDeployment) -> None:
    aws.answer("cloudwatch", "SetAlarmState", lambda _: {})


def dead_letter(aws: SoundDeployment) -> None:
    moto("sqs").send_message(QueueUrl=aws.dead["scoring"], MessageBody="{}")


def old_message(aws: SoundDeployment) -> None:
    def answer(request: Json) -> Json:
        old = request["Dimensions"][0]["Value"] == f"{PREFIX}-send"
        return {"Datapoints": [{"Timestamp": NOW, "Maximum": 4000.0}] if old else []}

    aws.answer("cloudwatch", "GetMetricStatistics", answer)


def closed_queue(aws: SoundDeployment) -> None:
    moto("sqs").set_queue_attributes(QueueUrl=aws.queues["events"], Attributes={"Policy": ""})


def encrypted_queue(aws: SoundDeployment) -> None:
    """With the key of the topics, which names SES and CloudWatch only."""
    moto("sqs").set_queue_attributes(QueueUrl=aws.queues["events"], Attributes={"KmsMasterKeyId": aws.key})


def no_secret(name: str) -> Spoil:
    def spoil(aws: SoundDeployment) -> None:
        moto("secretsmanager").delete_secret(SecretId=f"{PREFIX}/{name}", ForceDeleteWithoutRecovery=True)
        if name != "signing-keys":  # its description is what secret-rotation reads
            del aws.secrets[f"{PREFIX}/{name}"]

    return spoil


def secret_value(name: str, value: object) -> Spoil:
    text = json.dumps(value)
    return lambda _: moto("secretsmanager").put_secret_value(SecretId=f"{PREFIX}/{name}", SecretString=text)


def rotation(member: str, value: object) -> Spoil:
    return lambda aws: aws.secrets[f"{PREFIX}/signing-keys"].update({member: value})


def disabled_rule(name: str, **bus: str) -> Spoil:
    return lambda _: moto("events").disable_rule(Name=f"{PREFIX}-{name}", **bus)


def rule_of_nothing(_: SoundDeployment) -> None:
    moto("events").remove_targets(Rule=f"{PREFIX}-send-sweeper", Ids=["t"])


def table_setting(**change: object) -> Spoil:
    return lambda _: moto("dynamodb").update_table(TableName=TABLE, **change)


def no_recovery(_: SoundDeployment) -> None:
    off = {"PointInTimeRecoveryEnabled": False}
    moto("dynamodb").update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=off)


def no_expiry(_: SoundDeployment) -> None:
    off = {"Enabled": False, "AttributeName": "ttl"}
    moto("dynamodb").update_time_to_live(TableName=TABLE, TimeToLiveSpecification=off)


def eternal_log(_: SoundDeployment) -> None:
    moto("logs").delete_retention_policy(logGroupName=f"/aws/lambda/{PREFIX}-email-sender")


def denied(name: str, action: str) -> Spoil:
    return lambda aws: aws.denied.add((name, action))


def too_much(name: str, action: str) -> Spoil:
    return lambda aws: aws.too_much.add((name, action))


def api_answers(status: int, body: bytes) -> Spoil:
    return lambda aws: aws.http.update({start: (status, body) for start in aws.http})


def late_cursor(lane: due.Lane) -> Spoil:
    return lambda _: due.move_cursor(lane, NOW.replace(second=0) - timedelta(hours=2))


def young_and_unread(aws: SoundDeployment) -> None:
    aws.stateless["CreationTime"] = NOW - timedelta(minutes=2)
    remove_cursor(due.SALES)


def late_sync(_: SoundDeployment) -> None:
    table.put(SyncItem(keys.suppression_sync(), keys.POSITION, until=keys.stamp(NOW - timedelta(days=9))))


#: What was done to it → the one check that fails.
FAILURES: dict[str, tuple[Spoil, str]] = {
    "the clock of this machine is ten minutes ahead": (shift("aws_now", -timedelta(minutes=10)), "clock"),
    "the last deployment failed": (stack_status("UPDATE_ROLLBACK_FAILED"), "stack"),
    "the last deployment of the data failed": (stack_status("UPDATE_ROLLBACK_FAILED", "stateful"), "stack"),
    "a function is gone": (no_function, "functions"),
    "a function has another handler": (function("scoring", "Handler", "index.handler"), "functions"),
    "a function runs on an old Python": (function("scoring", "Runtime", "python3.9"), "functions"),
    "an alias stayed on an old version": (function("scoring", "Version", "2"), "functions"),
    "a function runs on another layer": (function("scoring", "Layers", []), "functions"),
    "a function means another table": (setting("scoring", "SODATE_TABLE", "sodate-dev"), "settings"),
    "a function has the clock of the local cloud": (setting("scoring", "SODATE_CLOCK_FILE", "/x"), "settings"),
    "a function is switched off": (change("reserved", f"{PREFIX}-email-sender", to=0), "concurrency"),
    "the API answers with an error": (api_answers(502, b"Bad Gateway"), "api"),
    "the API belongs to something else": (api_answers(404, b"<html>"), "api"),
    "SES sends nothing": (change("account", "SendingEnabled", to=False), "ses-account"),
    "the account is under review": (change("account", "EnforcementStatus", to="PROBATION"), "ses-account"),
    "prod is in the sandbox": (change("account", "ProductionAccessEnabled", to=False), "ses-sandbox"),
    "the quota is used up": (change("account", "SendQuota", "SentLast24Hours", to=50000.0), "ses-quota"),
    "the identity is not verified": (change("identity", "VerifiedForSendingStatus", to=False), "ses-identity"),
    "DKIM is not set up": (change("identity", "DkimAttributes", "Status", to="PENDING"), "ses-dkim"),
    "DKIM signing is off": (change("identity", "DkimAttributes", "SigningEnabled", to=False), "ses-dkim"),
    "MAIL FROM is broken and SES refuses meanwhile": (
        lambda aws: aws.identity["MailFromAttributes"].update(
            MailFromDomainStatus="FAILED", BehaviorOnMxFailure="REJECT_MESSAGE"
        ),
        "ses-mail-from",
    ),
    "the configuration set is gone": (
        refuse("sesv2", "GetConfigurationSet", "NotFoundException", 404),
        "configuration-set",
    ),
    "the configuration set is paused": (paused_set, "configuration-set"),
    "bounces are not reported": (lambda aws: aws.event_types.remove("BOUNCE"), "event-destination"),
    "a definition cannot be read": (lambda _: put_definition("rules", {"nonsense": 1}), "definitions"),
    "the playbook sends from somewhere else": (other_sender, "sender"),
    "SES refuses the account": (lambda _: rate_limiter.open_breaker("sending_paused"), "sending"),
    "a guard pauses marketing email": (
        lambda _: rate_limiter.keep(rate_limiter.RateLimit(14.0, hold_reason="bounces 6 %")),
        "sending",
    ),
    "something was given up": (dead_letter, "dead-letters"),
    "email waits in the queue": (old_message, "queue-ages"),
    "SES may not publish events": (topic_policy("email-events"), "event-topic"),
    "SES may not use the topic's key": (key_without("ses"), "event-topic"),
    "SNS may not fill the events queue": (closed_queue, "event-topic"),
    "SNS may not use the key of the events queue": (encrypted_queue, "event-topic"),
    "the events queue is not subscribed": (unsubscribed("email-events"), "event-topic"),
    "the dispatcher's schedule is disabled": (disabled_rule("step-mail-dispatch"), "schedules"),
    "the bus rule is disabled": (disabled_rule("sales-handoff", EventBusName=PREFIX), "schedules"),
    "a schedule starts nothing": (rule_of_nothing, "schedules"),
    "the dispatcher stands still": (late_cursor(due.STEP), "cursors"),
    "the sweeper stands still": (late_cursor(due.WATCH), "cursors"),
    "a schedule has never run": (lambda _: remove_cursor(due.SALES), "cursors"),
    "the suppression list is not synchronised": (late_sync, "cursors"),
    "a queue is not read": (mapping("email-sender", "State", "Disabled"), "triggers"),
    "a stream has lost its filter": (mapping("scoring", "FilterCriteria", {}), "triggers"),
    "a stream has lost its dead-letter queue": (mapping("scoring", "DestinationConfig", {}), "triggers"),
    "replays are not bounded": (mapping("score-replay", "ScalingConfig", {}), "triggers"),
    "a secret is gone": (no_secret("webhook"), "secrets"),
    "the signing keys are empty": (secret_value("signing-keys", {"keys": []}), "secrets"),
    "the address key is empty": (secret_value("address-key", {"key": ""}), "secrets"),
    "the signing keys do not rotate": (rotation("RotationEnabled", False), "secret-rotation"),
    "a rotation is overdue": (rotation("NextRotationDate", NOW - timedelta(days=5)), "secret-rotation"),
    "the stream is off": (table_setting(StreamSpecification={"StreamEnabled": False}), "table"),
    "the table may be deleted": (table_setting(DeletionProtectionEnabled=False), "table-protection"),
    "the table is not backed up": (no_recovery, "table-backup"),
    "items do not expire": (no_expiry, "table-expiry"),
    "a log is kept for ever": (eternal_log, "log-retention"),
    "a role lacks the table": (denied("scoring", "dynamodb:GetItem"), "permissions"),
    "a role may not send email": (denied("email_sender", "ses:SendEmail"), "permissions"),
    "a role may delete leads": (too_much("email_events", "dynamodb:DeleteItem"), "permissions"),
    "a role may read everybody": (too_much("form_capture", "dynamodb:Scan"), "permissions"),
    "an alarm was deleted": (deleted_alarm, "alarms"),
    "the actions of an alarm are off": (silent_alarm(ActionsEnabled=False), "alarms"),
    "an alarm tells nobody": (silent_alarm(AlarmActions=[]), "alarms"),
    "CloudWatch may not publish": (topic_policy("alarms"), "alarm-topic"),
    "CloudWatch may not use the topic's key": (key_without("cloudwatch"), "alarm-topic"),
    "nobody subscribes to the alarms": (unsubscribed("alarms"), "alarm-recipient"),
    "nobody confirmed the alarms": (unconfirmed, "alarm-recipient"),
    "a rung alarm reaches nobody": (failing_action, "alarm-delivery"),
    "a rung alarm does nothing": (never_acted, "alarm-delivery"),
    "these credentials may not look at alarms' history": (
        refuse("cloudwatch", "DescribeAlarmHistory", "AccessDenied", 403),
        "alarm-delivery",
    ),
}

WARNINGS: dict[str, tuple[Spoil, str]] = {
    "the clock of this machine is half a minute behind": (shift("aws_now", timedelta(seconds=30)), "clock"),
    "the last deployment was rolled back": (stack_status("UPDATE_ROLLBACK_COMPLETE"), "stack"),
    "a deployment is running": (stack_status("UPDATE_IN_PROGRESS"), "stack"),
    "the stack may be deleted": (change("stateful", "EnableTerminationProtection", to=False), "stack"),
    "the checkout is newer than the deployment": (other_code, "release"),
    "the quota is nearly used up": (change("account", "SendQuota", "SentLast24Hours", to=45000.0), "ses-quota"),
    "SES keeps no complaints": (
        change("account", "SuppressionAttributes", to={"SuppressedReasons": ["BOUNCE"]}),
        "ses-suppression",
    ),
    "there is no MAIL FROM": (lambda aws: aws.identity.pop("MailFromAttributes"), "ses-mail-from"),
    "the set measures nothing": (change("configuration_set", "ReputationOptions", to={}), "configuration-set"),
    "a send has an unknown outcome": (lambda _: put_unknown_send(), "unknown-sends"),
    "a young stack has not run yet": (young_and_unread, "cursors"),
    "inline templates are not allowed": (denied("email_sender", "ses:SendBulkEmail@template"), "bulk-templates"),
    "an alarm rings": (
        lambda _: moto("cloudwatch").set_alarm_state(AlarmName=ALARMS[1], StateValue="ALARM", StateReason="x"),
        "alarms-ringing",
    ),
}


def examined(aws: SoundDeployment) -> list[Finding]:
    return examine(aws.deployment(), asked=["--ring"])


def of(findings: list[Finding], verdict: Verdict) -> list[str]:
    return [finding.name for finding in findings if finding.verdict is verdict]


@pytest.mark.parametrize("what", FAILURES)
def test_a_misconfiguration_fails_the_one_check_that_names_it(what: str, sound: SoundDeployment) -> None:
    spoil, check = FAILURES[what]
    spoil(sound)
    findings = examined(sound)
    assert of(findings, Verdict.FAILED) == [check], findings
    assert is_sick(findings)
    reported = next(finding for finding in findings if finding.name == check)
    assert reported.detail and reported.what_to_do


@pytest.mark.parametrize("what", WARNINGS)
def test_what_only_deserves_a_look_is_a_warning(what: str, sound: SoundDeployment) -> None:
    spoil, check = WARNINGS[what]
    spoil(sound)
    findings = examined(sound)
    assert of(findings, Verdict.WARNING) == [check], findings
    assert not is_sick(findings)
    assert next(finding for finding in findings if finding.name == check).what_to_do
