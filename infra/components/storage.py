"""The single table. It has no index, on purpose: every access pattern is served by `pk` and `sk`."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.config import Stage


def removal(stage: Stage) -> RemovalPolicy:
    """Data outlives a deleted stack, except on the local cloud."""
    return RemovalPolicy.RETAIN if stage.retained else RemovalPolicy.DESTROY


def build_table(scope: Construct, stage: Stage) -> dynamodb.Table:
    return dynamodb.Table(
        scope,
        "Table",
        table_name=stage.prefix,
        partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        time_to_live_attribute="ttl",
        stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        encryption=dynamodb.TableEncryption.AWS_MANAGED,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=stage.retained,
        removal_policy=removal(stage),
    )
