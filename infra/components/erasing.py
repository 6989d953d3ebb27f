"""What an erasure may do outside of the table: read and delete import files, raw replies and dead letters that name a
lead, and write the ledger, of which it may delete nothing."""

from collections.abc import Iterator

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from infra.components.functions import SodateFunction
from infra.components.imports import INCOMING, RESULTS
from infra.components.nag import acknowledge
from infra.components.replies import INBOUND
from infra.stacks.stateful import StatefulStack

#: As `sodate.privacy.ledger` writes them.
ERASURES = "erasures/"


def let_erase(function: SodateFunction, kept: StatefulStack) -> None:
    function.allow(*_statements(kept))
    prefixes = [(kept.imports.name, INCOMING), (kept.imports.name, RESULTS), (kept.erasures.name, ERASURES)]
    if kept.replies:
        prefixes.append((kept.replies.name, INBOUND))
    for bucket, prefix in prefixes:
        # As cdk-nag writes the ARN.
        name = bucket.replace(Aws.ACCOUNT_ID, "<AWS::AccountId>").replace(Aws.REGION, "<AWS::Region>")
        rule = f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::{name}/{prefix}*]"
        acknowledge(function.role, rule, "Every object under this prefix may name the lead that is erased.")


def urls_of_dead_letters(kept: StatefulStack) -> str:
    """By their names: what is read from the other stack is an output of it, of which it may have 200."""
    base = f"https://sqs.{Aws.REGION}.{Aws.URL_SUFFIX}/{Aws.ACCOUNT_ID}"
    return ",".join(f"{base}/{name}" for name in _dead_letters(kept))


def _dead_letters(kept: StatefulStack) -> list[str]:
    return [f"{kept.stage.prefix}-{edge}-dlq" for edge in sorted(kept.dead_letters.queues)]


def _statements(kept: StatefulStack) -> Iterator[iam.PolicyStatement]:
    s3 = f"arn:{Aws.PARTITION}:s3:::"
    imports, erasures = f"{s3}{kept.imports.name}", f"{s3}{kept.erasures.name}"
    yield iam.PolicyStatement(actions=["s3:ListBucketVersions"], resources=[imports])
    yield iam.PolicyStatement(
        actions=["s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:DeleteObjectVersion"],
        resources=[f"{imports}/{INCOMING}*", f"{imports}/{RESULTS}*"],
    )
    # With permission to list, S3 says 404 of an object that is not there, and 403 only when a permission is missing.
    yield iam.PolicyStatement(actions=["s3:ListBucket"], resources=[imports, erasures])
    yield iam.PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=[f"{erasures}/{ERASURES}*"])
    if kept.replies:
        yield iam.PolicyStatement(actions=["s3:DeleteObject"], resources=[f"{s3}{kept.replies.name}/{INBOUND}*"])
    yield iam.PolicyStatement(
        actions=["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
        resources=[f"arn:{Aws.PARTITION}:sqs:{Aws.REGION}:{Aws.ACCOUNT_ID}:{name}" for name in _dead_letters(kept)],
    )
