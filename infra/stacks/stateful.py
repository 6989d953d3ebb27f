"""What a deployment cannot make again: data, messages that wait, secrets, logs, and addresses that others hold."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.catalog import EVERY_FUNCTION, FunctionSpec, functions_of
from infra.components.alarms import AlarmTopic
from infra.components.api import PublicApi
from infra.components.bus import LISTENERS, build_bus
from infra.components.email import EmailEvents, build_send_queue
from infra.components.imports import ImportBucket
from infra.components.key import StageKey
from infra.components.ledger import ErasureLedger
from infra.components.logs import build_log_group, name_of_function_logs
from infra.components.queues import DeadLetters, Reader
from infra.components.replies import InboundEmail
from infra.components.schedules import SCHEDULES
from infra.components.secrets import build_secrets
from infra.components.table import build_table
from infra.config import Stage

SPECS = {spec.name: spec for spec in EVERY_FUNCTION}


class StatefulStack(Stack):
    """`Sodate-<stage>-stateful`. Nothing in it refers to the stateless stack, which is deployed after it, or alone."""

    def __init__(self, scope: Construct, stage: Stage, **kwargs: object) -> None:
        super().__init__(scope, f"Sodate-{stage.name}-stateful", **kwargs)  # type: ignore[arg-type]
        self.stage = stage
        self.key = StageKey(self, stage)
        self.dead_letters = DeadLetters(self, stage, self.key.for_data)
        self.table = build_table(self, stage, self.key.for_data)
        self.bus = build_bus(self, stage)
        self.secrets = build_secrets(self, stage, self.key.for_data)
        self.send_queue = build_send_queue(self, SPECS["email_sender"], self.dead_letters)
        replays = SPECS["score_replay"]
        self.replay_queue = self.dead_letters.queue(self, replays.dashed, replays.edge, Reader(replays.size.timeout_s))
        self.email_events = EmailEvents(self, stage, self.key.key, SPECS["email_events"], self.dead_letters)
        self.imports = ImportBucket(self, stage, self.key.for_data, SPECS["lead_import"], self.dead_letters)
        self.erasures = ErasureLedger(self, stage, self.key.for_data, self.imports.access_logs)
        self.functions = functions_of(replies=stage.reply_domain is not None)
        self.replies = self._replies()
        self.api = PublicApi(self, stage, self.key.for_data)
        self.alarm_topic = AlarmTopic(self, stage, self.key.key)
        self.alarm_topic.mail_to_ops(self.dead_letters)
        self.function_logs = {spec.name: self._function_logs(spec) for spec in self.functions}
        self._dead_letters_of_functions()
        self._outputs()

    @property
    def queues(self) -> Mapping[str, sqs.Queue]:
        """Every queue of work, by the name that alarms and the dashboard use."""
        return {
            "send": self.send_queue,
            "events": self.email_events.queue,
            "lead-import": self.imports.queue,
            "score-replay": self.replay_queue,
            **({"inbound-email": self.replies.queue} if self.replies else {}),
        }

    def _replies(self) -> InboundEmail | None:
        if self.stage.reply_domain is None:
            return None
        return InboundEmail(self, self.stage, self.key.for_data, SPECS["inbound_email"], self.dead_letters)

    def _function_logs(self, spec: FunctionSpec) -> logs.LogGroup:
        name = name_of_function_logs(self.stage, spec)
        return build_log_group(self, f"{spec.id}Logs", self.stage, name, self.key.for_data)

    def _dead_letters_of_functions(self) -> None:
        for spec in self.functions:
            if not spec.synchronous:
                self.dead_letters.behind(spec.edge)
        for name in SCHEDULES:
            spec = SPECS[name]
            self.dead_letters.admit_rule(spec.edge, f"{self.stage.prefix}-{spec.dashed}")
        for name in LISTENERS.values():
            spec = SPECS[name]
            self.dead_letters.admit_rule(spec.edge, f"{self.stage.prefix}/{self.stage.prefix}-{spec.dashed}")

    def _outputs(self) -> None:
        outputs = {
            "ApiUrl": self.api.public_url,
            "ApiId": self.api.api.api_id,
            "TableName": self.table.table_name,
            "BusName": self.bus.event_bus_name,
            "SendQueueUrl": self.send_queue.queue_url,
            "ReplayQueueUrl": self.replay_queue.queue_url,
            "SendDlqUrl": self.dead_letters.behind("send").queue_url,
            "EventsTopicArn": self.email_events.topic.topic_arn,
            "ImportBucket": self.imports.bucket.bucket_name,
            "ErasureLedger": self.erasures.bucket.bucket_name,
            "ConfigurationSet": self.email_events.configuration_set.configuration_set_name,
            **self.dead_letters.outputs(),
            **self._reply_outputs(),
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)

    def _reply_outputs(self) -> dict[str, str]:
        if self.replies is None or self.stage.reply_domain is None:
            return {}
        return {
            "ReplyDomain": self.stage.reply_domain,
            "ReplyBucket": self.replies.bucket.bucket_name,
            **({"ReplyRuleSet": self.replies.rule_set} if self.stage.receipt_rules else {}),
        }
