"""Rotation of the keys that sign links in mail."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.components.functions import SodateFunction
from infra.components.permissions import may_rotate_secret
from infra.components.secrets import arn_of
from infra.config import Stage

EVERY_DAYS = 90


def rotate(stage: Stage, secret: secretsmanager.Secret, function: SodateFunction) -> None:
    """Written out, since `add_rotation_schedule` would also allow GetRandomPassword on everything."""
    function.allow(may_rotate_secret(secret))
    function.when_invoked_asynchronously(retries=2, max_age=Duration.hours(6))
    allowed = lambda_.CfnPermission(
        function,
        "ForSecretsManager",
        action="lambda:InvokeFunction",
        function_name=function.alias.function_arn,
        principal="secretsmanager.amazonaws.com",
        source_account=Stack.of(function).account,
        source_arn=arn_of(secret),
    )
    if not stage.managed_rotation:
        return
    secretsmanager.CfnRotationSchedule(
        function,
        "Schedule",
        secret_id=arn_of(secret),
        rotation_lambda_arn=function.alias.function_arn,
        # At creation too: the secret begins without a key.
        rotate_immediately_on_update=True,
        rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(automatically_after_days=EVERY_DAYS),
    ).add_resource_dependency(allowed)
