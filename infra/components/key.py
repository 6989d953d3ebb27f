"""The stage's encryption key: which AWS service may use it in the name of which of our resources.

Topics always need it, since AWS's own key for SNS cannot be used by SES or CloudWatch. With `customer_managed_key` it
also encrypts table, queues, logs, secrets, the import bucket and the reply bucket. A service that is missing here fails
silently: alarms, SES events and dead letters would be refused by KMS, so `tests/infra/test_delivery.py`
walks every way to its end.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.components.table import removal
from infra.config import Stage

#: What a service needs that hands a message to an encrypted topic or queue.
PUBLISH = ("kms:GenerateDataKey", "kms:Decrypt")
#: What CloudWatch Logs asks for (its user guide, "Encrypt log data").
LOGS = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey")


class StageKey:
    """`key` is what topics use; `for_data` is None where AWS's own keys are enough."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        self._stack, self._stage = Stack.of(scope), stage
        self.key = kms.Key(
            scope,
            "Key",
            alias=f"alias/{stage.prefix}",
            description=f"Encrypts what {stage.prefix} keeps." if stage.customer_managed_key else "Encrypts topics.",
            enable_key_rotation=True,
            removal_policy=removal(stage),
        )
        self.for_data: kms.Key | None = self.key if stage.customer_managed_key else None
        self._allow_publishers()
        if self.for_data:
            self._allow_carriers()
            self._allow_logs()

    def _allow_publishers(self) -> None:
        """SES and CloudWatch publish to our topics."""
        self._allow("ses", PUBLISH, {"StringEquals": self._our_account})
        alarms = alarm_arns(self._stack, self._stage)
        self._allow("cloudwatch", PUBLISH, {"StringEquals": self._our_account, "ArnLike": {"aws:SourceArn": alarms}})

    def _allow_carriers(self) -> None:
        """SNS and S3 fill our queues, and EventBridge the dead-letter queues behind its rules."""
        for service in ("sns", "s3"):
            self._allow(service, PUBLISH, {"StringEquals": self._our_account})
        # EventBridge tells KMS neither account nor source; what is encrypted it must tell, and that is our queue.
        queues = self._stack.format_arn(service="sqs", resource=f"{self._stage.prefix}-*")
        self._allow("events", PUBLISH, {"ArnLike": {"kms:EncryptionContext:aws:sqs:arn": queues}})

    def _allow_logs(self) -> None:
        groups = [
            self._stack.format_arn(
                service="logs",
                resource="log-group",
                resource_name=name,
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            for name in (f"/aws/lambda/{self._stage.prefix}-*", f"/aws/apigateway/{self._stage.prefix}")
        ]
        self._allow(f"logs.{self._stack.region}", LOGS, {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}})

    @property
    def _our_account(self) -> Mapping[str, str]:
        return {"aws:SourceAccount": self._stack.account}

    def _allow(self, service: str, actions: Sequence[str], conditions: Mapping[str, object]) -> None:
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                actions=list(actions),
                # In a key's own policy, "*" means this key.
                resources=["*"],
                conditions=dict(conditions),
            )
        )


def alarm_arns(stack: Stack, stage: Stage) -> str:
    """Every alarm of this stage, by its name."""
    return stack.format_arn(
        service="cloudwatch",
        resource="alarm",
        resource_name=f"{stage.prefix}-*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
