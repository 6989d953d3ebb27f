"""The erasure ledger: a bucket outside of the table, so that a restored table learns what was erased since.

Where data is kept, an object can be neither replaced nor deleted for as long as the table can be restored.
"""

from aws_cdk import Aws, Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.components.nag import acknowledge
from infra.components.table import removal
from infra.config import Stage

# DynamoDB restores any second of the last 35 days; a few more, for whoever restores on the last one.
LOCKED = Duration.days(40)
# As long as proof of consent is kept at most; copies of the table in a vault may be as old.
KEPT = Duration.days(10 * 366)


class ErasureLedger(Construct):
    """Made with object lock where the stage keeps its data: it cannot be switched on later."""

    def __init__(self, scope: Construct, stage: Stage, key: kms.Key | None, access_logs: s3.Bucket | None) -> None:
        super().__init__(scope, "Erasures")
        self.name = f"{stage.prefix}-erasures-{Aws.ACCOUNT_ID}-{Aws.REGION}"
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=self.name,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=stage.tls_only,
            versioned=True,
            # Governance, not compliance: a person with a right of its own may still end a ledger of a wrong test.
            object_lock_enabled=True if stage.retained else None,
            object_lock_default_retention=s3.ObjectLockRetention.governance(LOCKED) if stage.retained else None,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix="erasures/" if access_logs else None,
            lifecycle_rules=[s3.LifecycleRule(expiration=KEPT, noncurrent_version_expiration=KEPT)],
            removal_policy=removal(stage),
        )
        if access_logs is None:
            acknowledge(self.bucket, "AwsSolutions-S1", "A stage that keeps nothing keeps no log of who read it.")
