"""What a deployment makes again from this repository: functions, routes, schedules, triggers, alarms, the dashboard."""

from collections.abc import Mapping, Sequence

from aws_cdk import CfnOutput, Stack
from aws_cdk.aws_lambda import ILayerVersion
from constructs import Construct

from infra.catalog import REPLAYS_AT_ONCE, SIGNING_KEYS, FunctionSpec, functions_of
from infra.components.alarms import Alarms
from infra.components.api import PublicRoutes
from infra.components.bus import LISTENERS, on_domain_event
from infra.components.dashboard import build_dashboard
from infra.components.environment import environment_of
from infra.components.erasing import let_erase, urls_of_dead_letters
from infra.components.functions import SodateFunction
from infra.components.imports import INCOMING, RESULTS
from infra.components.layers import build_layers
from infra.components.nag import acknowledge
from infra.components.permissions import (
    ANY_TEMPLATE,
    may_ask_for_limits,
    may_delete_from,
    may_publish,
    may_read_account_suppressions,
    may_read_secret,
    may_send_mail,
    may_send_single_mail,
    may_use_key,
    may_use_table,
)
from infra.components.playbook_schema import playbook_schema
from infra.components.queues import may_count, may_send
from infra.components.replies import INBOUND
from infra.components.rotation import rotate
from infra.components.schedules import SCHEDULES, run_every
from infra.components.secrets import arn_of, setting_of
from infra.components.triggers import COUNTED, activities, read_queue, read_stream, removed, sends, written
from infra.stacks.stateful import StatefulStack


class StatelessStack(Stack):
    """`Sodate-<stage>-stateless`. It reads outputs of `kept`, and adds nothing to it (docs/decisions/0077)."""

    def __init__(self, scope: Construct, kept: StatefulStack, **kwargs: object) -> None:
        super().__init__(scope, f"Sodate-{kept.stage.name}-stateless", **kwargs)  # type: ignore[arg-type]
        self.stage, self.kept = kept.stage, kept
        self.functions = self._functions()
        self._permissions()
        self._triggers()
        self._alarms()
        self._outputs()

    def _functions(self) -> dict[str, SodateFunction]:
        kept = self.kept
        layers = build_layers(self, self.stage)
        values = {
            "SODATE_TABLE": kept.table.table_name,
            "SODATE_BUS": kept.bus.event_bus_name,
            "SODATE_SEND_QUEUE_URL": kept.send_queue.queue_url,
            "SODATE_REPLAY_QUEUE_URL": kept.replay_queue.queue_url,
            "SODATE_EVENTS_QUEUE_URL": kept.email_events.queue.queue_url,
            "SODATE_EVENT_DEAD_LETTER_URL": kept.dead_letters.queues["email-events"].queue_url,
            "SODATE_IMPORT_QUEUE_URL": kept.imports.queue.queue_url,
            "SODATE_IMPORT_BUCKET": kept.imports.name,
            "SODATE_ERASURE_LEDGER": kept.erasures.name,
            "SODATE_DEAD_LETTER_URLS": urls_of_dead_letters(kept),
            "SODATE_PUBLIC_URL": kept.api.public_url,
            "SODATE_ANNOUNCE_ROUTINE": "on" if self.stage.announce_routine else "off",
            "SODATE_CONFIGURATION_SET": kept.email_events.configuration_set.configuration_set_name,
            **{setting_of(name): arn_of(secret) for name, secret in kept.secrets.items()},
        }
        if kept.replies:
            values |= {"SODATE_REPLY_DOMAIN": str(self.stage.reply_domain), "SODATE_REPLY_BUCKET": kept.replies.name}
        return {
            spec.name: self._function(spec, layers, values) for spec in functions_of(replies=kept.replies is not None)
        }

    def _function(
        self, spec: FunctionSpec, layers: Sequence[ILayerVersion], values: Mapping[str, str]
    ) -> SodateFunction:
        behind = None if spec.synchronous else self.kept.dead_letters.queues[spec.edge]
        if behind:
            values = {**values, "SODATE_DEAD_LETTER_URL": behind.queue_url}
        return SodateFunction(
            self,
            self.stage,
            spec,
            layers=layers,
            environment=environment_of(spec, self.stage, values),
            dead_letters=behind,
            log_group=self.kept.function_logs[spec.name],
        )

    def _permissions(self) -> None:
        key = self.kept.key.for_data
        for function in self.functions.values():
            self._catalog_permissions(function)
            if key:
                function.allow(may_use_key(self, key, function.spec))
        self.functions["event_publisher"].allow(may_publish(self.kept.bus))
        configuration_set = self.kept.email_events.configuration_set.configuration_set_name
        sender = self.functions["email_sender"]
        sender.allow(may_send_mail(self, self.stage, configuration_set))
        # As cdk-nag writes the ARN.
        templates = f"arn:aws:ses:{self.stage.region}:<AWS::AccountId>:template/{ANY_TEMPLATE}"
        why = "Inline templates have no name that could be listed."
        acknowledge(sender.role, f"AwsSolutions-IAM5[Resource::{templates}]", why)
        self.functions["report_email"].allow(may_send_single_mail(self, self.stage, configuration_set))
        self._import_permissions(self.functions["lead_import"])
        self._reply_permissions()
        let_erase(self.functions["privacy_review"], self.kept)
        dispatcher = self.functions["step_mail_dispatch"]
        dispatcher.allow(may_ask_for_limits())
        acknowledge(dispatcher.role, "AwsSolutions-IAM5[Resource::*]", "ses:GetAccount knows no resource.")
        suppression = self.functions["suppression_sync"]
        suppression.allow(may_read_account_suppressions())
        why = "ses:ListSuppressedDestinations knows no resource."
        acknowledge(suppression.role, "AwsSolutions-IAM5[Resource::*]", why)

    def _import_permissions(self, importer: SodateFunction) -> None:
        imports = self.kept.imports
        importer.allow(*imports.may_read_and_answer(), may_send(imports.queue))
        for prefix in (INCOMING, RESULTS):
            # As cdk-nag writes the ARN.
            files = f"arn:<AWS::Partition>:s3:::{self.stage.prefix}-imports-<AWS::AccountId>-<AWS::Region>/{prefix}*"
            rule = f"AwsSolutions-IAM5[Resource::{files}]"
            acknowledge(importer.role, rule, "Every file under this prefix of the import bucket, no other.")

    def _reply_permissions(self) -> None:
        """Reading and deleting for who records them, reading for who forwards them."""
        replies = self.kept.replies
        if replies is None:
            return
        self.functions["inbound_email"].allow(*replies.may_read(), replies.may_delete())
        self.functions["email_sender"].allow(*replies.may_read())
        # As cdk-nag writes the ARN.
        emails = f"arn:<AWS::Partition>:s3:::{self.stage.prefix}-replies-<AWS::AccountId>-<AWS::Region>/{INBOUND}*"
        for name in ("inbound_email", "email_sender"):
            why = "Every email that came in, and nothing else."
            acknowledge(self.functions[name].role, f"AwsSolutions-IAM5[Resource::{emails}]", why)

    def _catalog_permissions(self, function: SodateFunction) -> None:
        spec, kept = function.spec, self.kept
        if spec.table:
            function.allow(may_use_table(kept.table, spec.table))
        if spec.deletes:
            function.allow(may_delete_from(kept.table, spec.deletes))
        if spec.plans_sends:
            function.allow(may_send(kept.send_queue))
        if spec.replays:
            function.allow(may_send(kept.replay_queue))
        if spec.defers_events:
            function.allow(may_send(kept.email_events.queue))
        if spec.buries:
            function.allow(may_send(function.dead_letters))
        if spec.counts_event_letters:
            function.allow(may_count(kept.dead_letters.queues["email-events"]))
        function.allow(*(may_read_secret(kept.secrets[name]) for name in spec.secrets))

    def _triggers(self) -> None:
        of, kept = self.functions, self.kept
        PublicRoutes(self, self.stage, kept.api, of)
        # Senders wait for their slot: without a bound a burst of opt-in emails would fill the account's pool with
        # invocations that sleep, forms would be throttled, and messages would be given up after eight such receives.
        read_queue(of["email_sender"], kept.send_queue, at_once=self.stage.senders_at_once)
        read_queue(of["score_replay"], kept.replay_queue, batch_size=1, at_once=REPLAYS_AT_ONCE)
        # What SES tells may wait some seconds: one invocation for many events is most of what they cost.
        read_queue(of["email_events"], kept.email_events.queue, batch_size=100, window_s=self.stage.events_window_s)
        read_queue(of["lead_import"], kept.imports.queue, batch_size=1)
        if kept.replies:
            read_queue(of["inbound_email"], kept.replies.queue)
        read_stream(
            self.stage,
            of["scoring"],
            kept.table,
            filters=[written("activity", events=["INSERT"]), written("profile")],
        )
        read_stream(
            self.stage,
            of["event_publisher"],
            kept.table,
            filters=[
                written("submission", "consent", "state", "score", "signal", "session"),
                sends(),
                activities(),
                removed(*COUNTED),
            ],
        )
        for name, interval in SCHEDULES.items():
            run_every(self.stage, of[name], interval)
        for detail_type, name in LISTENERS.items():
            on_domain_event(self.stage, kept.bus, detail_type, of[name])
        rotate(self.stage, kept.secrets[SIGNING_KEYS], of["signing_key_rotation"])

    def _alarms(self) -> None:
        of, kept = self.functions, self.kept
        alarms = Alarms(self, self.stage, kept.alarm_topic.topic)
        alarms.on_dead_letters(kept.dead_letters.queues)
        alarms.on_errors(of.values())
        alarms.on_schedules((of[name], interval) for name, interval in SCHEDULES.items())
        alarms.on_business_metrics(of)
        alarms.on_late_work(kept.queues, [of["scoring"], of["event_publisher"]])
        alarms.on_api(kept.api.api)
        alarms.on_reputation()
        build_dashboard(
            self,
            self.stage,
            alarms=alarms.all,
            api=kept.api.api,
            queues=kept.queues,
            dead_letters=kept.dead_letters.queues,
        )

    def _outputs(self) -> None:
        CfnOutput(self, "PlaybookSchema", value=playbook_schema())
        for function in self.functions.values():
            CfnOutput(self, f"Function{function.spec.id}", value=function.alias.function_arn)
