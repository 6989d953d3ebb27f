"""The stack: it joins the components, and says who triggers whom."""

from collections.abc import Mapping, Sequence

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk.aws_lambda import ILayerVersion
from constructs import Construct

from infra.catalog import FUNCTIONS, REPLAYS_AT_ONCE, SIGNING_KEYS, FunctionSpec
from infra.components.alarms import Alarms
from infra.components.api import PublicApi
from infra.components.bus import build_bus, on_domain_event
from infra.components.dashboard import build_dashboard
from infra.components.environment import environment_of
from infra.components.functions import SodateFunction
from infra.components.imports import INCOMING, RESULTS, Imports
from infra.components.key import StageKey
from infra.components.layers import build_layers
from infra.components.mail import EmailEvents, build_send_queue
from infra.components.nag import acknowledge
from infra.components.permissions import (
    ANY_TEMPLATE,
    may_ask_for_limits,
    may_delete_from,
    may_publish,
    may_read_account_suppressions,
    may_read_secret,
    may_send_mail,
    may_use_key,
    may_use_table,
)
from infra.components.playbook_schema import playbook_schema
from infra.components.queues import DeadLetters, Reader, may_count, may_send
from infra.components.rotation import rotate
from infra.components.schedules import run_every
from infra.components.secrets import arn_of, build_secrets, setting_of
from infra.components.storage import build_table
from infra.components.triggers import read_queue, read_stream, settled_sends, written
from infra.config import Stage

SPECS = {spec.name: spec for spec in FUNCTIONS}
SCHEDULES = {
    "step_mail_dispatch": Duration.minutes(1),
    "send_sweeper": Duration.minutes(5),
    "score_decay": Duration.minutes(1),
    "sales_followup": Duration.minutes(1),
    "suppression_sync": Duration.days(1),
}


class SodateStack(Stack):
    def __init__(self, scope: Construct, stage: Stage, **kwargs: object) -> None:
        super().__init__(scope, f"Sodate-{stage.name}", **kwargs)  # type: ignore[arg-type]
        self.stage = stage
        self.key = StageKey(self, stage)
        self.dead_letters = DeadLetters(self, stage, self.key.for_data)
        self.table = build_table(self, stage, self.key.for_data)
        self.bus = build_bus(self, stage)
        self.secrets = build_secrets(self, stage, self.key.for_data)
        self.send_queue = build_send_queue(self, SPECS["email_sender"], self.dead_letters)
        replays = SPECS["score_replay"]
        self.replay_queue = self.dead_letters.queue(self, replays.dashed, replays.edge, Reader(replays.size.timeout_s))
        self.mail_events = EmailEvents(self, stage, self.key.key, SPECS["email_events"], self.dead_letters)
        self.imports = Imports(self, stage, self.key.for_data, SPECS["lead_import"], self.dead_letters)
        self.api = PublicApi(self, stage, self.key.for_data)
        self.functions = self._functions()
        self._permissions()
        self._triggers()
        self._alarms()
        self._outputs()

    def _functions(self) -> dict[str, SodateFunction]:
        layers = build_layers(self, self.stage)
        values = {
            "SODATE_TABLE": self.table.table_name,
            "SODATE_BUS": self.bus.event_bus_name,
            "SODATE_SEND_QUEUE_URL": self.send_queue.queue_url,
            "SODATE_REPLAY_QUEUE_URL": self.replay_queue.queue_url,
            "SODATE_EVENT_DEAD_LETTER_URL": self.dead_letters.behind(SPECS["email_events"].edge).queue_url,
            "SODATE_IMPORT_QUEUE_URL": self.imports.queue.queue_url,
            "SODATE_PUBLIC_URL": self.api.public_url,
            "SODATE_ANNOUNCE_ROUTINE": "on" if self.stage.announce_routine else "off",
            "SODATE_CONFIGURATION_SET": self.mail_events.configuration_set.configuration_set_name,
            **{setting_of(name): arn_of(secret) for name, secret in self.secrets.items()},
        }
        return {spec.name: self._function(spec, layers, values) for spec in FUNCTIONS}

    def _function(
        self, spec: FunctionSpec, layers: Sequence[ILayerVersion], values: Mapping[str, str]
    ) -> SodateFunction:
        behind = None if spec.synchronous else self.dead_letters.behind(spec.edge)
        if behind:
            values = {**values, "SODATE_DEAD_LETTER_URL": behind.queue_url}
        environment = environment_of(spec, self.stage, values)
        return SodateFunction(
            self,
            self.stage,
            spec,
            layers=layers,
            environment=environment,
            dead_letters=behind,
            key=self.key.for_data,
        )

    def _permissions(self) -> None:
        for function in self.functions.values():
            self._catalog_permissions(function)
            if self.key.for_data:
                function.allow(may_use_key(self, self.key.for_data, function.spec))
        self.functions["event_publisher"].allow(may_publish(self.bus))
        configuration_set = self.mail_events.configuration_set.configuration_set_name
        sender = self.functions["email_sender"]
        sender.allow(may_send_mail(self, self.stage, configuration_set))
        # As cdk-nag writes the ARN.
        templates = f"arn:aws:ses:{self.stage.region}:<AWS::AccountId>:template/{ANY_TEMPLATE}"
        why = "Inline templates have no name that could be listed."
        acknowledge(sender.role, f"AwsSolutions-IAM5[Resource::{templates}]", why)
        importer = self.functions["lead_import"]
        importer.allow(*self.imports.may_read_and_answer(), may_send(self.imports.queue))
        for prefix in (INCOMING, RESULTS):
            rule = f"AwsSolutions-IAM5[Resource::<{self._bucket_id()}.Arn>/{prefix}*]"
            acknowledge(importer.role, rule, "Every file under this prefix of the import bucket, no other.")
        dispatcher = self.functions["step_mail_dispatch"]
        dispatcher.allow(may_ask_for_limits())
        acknowledge(dispatcher.role, "AwsSolutions-IAM5[Resource::*]", "ses:GetAccount knows no resource.")
        suppression = self.functions["suppression_sync"]
        suppression.allow(may_read_account_suppressions())
        why = "ses:ListSuppressedDestinations knows no resource."
        acknowledge(suppression.role, "AwsSolutions-IAM5[Resource::*]", why)

    def _catalog_permissions(self, function: SodateFunction) -> None:
        spec = function.spec
        if spec.table:
            function.allow(may_use_table(self.table, spec.table))
        if spec.deletes:
            function.allow(may_delete_from(self.table, spec.deletes))
        if spec.plans_sends:
            function.allow(may_send(self.send_queue))
        if spec.replays:
            function.allow(may_send(self.replay_queue))
        if spec.buries:
            function.allow(may_send(function.dead_letters))
        if spec.counts_event_letters:
            function.allow(may_count(self.dead_letters.behind(SPECS["email_events"].edge)))
        function.allow(*(may_read_secret(self.secrets[name]) for name in spec.secrets))

    def _bucket_id(self) -> str:
        return str(self.get_logical_id(self.imports.bucket.node.default_child))  # type: ignore[arg-type]

    def _triggers(self) -> None:
        of = self.functions
        self.api.connect(of)
        # Senders wait for their slot: without a bound a burst of opt-in emails would fill the account's pool with
        # invocations that sleep, forms would be throttled, and messages would be given up after eight such receives.
        read_queue(of["email_sender"], self.send_queue, at_once=self.stage.senders_at_once)
        read_queue(of["score_replay"], self.replay_queue, batch_size=1, at_once=REPLAYS_AT_ONCE)
        # What SES tells may wait some seconds: one invocation for many events is most of what they cost.
        read_queue(of["email_events"], self.mail_events.queue, batch_size=100, window_s=self.stage.events_window_s)
        read_queue(of["lead_import"], self.imports.queue, batch_size=1)
        read_stream(
            self.stage,
            of["scoring"],
            self.table,
            filters=[written("activity", events=["INSERT"]), written("profile")],
        )
        read_stream(
            self.stage,
            of["event_publisher"],
            self.table,
            filters=[written("submission", "consent", "state", "score", "signal"), settled_sends(self.stage)],
        )
        for name, interval in SCHEDULES.items():
            run_every(self.stage, of[name], interval)
        on_domain_event(self.stage, self.bus, "LeadBecameHot", of["sales_handoff"])
        rotate(self.stage, self.secrets[SIGNING_KEYS], of["signing_key_rotation"])

    def _alarms(self) -> None:
        of, alarms = self.functions, Alarms(self, self.stage, self.key.key)
        alarms.mail_to_ops(self.dead_letters)
        alarms.on_dead_letters(self.dead_letters.queues)
        alarms.on_errors(of.values())
        alarms.on_schedules((of[name], interval) for name, interval in SCHEDULES.items())
        alarms.on_business_metrics()
        queues = {
            "send": self.send_queue,
            "events": self.mail_events.queue,
            "lead-import": self.imports.queue,
            "score-replay": self.replay_queue,
        }
        alarms.on_late_work(queues, [of["scoring"], of["event_publisher"]])
        alarms.on_api(self.api.api)
        alarms.on_reputation()
        build_dashboard(
            self,
            self.stage,
            alarms=alarms.all,
            api=self.api.api,
            queues=queues,
            dead_letters=self.dead_letters.queues,
        )

    def _outputs(self) -> None:
        outputs = {
            "ApiUrl": self.api.public_url,
            "ApiId": self.api.api.api_id,
            "TableName": self.table.table_name,
            "BusName": self.bus.event_bus_name,
            "SendQueueUrl": self.send_queue.queue_url,
            "ReplayQueueUrl": self.replay_queue.queue_url,
            "SendDlqUrl": self.dead_letters.behind("send").queue_url,
            "EventsTopicArn": self.mail_events.topic.topic_arn,
            "ImportBucket": self.imports.bucket.bucket_name,
            "ConfigurationSet": self.mail_events.configuration_set.configuration_set_name,
            "PlaybookSchema": playbook_schema(),
            **self.dead_letters.outputs(),
            **{f"Function{name}": one.alias.function_arn for name, one in self._by_id().items()},
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)

    def _by_id(self) -> dict[str, SodateFunction]:
        return {function.spec.id: function for function in self.functions.values()}
