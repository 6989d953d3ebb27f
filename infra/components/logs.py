"""Log groups: by name, so that a function and the group that it writes to can stand in different stacks."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.catalog import FunctionSpec
from infra.components.table import removal
from infra.config import Stage


def build_log_group(scope: Construct, construct_id: str, stage: Stage, name: str, key: kms.Key | None) -> logs.LogGroup:
    """A log group named `name` that keeps its lines for `stage.log_retention_days`."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        encryption_key=key,
        retention=_retention(stage),
        removal_policy=removal(stage),
    )


def name_of_function_logs(stage: Stage, spec: FunctionSpec) -> str:
    return f"/aws/lambda/{stage.prefix}-{spec.dashed}"


def _retention(stage: Stage) -> logs.RetentionDays:
    return {
        1: logs.RetentionDays.ONE_DAY,
        7: logs.RetentionDays.ONE_WEEK,
        14: logs.RetentionDays.TWO_WEEKS,
        30: logs.RetentionDays.ONE_MONTH,
        60: logs.RetentionDays.TWO_MONTHS,
        90: logs.RetentionDays.THREE_MONTHS,
    }[stage.log_retention_days]
