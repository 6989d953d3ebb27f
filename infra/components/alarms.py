"""What wakes somebody up. Every alarm speaks on one topic; an empty metric is good news."""

from collections.abc import Iterable, Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.components.functions import SodateFunction
from infra.components.mail import encrypted_topic
from infra.components.queues import DeadLetters
from infra.config import Stage

# SES puts an account under review at 5 % bounces and 0.1 % complaints; half of that leaves time to act.
BOUNCE_RATE, COMPLAINT_RATE = 0.025, 0.0005
FIVE_MINUTES = Duration.minutes(5)


class Alarms(Construct):
    def __init__(self, scope: Construct, stage: Stage, key: kms.Key) -> None:
        super().__init__(scope, "Alarms")
        self._stage = stage
        self.topic = encrypted_topic(self, stage, "alarms", key)

    def mail_to_ops(self, dead_letters: DeadLetters) -> None:
        if self._stage.alarm_email:
            self.topic.add_subscription(
                subscriptions.EmailSubscription(
                    self._stage.alarm_email, dead_letter_queue=dead_letters.behind("alarm-mail")
                )
            )

    def on_dead_letters(self, queues: Mapping[str, sqs.Queue]) -> None:
        for edge, queue in queues.items():
            metric = queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
            self._raise(
                f"{edge}-dlq-not-empty", metric, 1, f"Something was given up behind {edge}; read, then redrive."
            )

    def on_errors(self, functions: Iterable[SodateFunction]) -> None:
        for one in functions:
            metric = one.function.metric_errors(period=FIVE_MINUTES, statistic="Sum")
            self._raise(f"{one.spec.dashed}-errors", metric, 1, f"{one.spec.name} raised; its log says what.")

    def on_late_work(
        self, send_queue: sqs.Queue, dispatcher: SodateFunction, readers: Iterable[SodateFunction]
    ) -> None:
        late = cloudwatch.Metric(
            namespace="Sodate",
            metric_name="LateMinutes",
            dimensions_map={"service": dispatcher.spec.name, "stage": self._stage.name},
            statistic="Maximum",
            period=FIVE_MINUTES,
        )
        self._raise(
            "late-steps", late, 1, "Steps are past their minute: pacing, SES quota, or a stopped dispatcher.", 2
        )
        age = send_queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum")
        self._raise("send-queue-age", age, 1800, "A mail has waited half an hour in the send queue.")
        for one in readers:
            lag = one.function.metric("IteratorAge", period=FIVE_MINUTES, statistic="Maximum")
            self._raise(f"{one.spec.dashed}-lag", lag, 600_000, f"{one.spec.name} is ten minutes behind the table.")

    def on_reputation(self) -> None:
        for name, metric_name, limit in (
            ("bounce-rate", "Reputation.BounceRate", BOUNCE_RATE),
            ("complaint-rate", "Reputation.ComplaintRate", COMPLAINT_RATE),
        ):
            metric = cloudwatch.Metric(
                namespace="AWS/SES", metric_name=metric_name, statistic="Maximum", period=Duration.hours(1)
            )
            self._raise(name, metric, limit, f"SES {metric_name} is at half of where AWS reviews the account.")

    def _raise(
        self, name: str, metric: cloudwatch.IMetric, threshold: float, description: str, periods: int = 1
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._stage.prefix}-{name}",
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
