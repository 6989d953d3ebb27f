"""The single table. It has no index, on purpose: every access pattern is served by `pk` and `sk`."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Stage


def removal(stage: Stage) -> RemovalPolicy:
    """Where data is kept it outlives its stack, but not a first deployment that failed: nothing is in it yet, and its
    name would stand in the way of the next one."""
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if stage.retained else RemovalPolicy.DESTROY


def build_table(scope: Construct, stage: Stage, key: kms.Key | None) -> dynamodb.Table:
    encryption = dynamodb.TableEncryption.CUSTOMER_MANAGED if key else dynamodb.TableEncryption.AWS_MANAGED
    return dynamodb.Table(
        scope,
        "Table",
        table_name=stage.prefix,
        partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        time_to_live_attribute="ttl",
        stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        encryption=encryption,
        encryption_key=key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=stage.protected,
        removal_policy=removal(stage),
    )
