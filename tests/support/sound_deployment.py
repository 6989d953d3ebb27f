"""A deployment of the stage `prod` in which everything is right, and every part of which a test can spoil.

What moto offers is really there (table, queues, topics, keys, rules, secrets, logs, alarms); the rest are answers.
"""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from sodate.authoring.apply import publish
from sodate.authoring.check import check
from sodate.dynamodb import keys, table
from sodate.dynamodb.client import sdk_client
from sodate.dynamodb.item import Row
from sodate.dynamodb.table import Table
from sodate.email.reputation import rate_limiter
from sodate.email.reputation.store import SyncItem
from sodate.scheduling import store as due
from sodate_cli.doctor.deployment import Deployment
from sodate_cli.target import Target

from infra.catalog import FUNCTIONS
from infra.config import MailIdentity, Stage, Throttle
from tests.fakes.aws_answers import AwsAnswers, Json, Refused

NOW = datetime(2026, 11, 25, 3, 0, 10, tzinfo=UTC)
ACCOUNT, REGION, STAGE = "123456789012", "ap-northeast-1", "prod"
PREFIX, TABLE = f"sodate-{STAGE}", f"sodate-{STAGE}"
PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "b2b-ja"
DOMAIN = "norte.test"
API = f"https://api.{DOMAIN}"
ALARMS = (f"{PREFIX}-send-dlq-not-empty", f"{PREFIX}-late-steps")
QUEUES = ("send", "events", "score-replay", "lead-import")
SCHEDULES = (
    "step-mail-dispatch",
    "send-sweeper",
    "score-decay",
    "sales-followup",
    "report-email",
    "kpi-rollup",
    "suppression-sync",
    "privacy-review",
)
SECRETS = {
    "signing-keys": {"keys": [{"id": "k1", "key": "a-key", "created": "2026-11-01T00:00:00Z"}]},
    "address-key": {"key": "an-address-key"},
    "webhook": {"key": "a-webhook-key"},
    "captcha": {},
}
EXPECTED = Stage(
    name=STAGE,
    mail_identity=MailIdentity(DOMAIN),
    throttle=Throttle(requests_per_second=100, burst=200),
    log_retention_days=90,
    alarm_email=f"ops@{DOMAIN}",
    retained=True,
)
#: Items of the sample playbook.
_published: list[Row] = []
_LAYERS = [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{PREFIX}-{name}:7" for name in ("dependencies", "sodate")]


class SoundDeployment:
    """Make it inside moto's `mock_aws`. Attributes are what AWS knows; change one and it is wrong."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.machine_now = NOW
        self.aws_now = NOW
        self.http: dict[str, tuple[int, bytes]] = {}
        self.waited = 0.0
        self.moved: list[Callable[[], None]] = []
        self.aws = AwsAnswers(self._answers(), lambda: self.aws_now)
        self._table()
        self._queues_and_topics()
        self._functions()
        self._schedules()
        self._secrets_and_logs()
        self._email()
        self._stacks()
        self._alarm_history: list[Json] = []
        self.aws.calls.clear()  # what follows is doctor's

    def deployment(self) -> Deployment:
        made = Deployment(
            target=Target(STAGE, TABLE, REGION),
            clients=self.aws.client,
            now=NOW,
            machine_now=lambda: self.machine_now,
            fetch=self._fetch,
            pause=self._pause,
            new_id=iter(f"id{number}" for number in range(100)).__next__,
            checkout=self.checkout,
        )
        made.expected = EXPECTED
        return made

    def answer(self, service: str, operation: str, made: Callable[[Json], Json]) -> None:
        """Another answer than the sound one."""
        self.aws.answers[service, operation] = made

    def function(self, name: str) -> Json:
        """The configuration behind the alias of a function, by its name in the catalog."""
        return self.functions[f"{PREFIX}-{name.replace('_', '-')}"]

    # -- what moto has -----------------------------------------------------------------------------------------

    def _table(self) -> None:
        client = self.aws.client("dynamodb")
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            DeletionProtectionEnabled=True,
        )
        self.stream = client.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        client.update_time_to_live(TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
        client.update_continuous_backups(
            TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        Table(TABLE, sdk_client()).use()
        if not _published:  # MJML takes a second, and the writes take another
            checked = check(PLAYBOOK, {"mailing.sender.from_address": f"news@{DOMAIN}"})
            assert checked.ok, checked.problems
            publish(checked, now=NOW)
            _published.extend(table.scan_rows(None))
        table.put_many(_published)
        for lane in due.LANES:
            due.move_cursor(lane, NOW.replace(second=0) - timedelta(minutes=1))
        table.put(SyncItem(keys.suppression_sync(), keys.POSITION, until=keys.stamp(NOW - timedelta(hours=20))))
        rate_limiter.keep(rate_limiter.RateLimit(rate=14.0))

    def _queues_and_topics(self) -> None:
        sqs, sns, kms = self.aws.client("sqs"), self.aws.client("sns"), self.aws.client("kms")
        self.queues = {name: sqs.create_queue(QueueName=f"{PREFIX}-{name}")["QueueUrl"] for name in QUEUES}
        edges = {spec.edge for spec in FUNCTIONS if not spec.synchronous}
        self.dead = {edge: sqs.create_queue(QueueName=f"{PREFIX}-{edge}-dlq")["QueueUrl"] for edge in edges}
        services = [
            _allow(f"{name}.amazonaws.com", ["kms:GenerateDataKey", "kms:Decrypt"], "*")
            for name in ("ses", "cloudwatch")
        ]
        self.key = kms.create_key(Policy=_policy(*services))["KeyMetadata"]["KeyId"]
        self.topics = {}
        for name, service in (("email-events", "ses"), ("alarms", "cloudwatch")):
            attributes = {"KmsMasterKeyId": self.key}
            arn = self.topics[name] = sns.create_topic(Name=f"{PREFIX}-{name}", Attributes=attributes)["TopicArn"]
            statement = _allow(f"{service}.amazonaws.com", "sns:Publish", arn)
            sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=_policy(statement))
        queue = _arn("sqs", f"{PREFIX}-events")
        sqs.set_queue_attributes(
            QueueUrl=self.queues["events"],
            Attributes={"Policy": _policy(_allow("sns.amazonaws.com", "sqs:SendMessage", queue))},
        )
        sns.subscribe(TopicArn=self.topics["email-events"], Protocol="sqs", Endpoint=queue)
        sns.subscribe(TopicArn=self.topics["alarms"], Protocol="email", Endpoint=f"ops@{DOMAIN}")
        for name in ALARMS:
            self.aws.client("cloudwatch").put_metric_alarm(**alarm(name, self.topics["alarms"]))

    def _schedules(self) -> None:
        client = self.aws.client("events")
        client.create_event_bus(Name=PREFIX)
        for name in SCHEDULES:
            client.put_rule(Name=f"{PREFIX}-{name}", ScheduleExpression="rate(1 minute)")
            client.put_targets(Rule=f"{PREFIX}-{name}", Targets=[{"Id": "t", "Arn": alias(f"{PREFIX}-{name}")}])
        rule = f"{PREFIX}-sales-handoff"
        client.put_rule(Name=rule, EventBusName=PREFIX, EventPattern='{"source": ["sodate"]}')
        client.put_targets(Rule=rule, EventBusName=PREFIX, Targets=[{"Id": "t", "Arn": alias(rule)}])

    def _secrets_and_logs(self) -> None:
        self.secrets: dict[str, Json] = {}
        for name, value in SECRETS.items():
            made = self.aws.client("secretsmanager").create_secret(
                Name=f"{PREFIX}/{name}", SecretString=json.dumps(value)
            )
            self.secrets[f"{PREFIX}/{name}"] = {"ARN": made["ARN"], "VersionIdsToStages": {"v1" * 16: ["AWSCURRENT"]}}
        self.secrets[f"{PREFIX}/signing-keys"] |= {
            "RotationEnabled": True,
            "NextRotationDate": NOW + timedelta(days=40),
        }
        for name in [f"/aws/lambda/{name}" for name in self.functions] + [f"/aws/apigateway/{PREFIX}"]:
            self.aws.client("logs").create_log_group(logGroupName=name)
            self.aws.client("logs").put_retention_policy(logGroupName=name, retentionInDays=90)

    # -- what is answered --------------------------------------------------------------------------------------

    def _functions(self) -> None:
        self.functions: dict[str, Json] = {}
        self.mappings: dict[str, Json] = {}
        self.reserved: dict[str, int] = {}
        self.newest = 3
        for spec in FUNCTIONS:
            name = f"{PREFIX}-{spec.dashed}"
            self._source(spec.name)
            self.functions[name] = {
                "FunctionName": name,
                "Version": "3",
                "Runtime": "python3.13",
                "Handler": spec.handler,
                "MemorySize": spec.size.memory_mb,
                "Timeout": spec.size.timeout_s,
                "State": "Active",
                "LastUpdateStatus": "Successful",
                "Role": f"arn:aws:iam::{ACCOUNT}:role/{spec.name}",
                "Layers": [{"Arn": arn} for arn in _LAYERS],
                "Environment": {"Variables": self._environment(spec)},
            }
        for function, queue in (
            ("email-sender", "send"), ("score-replay", "score-replay"), ("email-events", "events"),
            ("lead-import", "lead-import"),
        ):  # fmt: skip
            self.mappings[f"{PREFIX}-{function}"] = mapping(_arn("sqs", f"{PREFIX}-{queue}"))
        self.mappings[f"{PREFIX}-score-replay"]["ScalingConfig"] = {"MaximumConcurrency": 8}
        for function in ("scoring", "event-publisher"):
            self.mappings[f"{PREFIX}-{function}"] = mapping(self.stream) | {
                "FilterCriteria": {"Filters": [{"Pattern": "{}"}]},
                "DestinationConfig": {"OnFailure": {"Destination": _arn("sqs", f"{PREFIX}-{function}-dlq")}},
            }
        self._source("../layers/sodate/python/sodate")
        self.layer = zipped(self.checkout / "layers" / "sodate")

    def _environment(self, spec: Any) -> dict[str, str]:
        found = {"SODATE_STAGE": STAGE, **{name: f"value of {name}" for name in spec.settings}}
        found |= {name: value for name, value in self._addresses().items() if name in found}
        if spec.table:
            found["SODATE_TABLE"] = TABLE
        if spec.plans_sends:
            found["SODATE_SEND_QUEUE_URL"] = self.queues["send"]
        if spec.replays:
            found["SODATE_REPLAY_QUEUE_URL"] = self.queues["score-replay"]
        if spec.defers_events:
            found["SODATE_EVENTS_QUEUE_URL"] = self.queues["events"]
        if spec.buries:
            found["SODATE_DEAD_LETTER_URL"] = self.dead[spec.edge]
        if spec.counts_event_letters:
            found["SODATE_EVENT_DEAD_LETTER_URL"] = self.dead["email-events"]
        for name in spec.secrets:
            found[f"SODATE_{name.replace('-', '_').upper()}_SECRET"] = _arn(
                "secretsmanager", f"secret:{PREFIX}/{name}-x"
            )
        return found

    def _addresses(self) -> dict[str, str]:
        return {"SODATE_BUS": PREFIX, "SODATE_CONFIGURATION_SET": PREFIX}

    def _source(self, package: str) -> None:
        folder = self.checkout / "functions" / package
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "handler.py").write_text(f"# {package}\n")

    def _email(self) -> None:
        self.account: Json = {
            "SendingEnabled": True,
            "ProductionAccessEnabled": True,
            "EnforcementStatus": "HEALTHY",
            "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 120.0},
            "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        }
        self.identity: Json = {
            "VerifiedForSendingStatus": True,
            "VerificationStatus": "SUCCESS",
            "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS"},
            "MailFromAttributes": {
                "MailFromDomain": f"bounce.{DOMAIN}",
                "MailFromDomainStatus": "SUCCESS",
                "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
            },
        }
        self.configuration_set: Json = {
            "ConfigurationSetName": PREFIX,
            "SendingOptions": {"SendingEnabled": True},
            "ReputationOptions": {"ReputationMetricsEnabled": True},
            "SuppressionOptions": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        }
        self.event_types = [
            "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "OPEN", "CLICK", "RENDERING_FAILURE", "DELIVERY_DELAY",
        ]  # fmt: skip
        self.denied: set[tuple[str, str]] = set()
        self.too_much: set[tuple[str, str]] = set()

    def _stacks(self) -> None:
        kept = {
            "ApiUrl": API,
            "TableName": TABLE,
            "BusName": PREFIX,
            "ConfigurationSet": PREFIX,
            "EventsTopicArn": self.topics["email-events"],
            "SendQueueUrl": self.queues["send"],
            **{f"Dlq{_pascal(edge)}Url": url for edge, url in self.dead.items()},
        }
        aliases = {f"Function{spec.id}": alias(f"{PREFIX}-{spec.dashed}") for spec in FUNCTIONS}
        self.stateful, self.stateless = _stack("stateful", kept), _stack("stateless", aliases)
        self.http[f"{API}/forms/"] = (404, b'{"error": {"code": "not_found"}}')

    def _answers(self) -> dict[tuple[str, str], Callable[[Json], Json]]:
        return {
            ("sts", "GetCallerIdentity"): lambda _: {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ops"},
            ("cloudformation", "DescribeStacks"): lambda request: {
                "Stacks": [one for one in (self.stateful, self.stateless) if one["StackName"] == request["StackName"]]
            },
            ("cloudformation", "ListStackResources"): lambda _: {"StackResourceSummaries": _alarm_resources()},
            ("lambda", "GetFunctionConfiguration"): lambda request: self._configuration(request),
            ("lambda", "GetFunction"): lambda request: {"Code": {"Location": f"zip:{_name_of(request)}"}},
            ("lambda", "GetLayerVersionByArn"): lambda _: {"Content": {"Location": "zip:layer"}},
            ("lambda", "ListVersionsByFunction"): lambda _: {"Versions": [{"Version": str(self.newest)}]},
            ("lambda", "GetFunctionConcurrency"): lambda request: self._concurrency(request),
            ("lambda", "GetAccountSettings"): lambda _: {
                "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 980}
            },
            ("lambda", "ListEventSourceMappings"): lambda request: self._mapping(request),
            ("sesv2", "GetAccount"): lambda _: self.account,
            ("sesv2", "GetEmailIdentity"): lambda _: self.identity,
            ("sesv2", "GetConfigurationSet"): lambda _: self.configuration_set,
            ("sesv2", "GetConfigurationSetEventDestinations"): lambda _: {"EventDestinations": self._destinations()},
            ("secretsmanager", "DescribeSecret"): lambda request: self._secret(request),
            ("cloudwatch", "GetMetricStatistics"): lambda _: {"Datapoints": []},
            ("cloudwatch", "SetAlarmState"): lambda request: self._ring(request),
            ("cloudwatch", "DescribeAlarmHistory"): lambda _: {"AlarmHistoryItems": list(self._alarm_history)},
            ("iam", "SimulatePrincipalPolicy"): lambda request: self._simulate(request),
        }

    def _configuration(self, request: Json) -> Json:
        name = _name_of(request)
        if name not in self.functions:
            raise Refused("ResourceNotFoundException", "Function not found", 404)
        return self.functions[name]

    def _concurrency(self, request: Json) -> Json:
        reserved = self.reserved.get(request["FunctionName"])
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def _mapping(self, request: Json) -> Json:
        found = self.mappings.get(_name_of(request))
        return {"EventSourceMappings": [found] if found else []}

    def _destinations(self) -> list[Json]:
        topic = {"TopicArn": self.topics["email-events"]}
        return [{"Name": "t", "Enabled": True, "MatchingEventTypes": self.event_types, "SnsDestination": topic}]

    def _secret(self, request: Json) -> Json:
        if request["SecretId"] not in self.secrets:
            raise Refused("ResourceNotFoundException", "no such secret")
        return self.secrets[request["SecretId"]]

    action_state = "Succeeded"

    def _ring(self, request: Json) -> Json:
        if request["StateValue"] == "ALARM":
            verb = "Successfully executed" if self.action_state == "Succeeded" else "Failed to execute"
            self._alarm_history.insert(
                0,
                {
                    "AlarmName": request["AlarmName"],
                    "Timestamp": NOW,
                    "HistoryItemType": "Action",
                    "HistorySummary": f"{verb} action {self.topics['alarms']}",
                    "HistoryData": json.dumps({"actionState": self.action_state}),
                },
            )
        return {}

    def _simulate(self, request: Json) -> Json:
        """As the roles of `infra/` are: what the catalog and the components grant, and conditions on two keys."""
        function = request["PolicySourceArn"].rsplit("/", 1)[-1]
        context = {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in request.get("ContextEntries", [])}
        resource = "@template" if request["ResourceArns"][0].endswith(":template/*") else ""
        decisions = {
            action: self._may(function, action, context) and (function, action + resource) not in self.denied
            for action in request["ActionNames"]
        }
        results = [
            {"EvalActionName": action, "EvalDecision": "allowed" if may else "implicitDeny"}
            for action, may in decisions.items()
        ]
        return {"EvaluationResults": results}

    def _may(self, function: str, action: str, context: dict[str, list[str]]) -> bool:
        if (function, action) in self.denied or (function, action) in self.too_much:
            return (function, action) in self.too_much
        spec = next(one for one in FUNCTIONS if one.name == function)
        service, verb = action.split(":")
        if verb == "DeleteItem" and not spec.erases:
            return any(key.startswith(prefix) for prefix in spec.deletes for key in context["dynamodb:LeadingKeys"])
        if service == "dynamodb":
            return verb in spec.table or (verb in _STREAM and function in ("scoring", "event_publisher"))
        if service == "ses" and verb.startswith("Send"):
            return fnmatchcase(context["ses:FromAddress"][0], f"*@{DOMAIN}")
        return True

    def _fetch(self, url: str) -> tuple[int, bytes]:
        if url.startswith("zip:"):
            return 200, self.layer if url == "zip:layer" else self._code(url.removeprefix("zip:"))
        return next((answer for start, answer in self.http.items() if url.startswith(start)), (502, b"Bad Gateway"))

    def _code(self, function: str) -> bytes:
        name = function.removeprefix(f"{PREFIX}-").replace("-", "_")
        return zipped(self.checkout, f"functions/{name}")

    def _pause(self, seconds: float) -> None:
        self.waited += seconds
        for act in self.moved:
            act()


_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator")


def alarm(name: str, topic: str, **other: Any) -> Json:
    return {
        "AlarmName": name,
        "AlarmActions": [topic],
        "MetricName": "m",
        "Namespace": "n",
        "Statistic": "Maximum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        **other,
    }


def mapping(source: str) -> Json:
    return {
        "State": "Enabled",
        "EventSourceArn": source,
        "LastProcessingResult": "OK",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }


def alias(function: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}:live"


def zipped(root: Path, folder: str = ".") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in sorted((root / folder).rglob("*.py")):
            archive.writestr(path.relative_to(root).as_posix(), path.read_bytes())
    return made.getvalue()


def put_definition(kind: str, body: Json) -> None:
    """A live definition as another release might have written it."""
    from sodate.playbook.store import Definitions

    Definitions().publish(kind, "default", body, NOW)  # type: ignore[arg-type]


def put_unknown_send() -> None:
    from sodate.email.ledger.store import planned_transactional
    from sodate.email.operator_lists.unknown import list_unknown

    list_unknown([planned_transactional("lead", "send", "optin", "welcome", {}, NOW)], NOW, NOW)


@cache
def moto(service: str) -> Any:
    """Made once: a client takes longer than most of what it is asked for here."""
    return boto3.client(service)  # type: ignore[call-overload]


def remove_cursor(lane: due.Lane) -> None:
    key = {"pk": {"S": keys.cursor(lane.name)}, "sk": {"S": keys.POSITION}}
    moto("dynamodb").delete_item(TableName=TABLE, Key=key)


def _name_of(request: Json) -> str:
    return str(request["FunctionName"]).split(":function:")[-1].removesuffix(":live")


def _stack(part: str, outputs: dict[str, str]) -> Json:
    return {
        "StackName": f"Sodate-{STAGE}-{part}",
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": NOW - timedelta(days=3),
        "EnableTerminationProtection": True,
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }


def _alarm_resources() -> list[Json]:
    return [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": name,
            "ResourceType": "AWS::CloudWatch::Alarm",
            "ResourceStatus": "CREATE_COMPLETE",
            "LastUpdatedTimestamp": NOW,
        }
        for name in ALARMS
    ]


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _allow(service: str, actions: str | list[str], resource: str) -> Json:
    condition = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": actions,
        "Resource": resource,
        "Condition": condition,
    }


def _policy(*statements: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _pascal(edge: str) -> str:
    return "".join(part.capitalize() for part in edge.split("-"))
