"""The import bucket: a CSV file that is put under `imports/` wakes `lead_import` through a queue.

S3 tells the queue itself: CDK's own notification helper would add a function and a role that nobody wrote down.
"""

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.catalog import FunctionSpec
from infra.components.nag import acknowledge
from infra.components.queues import DeadLetters, Reader
from infra.components.table import removal
from infra.config import Stage

INCOMING, RESULTS = "imports/", "results/"
# Files of leads are personal data; whoever wants to keep one has it elsewhere.
KEPT = Duration.days(30)
# What was overwritten or deleted by mistake can be fetched back for a week.
KEPT_AFTER_DELETION = Duration.days(7)
ACCESS_LOGS_KEPT = Duration.days(90)


class ImportBucket(Construct):
    def __init__(
        self, scope: Construct, stage: Stage, key: kms.Key | None, reader: FunctionSpec, dead_letters: DeadLetters
    ) -> None:
        super().__init__(scope, "Imports")
        self.name = name = f"{stage.prefix}-imports-{Aws.ACCOUNT_ID}-{Aws.REGION}"
        self.queue = dead_letters.queue(self, reader.edge, reader.edge, Reader(reader.size.timeout_s))
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
        self.access_logs = _access_logs(self, stage) if stage.retained else None
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=name,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            # One request to KMS a while, not one a file.
            bucket_key_enabled=True if key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=stage.tls_only,
            versioned=stage.retained,
            server_access_logs_bucket=self.access_logs,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=KEPT,
                    noncurrent_version_expiration=KEPT_AFTER_DELETION if stage.retained else None,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=removal(stage),
        )
        if not stage.retained:
            acknowledge(self.bucket, "AwsSolutions-S1", "A stage that keeps nothing keeps no log of who read it.")
        self._notify_the_queue()

    def _notify_the_queue(self) -> None:
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
        incoming, results = (f"arn:{Aws.PARTITION}:s3:::{self.name}/{prefix}*" for prefix in (INCOMING, RESULTS))
        return [
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[incoming, results]),
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[results]),
        ]


def _access_logs(scope: Construct, stage: Stage) -> s3.Bucket:
    """Who read or wrote a file of leads. S3 delivers its logs to buckets with its own key only."""
    bucket = s3.Bucket(
        scope,
        "AccessLogs",
        bucket_name=f"{stage.prefix}-logs-{Aws.ACCOUNT_ID}-{Aws.REGION}",
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=stage.tls_only,
        lifecycle_rules=[s3.LifecycleRule(expiration=ACCESS_LOGS_KEPT)],
        removal_policy=removal(stage),
    )
    acknowledge(bucket, "AwsSolutions-S1", "It holds the access log of the buckets; a log of the log has no end.")
    return bucket
