"""Alarms that reach a person: present, switched on, allowed to publish, subscribed to, and on request rung once."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError
from sodate.messages import Message

from sodate_cli import stacks
from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, failed, judged, listed, ok, warning
from sodate_cli.doctor.policy import service_may

_LOCAL = "the local cloud keeps alarms and never rings them"
_LOOKS, _PAUSE_S = 30, 2.0


def alarms(d: Deployment) -> Result:
    found = {alarm["AlarmName"]: alarm for alarm in _alarms(d)}
    _, stateless = stacks.names(d.stage)
    pages = d.clients("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stateless)
    wanted = {
        entry["PhysicalResourceId"]
        for page in pages
        for entry in page["StackResourceSummaries"]
        if entry["ResourceType"] == "AWS::CloudWatch::Alarm" and entry.get("PhysicalResourceId")
    }
    problems = [f"{name} was deleted" for name in sorted(wanted - set(found))]
    for name, alarm in sorted(found.items()):
        if not alarm.get("ActionsEnabled", True):
            problems.append(f"{name}: its actions are switched off")
        elif not alarm.get("AlarmActions"):
            problems.append(f"{name}: it tells nobody")
    if not found:
        problems = [f"there is no alarm named {d.prefix}-…"]
    return judged(problems, f"{len(found)} alarms are switched on", f"enable the alarm's actions, or {d.redeploy}")


def ringing(d: Deployment) -> Result:
    loud = sorted(
        f"{alarm['AlarmName']}: {alarm.get('AlarmDescription', '')}"
        for alarm in _alarms(d)
        if alarm["StateValue"] == "ALARM"
    )
    return warning(listed(loud, "\n"), "do what the alarm says") if loud else ok("no alarm is in the state ALARM")


def topic(d: Deployment) -> Result:
    problems = [problem for arn in sorted(_topics(d)) for problem in _topic_problems(d, arn)]
    return judged(problems, "CloudWatch may publish to the alarm topic and use its key", d.redeploy)


def _topic_problems(d: Deployment, arn: str) -> Iterator[str]:
    name = arn.rsplit(":", 1)[-1]
    try:
        found = d.clients("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NotFound", "NotFoundException"):
            raise
        yield f"the topic {name} does not exist"
        return
    if not service_may(found.get("Policy"), "cloudwatch", "sns:Publish", d.account):
        yield f"the policy of the topic {name} does not let CloudWatch publish: no alarm can be delivered"
    yield from key_problems(d, found.get("KmsMasterKeyId"), "cloudwatch", f"the topic {name}")


def key_problems(d: Deployment, key: str | None, service: str, of_what: str) -> Iterator[str]:
    if not key:
        return
    if key.endswith("alias/aws/sns"):
        yield f"{of_what} is encrypted with AWS's own key, which {service} cannot use"
        return
    client = d.clients("kms")
    about = client.describe_key(KeyId=key)["KeyMetadata"]
    if about["KeyState"] != "Enabled":
        yield f"the key of {of_what} is {about['KeyState']}"
        return
    policy = client.get_key_policy(KeyId=about["KeyId"], PolicyName="default")["Policy"]
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        if not service_may(policy, service, action, d.account):
            yield f"the key of {of_what} does not allow {service} {action}"


def recipient(d: Deployment) -> Result:
    waiting: list[str] = []
    confirmed: list[str] = []
    for arn in sorted(_topics(d)):
        for page in d.clients("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn):
            for one in page["Subscriptions"]:
                is_confirmed = str(one["SubscriptionArn"]).startswith("arn:")
                (confirmed if is_confirmed else waiting).append(f"{one['Protocol']} {_masked(one['Endpoint'])}")
    if confirmed:
        return ok(f"alarms go to {listed(confirmed)}")
    if waiting:
        return failed(
            Message("nobody hears the alarms: {listed} has not confirmed the subscription", listed=listed(waiting)),
            "open the confirmation mail of AWS Notifications and follow its link (it is valid for three days)",
        )
    return failed(
        "nobody hears the alarms: the topic has no subscription",
        Message(
            "set alarm_email of the stage in stages.toml, {redeploy}, and confirm the mail that AWS sends",
            redeploy=d.redeploy,
        ),
    )


def _masked(endpoint: str) -> str:
    """The report may be posted somewhere: of an address only the first letter and the domain."""
    local, at, domain = endpoint.partition("@")
    return f"{local[:1]}…@{domain}" if at else endpoint.rsplit(":", 1)[-1]


def delivery(d: Deployment) -> Result:
    """Forces one alarm, reads from its history whether its action was executed, and puts its state back."""
    calm = [alarm for alarm in _alarms(d) if alarm["StateValue"] != "ALARM" and alarm.get("AlarmActions")]
    if not calm:
        return failed("there is no alarm at rest that could be rung", "see the checks `alarms` and `alarms-ringing`")
    alarm = min(calm, key=lambda one: str(one["AlarmName"]))
    name, client = alarm["AlarmName"], d.clients("cloudwatch")
    before = {_of(entry) for entry in _actions(d, name)}
    client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="sodate doctor --ring: this is a test")
    try:
        for _ in range(_LOOKS):
            fresh = [entry for entry in _actions(d, name) if _of(entry) not in before]
            if fresh:
                return _delivered(name, fresh[0])
            d.pause(_PAUSE_S)
    finally:
        client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="sodate doctor --ring: the test is over")
    return failed(Message("{name} was forced and CloudWatch executed no action within a minute", name=name), d.redeploy)


def _delivered(name: str, entry: Mapping[str, Any]) -> Result:
    data = json.loads(entry.get("HistoryData") or "{}")
    said = str(entry.get("HistorySummary", ""))
    if data.get("actionState") == "Succeeded" or said.startswith("Successfully executed"):
        return ok(f"{name} was rung: {said}")
    return failed(f"{name}: {said} {data.get('error') or ''}".strip(), "see the check `alarm-topic`")


def _actions(d: Deployment, name: str) -> list[Mapping[str, Any]]:
    answer = d.clients("cloudwatch").describe_alarm_history(
        AlarmName=name, HistoryItemType="Action", ScanBy="TimestampDescending", MaxRecords=20
    )
    return list(answer["AlarmHistoryItems"])


def _of(entry: Mapping[str, Any]) -> tuple[str, str]:
    return str(entry.get("Timestamp")), str(entry.get("HistoryData"))


def _alarms(d: Deployment) -> list[Mapping[str, Any]]:
    pages = d.clients("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{d.prefix}-")
    return [alarm for page in pages for alarm in page["MetricAlarms"]]


def _topics(d: Deployment) -> set[str]:
    found = {action for alarm in _alarms(d) for action in alarm.get("AlarmActions", []) if ":sns:" in action}
    if not found:
        raise LookupError("no alarm names a topic; see the check `alarms`")
    return found


CHECKS = (
    Check("alarms", alarms),
    Check("alarms-ringing", ringing, needs_aws=_LOCAL),
    Check("alarm-topic", topic, needs_aws=_LOCAL),
    Check("alarm-recipient", recipient, needs_aws="nobody is called on a local cloud"),
    Check("alarm-delivery", delivery, needs_aws=_LOCAL, asked_by="--ring"),
)
