"""The import bucket: a CSV file that is put under `imports/` wakes `lead_import` through a queue.

S3 tells the queue itself: CDK's own notification helper would add a function and a role that nobody wrote down.
"""

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.catalog import FunctionSpec
from infra.components.nag import acknowledge
from infra.components.queues import DeadLetters, build_queue
from infra.components.storage import removal
from infra.config import Stage

INCOMING, RESULTS = "imports/", "results/"
# Files of leads are personal data; whoever wants to keep one has it elsewhere.
KEPT = Duration.days(30)


class Imports(Construct):
    def __init__(self, scope: Construct, stage: Stage, reader: FunctionSpec, dead_letters: DeadLetters) -> None:
        super().__init__(scope, "Imports")
        name = f"{stage.prefix}-imports-{Aws.ACCOUNT_ID}-{Aws.REGION}"
        self.queue = build_queue(
            self,
            stage,
            reader.edge,
            consumer_timeout_s=reader.size.timeout_s,
            dead_letters=dead_letters.behind(reader.edge),
            max_receives=5,
        )
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions={
                    "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:s3:::{name}"},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                },
            )
        )
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=name,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=stage.tls_only,
            lifecycle_rules=[
                s3.LifecycleRule(expiration=KEPT, abort_incomplete_multipart_upload_after=Duration.days(1))
            ],
            removal_policy=removal(stage),
        )
        acknowledge(self.bucket, "AwsSolutions-S1", "A few uploads a month by people whom CloudTrail knows by name.")
        self._tell_the_queue()

    def _tell_the_queue(self) -> None:
        rules = [{"name": "prefix", "value": INCOMING}, {"name": "suffix", "value": ".csv"}]
        bucket = self.bucket.node.default_child
        assert isinstance(bucket, s3.CfnBucket)  # noqa: S101  (it is what an s3.Bucket is made of)
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=self.queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(**rule) for rule in rules]
                        )
                    ),
                )
            ]
        )
        # S3 asks the queue whether it may, when the bucket is made.
        self.bucket.node.add_dependency(self.queue)

    def may_read_and_answer(self) -> list[iam.PolicyStatement]:
        """It reads what came in and what it answered so far, and writes answers; never a file that came in."""
        arn = self.bucket.bucket_arn
        reads = [f"{arn}/{INCOMING}*", f"{arn}/{RESULTS}*"]
        return [
            iam.PolicyStatement(actions=["s3:GetObject"], resources=reads),
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[f"{arn}/{RESULTS}*"]),
        ]
