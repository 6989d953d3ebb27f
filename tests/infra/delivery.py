"""Walks the ways on which AWS services hand messages to each other in a template, and says why one is not passable.

Every step is a call that AWS authorises twice: by the policy of the topic or queue, and, where that is encrypted with a
key of ours, by the key's policy. A policy that is written replaces the one that the service gives by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "ap-northeast-1", "AWS::AccountId": "111122223333"}
ACCOUNT, REGION = PSEUDO["AWS::AccountId"], PSEUDO["AWS::Region"]
_ARN = f"arn:aws:%s:{REGION}:{ACCOUNT}:%s"
PUBLISH = ("kms:GenerateDataKey", "kms:Decrypt")


@dataclass(frozen=True)
class Call:
    """What a service asks for, and what it tells about itself."""

    service: str
    action: str
    resource: str
    context: Mapping[str, str]


class Walk:
    """One template. Its methods yield what stops a message; nothing means that it arrives."""

    def __init__(self, stack: Any) -> None:
        self._stack = stack

    def alarms(self) -> Iterator[str]:
        """Alarm → action → topic → its policy → its key → somebody who listens."""
        for alarm in self._stack.all("AWS::CloudWatch::Alarm").values():
            name = alarm["AlarmName"]
            if not alarm.get("AlarmActions"):
                yield f"{name} has no action"
            if not alarm.get("ActionsEnabled", True):
                yield f"{name} is muted"
            context = _context(_ARN % ("cloudwatch", f"alarm:{name}"))
            for action in alarm.get("AlarmActions", ()):
                topic = self._stack.target_of(action)
                yield from (f"{name}: {why}" for why in self._topic_takes(topic, "cloudwatch", context))
                if self._stack.keeps and not self._subscribers(topic):
                    yield f"{name}: nobody listens to {topic}"

    def mail_events(self) -> Iterator[str]:
        """SES → topic → queue → the function that reads it."""
        for destination in self._stack.all("AWS::SES::ConfigurationSetEventDestination").values():
            name = self.arn(destination["ConfigurationSetName"])
            topic = self._stack.target_of(destination["EventDestination"]["SnsDestination"]["TopicARN"])
            yield from self._topic_takes(topic, "ses", _context(_ARN % ("ses", f"configuration-set/{name}")))
            if not [s for s in self._subscribers(topic) if s["Protocol"] == "sqs"]:
                yield f"no queue listens to {topic}"

    def subscriptions(self) -> Iterator[str]:
        """SNS → queue, and SNS → the dead-letter queue behind a subscription."""
        for subscription in self._stack.all("AWS::SNS::Subscription").values():
            context = _context(self.arn(subscription["TopicArn"]))
            queues = [subscription["RedrivePolicy"]["deadLetterTargetArn"]]
            if subscription["Protocol"] == "sqs":
                queues.append(subscription["Endpoint"])
            for queue in queues:
                yield from self._queue_takes(self._stack.target_of(queue), "sns", context, context)

    def rules(self) -> Iterator[str]:
        """EventBridge → the dead-letter queue behind a target. It tells KMS neither its account nor the rule."""
        for logical_id, rule in self._stack.all("AWS::Events::Rule").items():
            bus = f"{self.arn(rule['EventBusName'])}/" if "EventBusName" in rule else ""
            context = _context(_ARN % ("events", f"rule/{bus}{rule.get('Name', logical_id)}"))
            for target in rule["Targets"]:
                queue = self._stack.target_of(target["DeadLetterConfig"]["Arn"])
                yield from self._queue_takes(queue, "events", context, {})

    def uploads(self) -> Iterator[str]:
        """S3 → the queue of the import."""
        for bucket in self._stack.all("AWS::S3::Bucket").values():
            context = _context(f"arn:aws:s3:::{self.arn(bucket['BucketName'])}")
            for rule in bucket.get("NotificationConfiguration", {}).get("QueueConfigurations", ()):
                yield from self._queue_takes(self._stack.target_of(rule["Queue"]), "s3", context, context)

    def logs(self) -> Iterator[str]:
        """CloudWatch Logs → the key of a log group."""
        for group in self._stack.all("AWS::Logs::LogGroup").values():
            if "KmsKeyId" in group:
                context = {"kms:EncryptionContext:aws:logs:arn": _ARN % ("logs", f"log-group:{group['LogGroupName']}")}
                for action in ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"):
                    yield from self._key_allows(group["KmsKeyId"], f"logs.{REGION}", action, context)

    def roles(self) -> Iterator[str]:
        """A function that sends to or reads from an encrypted queue, or uses an encrypted table or secret."""
        for name, function in self._stack.functions().items():
            statements = self._stack.statements_of(self._stack.target_of(function["Role"]))
            allowed = {action for s in statements for action in _many(s["Action"])}
            needed = {"kms:Decrypt", "kms:GenerateDataKey"} if self._stack.keeps else set()
            if not needed <= allowed:
                yield f"{name} may not use the key"

    def arn(self, value: Any) -> str:
        """A value of the template as the text that AWS would see."""
        if isinstance(value, str):
            return value
        if "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            return str(separator).join(self.arn(part) for part in parts)
        if "Ref" in value and value["Ref"] in PSEUDO:
            return PSEUDO[value["Ref"]]
        resource = self._stack.resource(self._stack.target_of(value))
        properties = resource["Properties"]
        kind = resource["Type"]
        if kind == "AWS::SNS::Topic":
            return _ARN % ("sns", properties["TopicName"])
        if kind == "AWS::SQS::Queue":
            return _ARN % ("sqs", properties["QueueName"])
        if kind == "AWS::Events::Rule":
            bus = f"{self.arn(properties['EventBusName'])}/" if "EventBusName" in properties else ""
            return _ARN % ("events", f"rule/{bus}{properties['Name']}")
        return self.arn(properties["Name"])

    def _subscribers(self, topic: str) -> list[Any]:
        found = self._stack.all("AWS::SNS::Subscription").values()
        return [s for s in found if self._stack.target_of(s["TopicArn"]) == topic]

    def _topic_takes(self, topic: str, service: str, context: Mapping[str, str]) -> Iterator[str]:
        properties = self._stack.resource(topic)["Properties"]
        arn = _ARN % ("sns", properties["TopicName"])
        policy = self._policy_of("AWS::SNS::TopicPolicy", "Topics", topic)
        if not self._allowed(policy, Call(service, "sns:Publish", arn, context)):
            yield f"the policy of {topic} does not let {service} publish"
        for action in PUBLISH:
            context = {**context, "kms:EncryptionContext:aws:sns:topicArn": arn}
            yield from self._key_allows(properties["KmsMasterKeyId"], service, action, context)

    def _queue_takes(
        self, queue: str, service: str, context: Mapping[str, str], kms_context: Mapping[str, str]
    ) -> Iterator[str]:
        properties = self._stack.resource(queue)["Properties"]
        arn = _ARN % ("sqs", properties["QueueName"])
        policy = self._policy_of("AWS::SQS::QueuePolicy", "Queues", queue)
        if not self._allowed(policy, Call(service, "sqs:SendMessage", arn, context)):
            yield f"the policy of {queue} does not let {service} send"
        if "KmsMasterKeyId" in properties:
            for action in PUBLISH:
                kms_context = {**kms_context, "kms:EncryptionContext:aws:sqs:arn": arn}
                yield from self._key_allows(properties["KmsMasterKeyId"], service, action, kms_context)

    def _key_allows(self, key: Any, service: str, action: str, context: Mapping[str, str]) -> Iterator[str]:
        policy = self._stack.resource(self._stack.target_of(key))["Properties"]["KeyPolicy"]["Statement"]
        if not self._allowed(policy, Call(service, action, "*", context)):
            yield f"the key does not let {service} do {action}"

    def _policy_of(self, kind: str, field: str, logical_id: str) -> list[Any]:
        return [
            statement
            for policy in self._stack.all(kind).values()
            if logical_id in [self._stack.target_of(reference) for reference in policy[field]]
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    def _allowed(self, statements: list[Any], call: Call) -> bool:
        effects = {s["Effect"] for s in statements if self._applies(s, call)}
        return effects == {"Allow"}

    def _applies(self, statement: Any, call: Call) -> bool:
        principal = statement["Principal"]
        services = _many(principal.get("Service", [])) if isinstance(principal, dict) else ["*"]
        if isinstance(principal, dict) and principal.get("AWS") == "*":
            services = ["*"]
        if not {"*", f"{call.service}.amazonaws.com"} & {self.arn(service) for service in services}:
            return False
        if not any(fnmatchcase(call.action.lower(), action.lower()) for action in _many(statement["Action"])):
            return False
        if not any(fnmatchcase(call.resource, self.arn(r)) for r in _many(statement["Resource"])):
            return False
        return all(
            self._holds(operator, key, wanted, call)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )

    def _holds(self, operator: str, key: str, wanted: Any, call: Call) -> bool:
        """As IAM does: names of keys in any case, and a key that the request does not carry makes a condition fail."""
        context = {name.lower(): value for name, value in {**call.context, "aws:SecureTransport": "true"}.items()}
        if key.lower() not in context:
            return False
        values = [self.arn(value) for value in _many(wanted)]
        if operator in ("StringEquals", "Bool"):
            return context[key.lower()] in values
        assert operator in ("ArnLike", "ArnEquals", "StringLike"), operator
        return any(fnmatchcase(context[key.lower()], value) for value in values)


def _context(source: str) -> dict[str, str]:
    return {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": source}


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
