"""IAM statements, action by action: no grant helper, since those allow more than the catalog says."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.catalog import FunctionSpec
from infra.components.secrets import arn_of
from infra.config import Stage


def may_use_table(table: dynamodb.Table, actions: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=[f"dynamodb:{action}" for action in actions], resources=[table.table_arn])


def may_delete_from(table: dynamodb.Table, prefixes: Sequence[str]) -> iam.PolicyStatement:
    """Only items whose partition key begins with one of these."""
    return iam.PolicyStatement(
        actions=["dynamodb:DeleteItem"],
        resources=[table.table_arn],
        conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{prefix}*" for prefix in prefixes]}},
    )


def may_read_stream(table: dynamodb.Table) -> list[iam.PolicyStatement]:
    """What Lambda asks of a stream consumer's role. ListStreams knows no resource, and it shows names only."""
    actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    assert table.table_stream_arn  # noqa: S101  (the table is ours and has a stream)
    return [
        iam.PolicyStatement(actions=actions, resources=[table.table_stream_arn]),
        iam.PolicyStatement(sid="ListStreamsHasNoResource", actions=["dynamodb:ListStreams"], resources=["*"]),
    ]


def may_read_secret(secret: secretsmanager.Secret) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[arn_of(secret)])


def may_rotate_secret(secret: secretsmanager.Secret) -> iam.PolicyStatement:
    actions = ["DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"]
    return iam.PolicyStatement(actions=[f"secretsmanager:{a}" for a in actions], resources=[arn_of(secret)])


def may_publish(bus: events.EventBus) -> iam.PolicyStatement:
    """One call carries many entries, so the condition must hold for each (`ForAllValues`)."""
    return iam.PolicyStatement(
        actions=["events:PutEvents"],
        resources=[bus.event_bus_arn],
        conditions={"ForAllValues:StringEquals": {"events:source": "sodate"}},
    )


def may_use_key(scope: Construct, key: kms.Key, spec: FunctionSpec) -> iam.PolicyStatement:
    """The key of table, queues, secrets and files, and only by way of these services. The table needs more than two
    actions: DynamoDB asks in the caller's name."""
    region = Stack.of(scope).region
    actions = ["Decrypt", "GenerateDataKey"]
    if spec.table:
        actions += ["DescribeKey", "Encrypt", "ReEncryptFrom", "ReEncryptTo"]
    services = [f"{service}.{region}.amazonaws.com" for service in ("dynamodb", "s3", "secretsmanager", "sqs")]
    return iam.PolicyStatement(
        actions=[f"kms:{action}" for action in actions],
        resources=[key.key_arn],
        conditions={"StringEquals": {"kms:ViaService": services}},
    )


ANY_TEMPLATE = "*"


def may_send_mail(scope: Construct, stage: Stage, configuration_set: str) -> iam.PolicyStatement:
    """Mail leaves only from our own address, and only through the configuration set, or its events would be lost.

    SES's reference lists `template` among the resources of SendBulkEmail. Ours are inline and have no name; whether
    SES asks for the right all the same can be seen on a real account only, so it is given, and `sodate doctor` tells.
    In its sandbox SES authorises against the recipient's identity too.
    """
    names = [("identity", name) for name in (stage.mail_identity.name, *stage.sandbox_recipients)]
    names += [("configuration-set", configuration_set), ("template", ANY_TEMPLATE)]
    arns = [Stack.of(scope).format_arn(service="ses", resource=kind, resource_name=name) for kind, name in names]
    return iam.PolicyStatement(
        actions=["ses:SendEmail", "ses:SendBulkEmail"],
        resources=arns,
        conditions={"StringLike": {"ses:FromAddress": stage.mail_identity.from_address_pattern}},
    )


def may_send_single_mail(scope: Construct, stage: Stage, configuration_set: str) -> iam.PolicyStatement:
    """As `may_send_mail`, one email a call and without a template."""
    names = [("identity", name) for name in (stage.mail_identity.name, *stage.sandbox_recipients)]
    names.append(("configuration-set", configuration_set))
    arns = [Stack.of(scope).format_arn(service="ses", resource=kind, resource_name=name) for kind, name in names]
    return iam.PolicyStatement(
        actions=["ses:SendEmail"],
        resources=arns,
        conditions={"StringLike": {"ses:FromAddress": stage.mail_identity.from_address_pattern}},
    )


def may_ask_for_limits() -> iam.PolicyStatement:
    """Rate, quota and whether the account may send. GetAccount knows no resource, and it shows no data of ours."""
    return iam.PolicyStatement(sid="GetAccountHasNoResource", actions=["ses:GetAccount"], resources=["*"])


def may_read_account_suppressions() -> iam.PolicyStatement:
    """The list belongs to the account, so IAM knows no resource for it."""
    sid = "ListSuppressedDestinationsHasNoResource"
    return iam.PolicyStatement(sid=sid, actions=["ses:ListSuppressedDestinations"], resources=["*"])
