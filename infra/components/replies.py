"""Email that comes in on a stage's reply domain: SES → bucket → queue → `inbound_email`.

S3 tells the queue the key of the object and nothing of the email, so that no queue holds personal data. A receipt rule
set works only while it is the active one of its account and region, which CloudFormation cannot make it: an operator
activates it once, or `reply_rule_set` names the set that is active already (docs/replies.md).
"""

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.catalog import FunctionSpec
from infra.components.nag import acknowledge
from infra.components.queues import DeadLetters, Reader
from infra.components.table import removal
from infra.config import Stage

#: Where SES puts email.
INBOUND = "inbound/"


class InboundEmail(Construct):
    """`queue` is what inbound_email reads."""

    def __init__(
        self, scope: Construct, stage: Stage, key: kms.Key | None, reader: FunctionSpec, dead_letters: DeadLetters
    ) -> None:
        super().__init__(scope, "InboundEmail")
        self._stage = stage
        self.name = f"{stage.prefix}-replies-{Aws.ACCOUNT_ID}-{Aws.REGION}"
        self.rule_set = stage.reply_rule_set or stage.prefix
        self.queue = dead_letters.queue(self, reader.edge, reader.edge, Reader(reader.size.timeout_s))
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions={
                    "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:s3:::{self.name}"},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                },
            )
        )
        self.bucket = self._bucket(key)
        self._let_ses_write()
        self._notify_the_queue()
        if stage.receipt_rules:
            self._receive()

    def _bucket(self, key: kms.Key | None) -> s3.Bucket:
        """Without versions: a deleted email is gone. SES encrypts by the bucket's default; a key of the rule itself
        would make it encrypt on its side, which only its own client can read."""
        bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=self.name,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=self._stage.tls_only,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(self._stage.reply_days),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=removal(self._stage),
        )
        why = "It keeps email for days; who may read it is one function each for reading and forwarding."
        acknowledge(bucket, "AwsSolutions-S1", why)
        return bucket

    def _let_ses_write(self) -> None:
        rule = f"receipt-rule-set/{self.rule_set}:receipt-rule/{self._stage.prefix}"
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="SesOfThisRule",
                principals=[iam.ServicePrincipal("ses.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"{INBOUND}*")],
                conditions={
                    "StringEquals": {
                        "aws:SourceAccount": Aws.ACCOUNT_ID,
                        "aws:SourceArn": f"arn:{Aws.PARTITION}:ses:{Aws.REGION}:{Aws.ACCOUNT_ID}:{rule}",
                    }
                },
            )
        )

    def _notify_the_queue(self) -> None:
        bucket = self.bucket.node.default_child
        assert isinstance(bucket, s3.CfnBucket)  # noqa: S101  (it is what an s3.Bucket is made of)
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=self.queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value=INBOUND)]
                        )
                    ),
                )
            ]
        )
        # S3 asks the queue whether it may, when the bucket is made.
        self.bucket.node.add_dependency(self.queue)

    def _receive(self) -> None:
        assert self._stage.reply_domain is not None  # noqa: S101  (the stack makes this only for such a stage)
        rule = ses.CfnReceiptRule(
            self,
            "Rule",
            rule_set_name=self.rule_set,
            rule=ses.CfnReceiptRule.RuleProperty(
                name=self._stage.prefix,
                enabled=True,
                recipients=[self._stage.reply_domain],
                # Spam and viruses are looked for, and TLS is asked of the sending server.
                scan_enabled=True,
                tls_policy="Require",
                actions=[
                    ses.CfnReceiptRule.ActionProperty(
                        s3_action=ses.CfnReceiptRule.S3ActionProperty(
                            bucket_name=self.bucket.bucket_name, object_key_prefix=INBOUND
                        )
                    )
                ],
            ),
        )
        # SES writes a test object when the rule is made.
        rule.node.add_dependency(self.bucket)
        if self._stage.reply_rule_set is None:
            rules = ses.CfnReceiptRuleSet(self, "RuleSet", rule_set_name=self.rule_set)
            rule.node.add_dependency(rules)

    def may_read(self) -> list[iam.PolicyStatement]:
        """With permission to list, S3 says 404 of an email that is gone, and 403 only when a permission is missing."""
        bucket = f"arn:{Aws.PARTITION}:s3:::{self.name}"
        return [
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[self._emails]),
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket]),
        ]

    def may_delete(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(actions=["s3:DeleteObject"], resources=[self._emails])

    @property
    def _emails(self) -> str:
        return f"arn:{Aws.PARTITION}:s3:::{self.name}/{INBOUND}*"
