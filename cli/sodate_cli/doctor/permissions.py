"""What each function's role may do, by IAM's policy simulator: all that the catalog promises, and nothing dangerous.

The simulator reads the role's own policies; resource policies and service control policies are not part of its answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sodate.dynamodb import keys

from infra.catalog import ADDRESS_KEY, CAPTCHA, SIGNING_KEYS, WEBHOOK, FunctionSpec
from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, judged, listed, ok, warning
from sodate_cli.doctor.schedules import QUEUE_READERS, STREAM_READERS

_SECRETS = (SIGNING_KEYS, ADDRESS_KEY, WEBHOOK, CAPTCHA)
_READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes")
_READ_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
_WRITE_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
_ROTATE = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue")
_NEVER = ("dynamodb:DeleteTable", "dynamodb:UpdateTable", "dynamodb:DeleteItem")

Context = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Demand:
    """One question to the simulator. `context`: condition keys and their values; `may`: the answer that is right."""

    actions: tuple[str, ...]
    resource: str
    context: Context = field(default=())
    may: bool = True


def permissions(d: Deployment) -> Result:
    problems = [
        problem
        for spec in d.functions
        if spec.name in d.configurations
        for demand in demands(d, spec)
        for problem in _problems(d, spec, demand)
    ]
    good = f"the roles of {len(d.configurations)} functions allow what the catalog says, and deny what is dangerous"
    return judged(problems, good, f"compare the role with infra/catalog.py; {d.redeploy}")


def bulk_templates(d: Deployment) -> Result:
    """SES may ask for `template/*` when a bulk call carries an inline template; AWS documents it nowhere clearly."""
    spec = next(one for one in d.functions if one.name == "email_sender")
    demand = Demand(("ses:SendBulkEmail",), _arn(d, "ses", "template/*"), _from(d))
    if not _problems(d, spec, demand):
        return ok("email_sender may use inline templates in SendBulkEmail")
    return warning(
        "email_sender may not use template/* in SendBulkEmail; if SES asks for it, every step mail is refused",
        "allow ses:SendBulkEmail on template/* in infra/components/permissions.py (may_send_mail) and deploy",
    )


def demands(d: Deployment, spec: FunctionSpec) -> Iterator[Demand]:
    table, settings = str(d.table["TableArn"]), _settings(d, spec)
    yield Demand(_WRITE_LOG, _arn(d, "logs", f"log-group:/aws/lambda/{d.function_name(spec)}:log-stream:doctor"))
    if spec.table:
        yield Demand(tuple(f"dynamodb:{action}" for action in spec.table), table)
    yield from _never(table, spec, with_conditions=not d.is_local)
    for name in _SECRETS:
        if secret := settings.get(f"SODATE_{name.replace('-', '_').upper()}_SECRET"):
            yield Demand(("secretsmanager:GetSecretValue",), secret)
    for variable, sends in (
        ("SODATE_SEND_QUEUE_URL", spec.plans_sends),
        ("SODATE_REPLAY_QUEUE_URL", spec.replays),
        ("SODATE_EVENTS_QUEUE_URL", spec.defers_events),
        ("SODATE_DEAD_LETTER_URL", spec.buries),
    ):
        if sends and variable in settings:
            yield Demand(("sqs:SendMessage",), _arn(d, "sqs", settings[variable].rsplit("/", 1)[-1]))
    if queue := QUEUE_READERS.get(spec.name):
        yield Demand(_READ_QUEUE, _arn(d, "sqs", f"{d.prefix}-{queue}"))
    if spec.name in STREAM_READERS and "LatestStreamArn" in d.table:
        yield Demand(_READ_STREAM, str(d.table["LatestStreamArn"]))
    yield from _special(d, spec)


def _never(table: str, spec: FunctionSpec, *, with_conditions: bool) -> Iterator[Demand]:
    """Deleting is for `spec.deletes` only, and for a lead for who erases. The local cloud does not evaluate that
    condition."""
    if spec.erases:
        yield Demand(_NEVER[:2], table, may=False)
        return
    if spec.deletes and not with_conditions:
        return
    other_lead = keys.lead("another")
    scans = () if "Scan" in spec.table else ("dynamodb:Scan",)
    yield Demand((*_NEVER, *scans), table, (("dynamodb:LeadingKeys", other_lead),), may=False)
    for prefix in spec.deletes:
        yield Demand(("dynamodb:DeleteItem",), table, (("dynamodb:LeadingKeys", f"{prefix}x"),))


def _special(d: Deployment, spec: FunctionSpec) -> Iterator[Demand]:
    match spec.name:
        case "email_sender" | "report_email" if not d.is_local:  # the SES simulator asks no role
            send = ("ses:SendEmail", "ses:SendBulkEmail")[: 1 + (spec.name == "email_sender")]
            name = d.expected.mail_identity.name
            yield Demand(send, _arn(d, "ses", f"identity/{name}"), _from(d))
            yield Demand(send, _arn(d, "ses", f"configuration-set/{d.output('ConfigurationSet')}"), _from(d))
        case "step_mail_dispatch":
            yield Demand(("ses:GetAccount",), "*")
        case "suppression_sync":
            yield Demand(("ses:ListSuppressedDestinations",), "*")
        case "event_publisher":
            yield Demand(("events:PutEvents",), _arn(d, "events", f"event-bus/{d.output('BusName')}"), _SOURCE)
        case "signing_key_rotation":
            secret = d.clients("secretsmanager").describe_secret(SecretId=f"{d.prefix}/{SIGNING_KEYS}")["ARN"]
            yield Demand(_ROTATE, secret)


_SOURCE: Context = (("events:source", "sodate"),)


def _from(d: Deployment) -> Context:
    """An address of the stage's identity; whether the live playbook's is one of them is what `sender` says."""
    name = d.expected.mail_identity.name
    return (("ses:FromAddress", name if "@" in name else f"doctor@{name}"),)


def _settings(d: Deployment, spec: FunctionSpec) -> Mapping[str, str]:
    return dict(d.configurations[spec.name].get("Environment", {}).get("Variables", {}))


def _arn(d: Deployment, service: str, resource: str) -> str:
    partition = str(d.table["TableArn"]).split(":")[1]
    return f"arn:{partition}:{service}:{d.region}:{d.account}:{resource}"


def _problems(d: Deployment, spec: FunctionSpec, demand: Demand) -> list[str]:
    answer = d.clients("iam").simulate_principal_policy(
        PolicySourceArn=d.configurations[spec.name]["Role"],
        ActionNames=list(demand.actions),
        ResourceArns=[demand.resource],
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": _type_of(key)}
            for key, value in demand.context
        ],
    )
    wrong = [one["EvalActionName"] for one in answer["EvaluationResults"] if _is_allowed(one) != demand.may]
    about = demand.resource if demand.resource == "*" else demand.resource.split(":", 5)[-1]
    verb = "may not" if demand.may else "may, against the catalog,"
    return [f"{spec.name} {verb} {listed(wrong)} on {about}"] if wrong else []


def _type_of(key: str) -> str:
    return "stringList" if key == "dynamodb:LeadingKeys" else "string"


def _is_allowed(answer: Mapping[str, Any]) -> bool:
    return bool(answer["EvalDecision"] == "allowed")


CHECKS = (
    Check("permissions", permissions),
    Check("bulk-templates", bulk_templates, needs_aws="the SES simulator asks no role"),
)
